//! The frame of a list: everything but its entries, by policy, series and key.

use domain::policy::Policy;
use domain::validity::whole_second;
use jiff::{SignedDuration, Timestamp};
use store::SeriesKey;
use x509::crl::{CrlTemplate, DistributionPointScope, IssuingDistributionPoint};
use x509::extension::AuthorityKeyIdentifier;
use x509::name::Name;

use crate::error::Result;
use crate::generation::Generation;
use crate::partition::distribution_point;

/// The frame of a list, by policy and key.
pub(crate) fn list_template(
    policy: &Policy,
    at: Timestamp,
    series: &SeriesKey,
    number: u64,
    generation: &Generation,
) -> Result<CrlTemplate> {
    let this_update = whole_second(at);
    let scope = if series.partition.is_authority() {
        DistributionPointScope::CaCertificates
    } else {
        DistributionPointScope::UserCertificates
    };
    Ok(CrlTemplate {
        signature: generation.signature,
        issuer: generation.name.clone(),
        this_update,
        next_update: this_update + hours(policy.lists.validity_hours),
        next_publish: Some(this_update + hours(policy.lists.period_hours)),
        number,
        authority_key_identifier: AuthorityKeyIdentifier {
            key_identifier: generation.key.key_identifier().to_vec(),
            issuer_and_serial: None,
        },
        distribution_point: Some(IssuingDistributionPoint {
            name: Name::write(&distribution_point(policy, series.partition)?)?,
            scope,
        }),
    })
}

pub(super) fn hours(hours: u16) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}
