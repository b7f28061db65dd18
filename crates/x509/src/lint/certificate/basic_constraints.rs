//! basicConstraints of a CA is critical; only CAs limit the path.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "basic_constraints",
    clause: "RFC 5280 4.2.1.9",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let constraints = draft.tbs.basic_constraints().map_err(|e| e.to_string())?;
    let Some(constraints) = constraints else { return Ok(()) };
    let critical = draft.tbs.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| e.critical);
    ensure(critical || !constraints.ca, || "basicConstraints of a CA is not critical".to_owned())?;
    ensure(constraints.ca || constraints.path_length.is_none(), || {
        "a path length without cA".to_owned()
    })
}
