//! Certificate revocation lists: a streaming writer, and a lazy reader made of other code
//! (RFC 5280 5).

mod entry;
pub mod read;
pub mod stream;
pub mod write;

pub use entry::RevokedEntry;
pub use read::{Crl, CrlEntries, ReceivedDistributionPoint, ReceivedEntry};
pub use stream::CrlStream;
pub use write::{
    CrlMeasure, CrlPlan, CrlTbsWriter, CrlTemplate, DistributionPointScope,
    IssuingDistributionPoint, WrittenTbs, list_header, list_trailer, write_tbs,
};
