//! A response as it was asked for and as its bytes have it: what every lint looks at.

use crate::ocsp::SingleResponse;
use crate::ocsp::response_reader::ResponseData;

/// What a response is supposed to say, from the request and the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspExpectation {
    /// The SHA-1 of the responder's public key.
    pub responder_key_hash: [u8; 20],
    /// The answers, in the request's order.
    pub singles: Vec<SingleResponse>,
    /// The value of the request's nonce extension.
    pub nonce: Option<Vec<u8>>,
}

/// A ResponseData before it is signed, re-read, with what it should say.
#[derive(Debug)]
pub struct OcspDraft {
    pub(super) data: ResponseData,
    pub(super) expectation: OcspExpectation,
}
