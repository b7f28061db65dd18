//! The lints of OCSP responses.

pub use self::draft::{OcspDraft, OcspExpectation};
use super::{Finding, Lint, run, unreadable};
use crate::ocsp::response_reader::ResponseData;

mod answers;
mod draft;
mod nonce;
mod responder;
mod status;
mod times;

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
