//! No extension stands there that nobody asked for.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "known_extensions", clause: "RFC 5280 5.2", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    let known = [
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::CRL_NUMBER,
        oid::ISSUING_DISTRIBUTION_POINT,
        oid::CRL_NEXT_PUBLISH,
    ];
    let unknown = draft.extensions.iter().find(|extension| !known.contains(&extension.oid));
    ensure(unknown.is_none(), || format!("{unknown:?}"))
}
