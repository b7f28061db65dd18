//! The lints of a list, before its signature exists (P9).

use domain::policy::Policy;
use store::SeriesKey;
use x509::crl::{CrlMeasure, CrlTemplate, DistributionPointScope};
use x509::lint::{CrlExpectation, lint_crl_header};
use x509::name::Name;

use super::template::hours;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::partition::distribution_point;

/// Has other code read the list's frame and hold it against policy and series. The entries,
/// too many for memory, are the gate's, which compares each with the database.
///
/// # Errors
/// [`Error::Nonconforming`] with every finding: such a list is never signed.
pub(crate) fn lint_list(
    policy: &Policy,
    template: &CrlTemplate,
    series: &SeriesKey,
    generation: &Generation,
) -> Result<()> {
    let mut frame = Vec::new();
    CrlMeasure::default().plan(template).writer(&mut frame)?.finish()?;
    let lists = &policy.lists;
    let scope = if series.partition.is_authority() {
        DistributionPointScope::CaCertificates
    } else {
        DistributionPointScope::UserCertificates
    };
    let point = Name::write(&distribution_point(policy, series.partition)?)?;
    let expectation = CrlExpectation {
        signature: generation.signature,
        issuer: Name::write(&policy.issuer.name)?,
        authority_key_identifier: generation.key.key_identifier().to_vec(),
        number: template.number,
        this_update: template.this_update,
        next_update: template.this_update + hours(lists.validity_hours),
        next_publish: Some(template.this_update + hours(lists.period_hours)),
        distribution_point: Some((point, scope)),
    };
    lint_crl_header(&frame, &expectation).map_err(|findings| {
        Error::Nonconforming(findings.iter().map(ToString::to_string).collect())
    })
}
