//! What OCSP says of a state in the database: a pure table (A 4.9.9, RFC 6960 2.2).

use domain::certificate::{CertificateKind, CertificateState};
use domain::policy::Undelivered;
use domain::revocation::CERTIFICATE_HOLD_CODE;
use jiff::Timestamp;
use store::StatusRow;
use x509::ocsp::CertificateStatus;

/// The status of a certificate; `None` for one that was never issued.
///
/// No clock is consulted: a revocation counts from its commit, whatever time it bears.
pub(super) fn status_of(row: Option<&StatusRow>, undelivered: Undelivered) -> CertificateStatus {
    match row.map(|row| row.state) {
        // A signature may exist, but nothing left the CA: not issued (V11).
        None | Some(CertificateState::Intended) => CertificateStatus::Unknown,
        Some(CertificateState::Good) => CertificateStatus::Good,
        Some(CertificateState::Undelivered { since }) => match undelivered {
            Undelivered::Good => CertificateStatus::Good,
            Undelivered::Hold => held(since),
        },
        Some(CertificateState::Held { since }) => held(since),
        Some(CertificateState::Revoked { at, reason }) => {
            CertificateStatus::Revoked { at, reason: Some(reason.code()) }
        }
    }
}

/// Whether anybody may know the status: certificates of the CA and its services, once issued.
pub(super) fn is_open(row: Option<&StatusRow>) -> bool {
    row.is_some_and(|row| {
        row.kind != CertificateKind::User && row.state != CertificateState::Intended
    })
}

/// The latest revocation time that an answer states.
pub(super) fn latest_revocation(statuses: impl Iterator<Item = CertificateStatus>) -> Timestamp {
    let times = statuses.filter_map(|status| match status {
        CertificateStatus::Revoked { at, .. } => Some(at),
        _ => None,
    });
    times.max().unwrap_or(Timestamp::MIN)
}

fn held(since: Timestamp) -> CertificateStatus {
    CertificateStatus::Revoked { at: since, reason: Some(CERTIFICATE_HOLD_CODE) }
}
