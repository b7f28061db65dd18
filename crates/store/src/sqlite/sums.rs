//! What the certificates that a partition's lists hold add up to. Lists are built from an index, whose
//! rows do not prove themselves one by one; what is read of it must come to what the units kept.

use domain::certificate::{CertificateState, StateName};
use jiff::Timestamp;

use crate::Sequence;
use crate::rows::StatusRow;
use crate::state::StateKey;

/// How many octets the sums take where they are stored.
const STORED: usize = 48;

/// One sum modulo 2^128 for each state that a list may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums([u128; 3]);

impl Sums {
    /// With one more certificate, if lists hold its state.
    pub(super) fn add(&mut self, key: &StateKey, row: &StatusRow) {
        if let Some(place) = place(row.state.name()) {
            self.0[place] = self.0[place].wrapping_add(element(key, row));
        }
    }

    /// Without one of its certificates.
    pub(super) fn remove(&mut self, key: &StateKey, row: &StatusRow) {
        if let Some(place) = place(row.state.name()) {
            self.0[place] = self.0[place].wrapping_sub(element(key, row));
        }
    }

    /// What a list comes to that names undelivered certificates or does not.
    pub(super) fn listed(self, undelivered: bool) -> Self {
        let [pending, held, revoked] = self.0;
        Self([if undelivered { pending } else { 0 }, held, revoked])
    }

    /// Their stored form as of an entry. Under a mask of their own each time, so that nobody learns from
    /// two of them what one certificate adds, and which others come to the same.
    pub(super) fn to_octets(
        self,
        key: &StateKey,
        (ca, partition): (&str, &str),
        changed: Sequence,
    ) -> [u8; STORED] {
        let mut octets = [0; STORED];
        for (to, sum) in octets.chunks_exact_mut(16).zip(self.0) {
            to.copy_from_slice(&sum.to_be_bytes());
        }
        masked(octets, key, ca, partition, changed)
    }

    /// Read back from their stored form.
    pub(super) fn from_octets(
        octets: [u8; STORED],
        key: &StateKey,
        (ca, partition): (&str, &str),
        changed: Sequence,
    ) -> Self {
        let octets = masked(octets, key, ca, partition, changed);
        let sum = |place: usize| {
            octets[place * 16..][..16].iter().fold(0, |sum, octet| sum << 8 | u128::from(*octet))
        };
        Self([sum(0), sum(1), sum(2)])
    }
}

fn place(state: StateName) -> Option<usize> {
    match state {
        StateName::Undelivered => Some(0),
        StateName::Held => Some(1),
        StateName::Revoked => Some(2),
        StateName::Intended | StateName::Good => None,
    }
}

/// What one certificate adds: all that a list says of it, and whose it is.
fn element(key: &StateKey, row: &StatusRow) -> u128 {
    let mut text = [0; 64];
    text[..16].copy_from_slice(row.serial.as_bytes());
    let (at, reason) = match row.state {
        CertificateState::Undelivered { since } | CertificateState::Held { since } => (since, 0xff),
        CertificateState::Revoked { at, reason } => (at, reason.code()),
        CertificateState::Intended | CertificateState::Good => (Timestamp::MIN, 0xff),
    };
    let at = at.as_microsecond();
    text[16..24].copy_from_slice(&at.to_be_bytes());
    text[24..32].copy_from_slice(&row.not_after.as_microsecond().to_be_bytes());
    text[32..36].copy_from_slice(&row.generation.to_be_bytes());
    text[36] = reason;
    let kind = row.kind.name().as_bytes();
    let length = kind.len().min(text.len() - 37);
    text[37..][..length].copy_from_slice(&kind[..length]);
    key.listed(&text)
}

fn masked(
    mut octets: [u8; STORED],
    key: &StateKey,
    ca: &str,
    partition: &str,
    changed: Sequence,
) -> [u8; STORED] {
    let place = format!("{changed} {ca} {partition}");
    for (octet, mask) in octets.iter_mut().zip(key.mask(place.as_bytes())) {
        *octet ^= mask;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(serial: u8, state: CertificateState) -> StatusRow {
        StatusRow {
            serial: domain::id::SerialNumber::from_random([serial; 16]).expect("not zero"),
            kind: domain::certificate::CertificateKind::User,
            partition: domain::crl_series::Partition::Other,
            generation: 1,
            state,
            not_after: Timestamp::MAX,
        }
    }

    #[test]
    fn v11_sums_are_of_what_is_left_and_are_stored_as_nobody_can_read_them() {
        let key = StateKey::new([1; 32]);
        let held =
            |at: i64| CertificateState::Held { since: Timestamp::from_second(at).expect("a time") };
        let (one, other) = (row(1, held(5)), row(2, held(5)));
        let mut sums = Sums::default();
        sums.add(&key, &one);
        let alone = sums;
        sums.add(&key, &other);
        sums.add(&key, &row(3, CertificateState::Good));
        sums.remove(&key, &other);
        assert_eq!(sums, alone);
        sums.remove(&key, &row(1, held(6)));
        assert_ne!(sums, Sums::default(), "another time is another row");
        let place = ("ca", "other");
        let stored = alone.to_octets(&key, place, 7);
        assert_ne!(stored, alone.to_octets(&key, place, 8));
        assert_eq!(Sums::from_octets(stored, &key, place, 7), alone);
    }
}
