//! Every status is what the database said, time and reason included.

use crate::ocsp::{CertificateStatus, ReceivedStatus};
use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::OcspDraft;

pub(super) const LINT: Lint<OcspDraft> =
    Lint { name: "status", clause: "A 4.9.9; RFC 6960 2.2", effective: date(2013, 6, 1), check };

fn check(draft: &OcspDraft) -> Result<(), String> {
    let pairs = draft.data.singles.iter().zip(&draft.expectation.singles);
    pairs.into_iter().try_for_each(|(found, wanted)| match (found.status, wanted.status) {
        (ReceivedStatus::Good, CertificateStatus::Good)
        | (ReceivedStatus::Unknown, CertificateStatus::Unknown) => Ok(()),
        (
            ReceivedStatus::Revoked { at, reason },
            CertificateStatus::Revoked { at: wanted_at, reason: wanted_reason },
        ) => {
            same("reason", &reason, &wanted_reason)?;
            // The wire knows whole seconds only.
            same("revocation time", &at.as_second(), &wanted_at.as_second())
        }
        (found, wanted) => Err(format!("status is {found:?}, the database says {wanted:?}")),
    })
}
