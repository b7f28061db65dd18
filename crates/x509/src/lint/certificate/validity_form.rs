//! Dates through 2049 are UTCTime, later ones GeneralizedTime.

use jiff::civil::date;
use x509_cert::time::Time;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "validity_form", clause: "RFC 5280 4.1.2.5", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let validity = draft.model.validity();
    [validity.not_before, validity.not_after].iter().try_for_each(|time| {
        let right = match time {
            Time::UtcTime(_) => time.to_date_time().year() <= 2049,
            Time::GeneralTime(_) => time.to_date_time().year() >= 2050,
        };
        ensure(right, || format!("{time} has the other year's form"))
    })
}
