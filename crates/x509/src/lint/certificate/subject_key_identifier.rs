//! subjectKeyIdentifier is the SHA-1 of the certified key, and a CA has one.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "subject_key_identifier",
    clause: "RFC 5280 4.2.1.2; A 7.1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let tbs = &draft.tbs;
    let ca = tbs.basic_constraints().map_err(|e| e.to_string())?.is_some_and(|c| c.ca);
    let Some(found) = tbs.subject_key_identifier().map_err(|e| e.to_string())? else {
        return ensure(!ca, || "a CA without subjectKeyIdentifier".to_owned());
    };
    let critical = tbs.extension(oid::SUBJECT_KEY_IDENTIFIER).is_some_and(|e| e.critical);
    ensure(!critical, || "subjectKeyIdentifier is critical".to_owned())?;
    let key = tbs.public_key().map_err(|e| e.to_string())?;
    same("subjectKeyIdentifier", &found, &key.key_identifier().to_vec())
}
