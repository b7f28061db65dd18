//! How the second reader reads states and serials.

use std::cmp::Ordering;

use domain::certificate::CertificateState;
use domain::revocation::RevocationReason;
use jiff::Timestamp;

/// Since when and with which code a list must name a certificate in this state (A 4.9.9).
///
/// The writer has its own reading of the states, so that neither repeats the other's mistake.
pub(super) fn listed_as(state: &CertificateState) -> Option<(Timestamp, u8)> {
    match state {
        CertificateState::Revoked { at, reason: RevocationReason::Unspecified } => Some((*at, 0)),
        CertificateState::Revoked { at, reason: RevocationReason::KeyCompromise } => Some((*at, 1)),
        CertificateState::Revoked { at, reason: RevocationReason::CaCompromise } => Some((*at, 2)),
        CertificateState::Revoked { at, reason: RevocationReason::AffiliationChanged } => {
            Some((*at, 3))
        }
        CertificateState::Revoked { at, reason: RevocationReason::Superseded } => Some((*at, 4)),
        CertificateState::Revoked { at, reason: RevocationReason::CessationOfOperation } => {
            Some((*at, 5))
        }
        CertificateState::Held { since } | CertificateState::Undelivered { since } => {
            Some((*since, 6))
        }
        CertificateState::Good | CertificateState::Intended => None,
    }
}

/// How two INTEGER contents stand to each other: ours are positive and minimal.
pub(super) fn in_order(one: &[u8], other: &[u8]) -> Ordering {
    (one.len(), one).cmp(&(other.len(), other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_ordered_as_numbers() {
        assert_eq!(in_order(&[0x7f], &[0, 0x80]), Ordering::Less);
        assert_eq!(in_order(&[1, 0], &[1, 1]), Ordering::Less);
        assert_eq!(in_order(&[2], &[1]), Ordering::Greater);
        assert_eq!(in_order(&[2], &[2]), Ordering::Equal);
    }
}
