//! The digest of a table: what its rows add up to, in whatever order they come.

use std::fmt;

use super::key::{Authenticator, StateKey};

/// How many octets a digest takes where it is stored.
pub(crate) const STORED: usize = 40;

/// How many rows a table has, and the sum of their elements modulo 2^256.
///
/// Adding a row and taking it away again gives the same digest, so a commit changes it by what
/// the commit changes, and reading the whole table gives it anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TableDigest {
    pub(crate) rows: u64,
    /// The least significant part first.
    sum: [u64; 4],
}

impl TableDigest {
    /// With one more row.
    pub(crate) fn add(&mut self, key: &StateKey, authenticator: &Authenticator) {
        self.rows = self.rows.wrapping_add(1);
        let mut carry = false;
        for (place, part) in self.sum.iter_mut().zip(parts(&key.element(authenticator))) {
            (*place, carry) = adding(*place, part, carry);
        }
    }

    /// Without one of its rows.
    pub(crate) fn remove(&mut self, key: &StateKey, authenticator: &Authenticator) {
        self.rows = self.rows.wrapping_sub(1);
        let mut borrow = false;
        for (place, part) in self.sum.iter_mut().zip(parts(&key.element(authenticator))) {
            (*place, borrow) = taking(*place, part, borrow);
        }
    }

    /// Its stored form.
    pub(crate) fn to_octets(self) -> [u8; STORED] {
        let mut octets = [0; STORED];
        for (place, part) in octets.chunks_exact_mut(8).zip([&[self.rows][..], &self.sum].concat())
        {
            place.copy_from_slice(&part.to_be_bytes());
        }
        octets
    }

    /// Read back from its stored form.
    pub(crate) fn from_octets(octets: &[u8; STORED]) -> Self {
        let part = |place: usize| {
            octets[place * 8..][..8].iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
        };
        Self { rows: part(0), sum: [part(1), part(2), part(3), part(4)] }
    }
}

impl fmt::Display for TableDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

fn parts(element: &[u8; 32]) -> impl Iterator<Item = u64> + '_ {
    let number = |octets: &[u8]| octets.iter().fold(0, |number, o| number << 8 | u64::from(*o));
    element.chunks_exact(8).map(number)
}

/// The sum with a carry, and the carry into the next place.
fn adding(one: u64, other: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = one.overflowing_add(other);
    let (sum, second) = sum.overflowing_add(u64::from(carry));
    (sum, first || second)
}

/// The difference with a borrow, and the borrow from the next place.
fn taking(one: u64, other: u64, borrow: bool) -> (u64, bool) {
    let (rest, first) = one.overflowing_sub(other);
    let (rest, second) = rest.overflowing_sub(u64::from(borrow));
    (rest, first || second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn e2_a_digest_is_of_the_rows_that_are_left_in_any_order(
            rows in proptest::collection::vec(any::<[u8; 16]>(), 0..40),
            gone in proptest::collection::vec(any::<[u8; 16]>(), 0..10),
            at in any::<u64>(),
        ) {
            let key = StateKey::new([1; 32]);
            let mut straight = TableDigest::default();
            rows.iter().for_each(|row| straight.add(&key, row));
            let mut turned = TableDigest::default();
            let turn = usize::try_from(at).unwrap_or(0) % rows.len().max(1);
            gone.iter().for_each(|row| turned.add(&key, row));
            rows[turn..].iter().chain(&rows[..turn]).for_each(|row| turned.add(&key, row));
            gone.iter().rev().for_each(|row| turned.remove(&key, row));
            prop_assert_eq!(straight, turned);
            prop_assert_eq!(straight, TableDigest::from_octets(&straight.to_octets()));
            if let Some(row) = rows.first() {
                turned.add(&key, row);
                prop_assert_ne!(straight, turned);
            }
        }
    }
}
