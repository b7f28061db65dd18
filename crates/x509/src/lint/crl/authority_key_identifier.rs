//! authorityKeyIdentifier names the key that will sign.

use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> = Lint {
    name: "authority_key_identifier",
    clause: "RFC 5280 5.2.1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CrlDraft) -> Result<(), String> {
    let wanted = Some(draft.expectation.authority_key_identifier.clone());
    same("authorityKeyIdentifier", &draft.authority_key_identifier, &wanted)
}
