//! How long certificates last that are not for residents.

use domain::certificate::CertificateKind;
use domain::policy::{Policy, ValidityRule};
use domain::validity::{self, Period};
use jiff::Timestamp;

use super::draft::profile;
use crate::error::{Error, Result};

/// The period of a certificate to the CA's own name: `links` has, for a link, when the key was
/// made that it is for, and when the old root ends.
pub(crate) fn own_period(
    policy: &Policy,
    kind: CertificateKind,
    at: Timestamp,
    link: Option<(Timestamp, Timestamp)>,
) -> Result<Period> {
    match (profile(policy, kind)?.validity, link) {
        (ValidityRule::OldWithNew | ValidityRule::NewWithOld, Some((made, ends))) => {
            Ok(validity::for_link(made, ends)?)
        }
        (rule, _) => years(rule, at),
    }
}

/// The period of a certificate that lasts some years.
pub(crate) fn years(rule: ValidityRule, at: Timestamp) -> Result<Period> {
    match rule {
        ValidityRule::Years { years } => Ok(validity::for_years(at, years)?),
        ValidityRule::Birthdays { .. } => {
            Err(Error::refused("profile", "only residents have birthdays"))
        }
        ValidityRule::OldWithNew | ValidityRule::NewWithOld => {
            Err(Error::refused("profile", "only links last as links do"))
        }
    }
}
