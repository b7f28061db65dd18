//! keyUsage says something, is critical, and grants certificate signing exactly to CAs.

use crate::extension::KeyUsage;
use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "key_usage", clause: "RFC 5280 4.2.1.3", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let tbs = &draft.tbs;
    let ca = tbs.basic_constraints().map_err(|e| e.to_string())?.is_some_and(|c| c.ca);
    let usage = tbs.key_usage().map_err(|e| e.to_string())?;
    let Some(usage) = usage else {
        return ensure(!ca, || "a CA without keyUsage".to_owned());
    };
    let critical = tbs.extension(oid::KEY_USAGE).is_some_and(|extension| extension.critical);
    ensure(critical, || "keyUsage is not critical".to_owned())?;
    ensure(usage != KeyUsage::default(), || "keyUsage grants nothing".to_owned())?;
    let signs = usage.contains(KeyUsage::KEY_CERT_SIGN);
    ensure(signs == ca, || format!("keyCertSign is {signs} where cA is {ca}"))
}
