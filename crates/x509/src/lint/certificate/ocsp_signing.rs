//! An OCSP responder signs digitally and need not be checked itself.

use crate::extension::KeyUsage;
use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "ocsp_signing", clause: "RFC 6960 4.2.2.2.1", effective: date(2013, 6, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let tbs = &draft.tbs;
    let purposes = tbs.extended_key_usage().map_err(|e| e.to_string())?;
    if !purposes.contains(&oid::OCSP_SIGNING) {
        return Ok(());
    }
    let usage = tbs.key_usage().map_err(|e| e.to_string())?.unwrap_or_default();
    ensure(usage.contains(KeyUsage::DIGITAL_SIGNATURE), || "no digitalSignature".to_owned())?;
    ensure(tbs.extension(oid::OCSP_NO_CHECK).is_some(), || "no id-pkix-ocsp-nocheck".to_owned())
}
