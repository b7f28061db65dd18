//! issuingDistributionPoint is critical and is the series' partition and kind.

use crate::crl::DistributionPointScope;
use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> = Lint {
    name: "distribution_point",
    clause: "RFC 5280 5.2.5; S 4-4-4-4",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CrlDraft) -> Result<(), String> {
    let (found, wanted) = match (&draft.distribution_point, &draft.expectation.distribution_point) {
        (None, None) => return Ok(()),
        (Some(found), Some(wanted)) => (found, wanted),
        _ => return Err("a partition where none belongs, or none where one does".to_owned()),
    };
    ensure(found.critical, || "issuingDistributionPoint is not critical".to_owned())?;
    ensure(found.names == [wanted.0.clone()], || format!("another partition than {}", wanted.0))?;
    let users = wanted.1 == DistributionPointScope::UserCertificates;
    let kinds = (found.only_user_certificates, found.only_ca_certificates);
    same("the kind of certificates", &kinds, &(users, !users))?;
    ensure(!found.restricted_otherwise, || "a further restriction".to_owned())
}
