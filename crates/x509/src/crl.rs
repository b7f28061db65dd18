//! Certificate revocation lists: a streaming writer, and a lazy reader made of other code
//! (RFC 5280 5).

pub mod read;
pub mod write;

pub use read::{Crl, CrlEntries, ReceivedDistributionPoint, ReceivedEntry};
pub use write::{
    CrlMeasure, CrlPlan, CrlTbsWriter, CrlTemplate, DistributionPointScope,
    IssuingDistributionPoint, RevokedEntry, WrittenTbs, list_header, list_trailer, write_tbs,
};
