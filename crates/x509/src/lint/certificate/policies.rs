//! certificatePolicies names at least one policy and none twice.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "policies", clause: "RFC 5280 4.2.1.4", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let policies = draft.tbs.certificate_policies().map_err(|e| e.to_string())?;
    let present = draft.tbs.extension(oid::CERTIFICATE_POLICIES).is_some();
    ensure(!present || !policies.is_empty(), || "certificatePolicies is empty".to_owned())?;
    policies.iter().enumerate().try_for_each(|(index, policy)| {
        ensure(!policies[..index].contains(policy), || format!("policy {policy} comes twice"))
    })
}
