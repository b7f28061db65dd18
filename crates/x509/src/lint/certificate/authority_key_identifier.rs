//! authorityKeyIdentifier names the key that will sign; a self-signed certificate has none.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "authority_key_identifier",
    clause: "RFC 5280 4.2.1.1; A 7.1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let found = draft.tbs.authority_key_identifier().map_err(|e| e.to_string())?;
    let critical = draft.tbs.extension(oid::AUTHORITY_KEY_IDENTIFIER).is_some_and(|e| e.critical);
    ensure(!critical, || "authorityKeyIdentifier is critical".to_owned())?;
    let found = found.map(|identifier| identifier.key_identifier);
    same("authorityKeyIdentifier", &found, &draft.expectation.authority_key_identifier)
}
