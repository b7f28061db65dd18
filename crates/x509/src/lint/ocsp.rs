//! The lints of OCSP responses.

use super::{Finding, Lint, run, unreadable};
use crate::ocsp::SingleResponse;
use crate::ocsp::response_reader::ResponseData;

mod answers;
mod nonce;
mod responder;
mod status;
mod times;

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
    data: ResponseData,
    expectation: OcspExpectation,
}

/// Every OCSP lint.
pub static OCSP_LINTS: &[Lint<OcspDraft>] =
    &[responder::LINT, answers::LINT, status::LINT, times::LINT, nonce::LINT];

/// Lints a ResponseData against what it was supposed to say.
///
/// # Errors
/// Every finding; the response must then not be signed.
pub fn lint_ocsp(tbs: &[u8], expectation: &OcspExpectation) -> Result<(), Vec<Finding>> {
    let data = ResponseData::parse(tbs).map_err(unreadable)?;
    let dated = data.produced_at;
    run(OCSP_LINTS, &OcspDraft { data, expectation: expectation.clone() }, dated)
}
