//! The online certificate status protocol: requests read, responses written and re-read
//! (RFC 6960, RFC 9654).

pub mod request;
pub mod response;
pub mod response_reader;

pub use request::{CertId, HashAlgorithm, Nonce, OcspRequest, RequestSignature};
pub use response::{
    CertificateStatus, ErrorStatus, ResponseTemplate, SingleResponse, assemble_basic,
    error_response,
};
pub use response_reader::{BasicResponse, OcspResponse, ReceivedSingle, ReceivedStatus};
