//! The inner signature algorithm is the one that will sign.

use crate::algorithm::identifier;
use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "signature", clause: "RFC 5280 5.1.2.2", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    same("signature", &draft.signature_algorithm, &identifier(draft.expectation.signature))
}
