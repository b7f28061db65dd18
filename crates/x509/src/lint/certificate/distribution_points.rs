//! cRLDistributionPoints names at least one place.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "distribution_points",
    clause: "RFC 5280 4.2.1.13; S 4-4-4-4",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let points = draft.tbs.crl_distribution_points().map_err(|e| e.to_string())?;
    let present = draft.tbs.extension(oid::CRL_DISTRIBUTION_POINTS).is_some();
    ensure(!present || !points.is_empty(), || "cRLDistributionPoints names no place".to_owned())
}
