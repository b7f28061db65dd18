//! The nonce is the one of the request, and stands there only if it had one.

use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::OcspDraft;

pub(super) const LINT: Lint<OcspDraft> = Lint {
    name: "nonce",
    clause: "RFC 6960 4.4.1; RFC 9654 2.1",
    effective: date(2013, 6, 1),
    check,
};

fn check(draft: &OcspDraft) -> Result<(), String> {
    let found = draft.data.nonce.as_ref().map(|nonce| nonce.value.clone());
    same("nonce", &found, &draft.expectation.nonce)
}
