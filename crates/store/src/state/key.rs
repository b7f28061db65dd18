//! The key of the authenticators, which is never in the database.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use rusqlite::types::ValueRef;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use zeroize::{Zeroize, Zeroizing};

use crate::Sequence;

/// What vouches for one form of one row: the first half of an HMAC-SHA-256.
pub(crate) type Authenticator = [u8; 16];

/// A value of a row as it is stored.
pub(crate) type Cell<'a> = ValueRef<'a>;

/// The key that authenticates rows. Whoever lacks it cannot make a row that this program believes.
#[derive(Clone)]
pub struct StateKey {
    rows: hmac::Key,
    elements: hmac::Key,
    masks: hmac::Key,
    listed: Zeroizing<[u8; 16]>,
}

impl StateKey {
    /// The key made of these octets.
    pub fn new(mut octets: [u8; 32]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &octets);
        octets.zeroize();
        // One key for each use, so that no value of the one is ever one of the other.
        let derived =
            |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, label).as_ref());
        let mut listed = Zeroizing::new([0; 16]);
        listed.copy_from_slice(&hmac::sign(&secret, b"jitsuin state listed").as_ref()[..16]);
        Self {
            rows: derived(b"jitsuin state rows"),
            elements: derived(b"jitsuin state elements"),
            masks: derived(b"jitsuin state masks"),
            listed,
        }
    }

    /// The authenticator of a row: its table, the entry that changed it last, and all its cells.
    pub(crate) fn row(&self, table: &str, changed: Sequence, cells: &[Cell<'_>]) -> Authenticator {
        let mut text = Vec::with_capacity(512);
        put(&mut text, b'n', table.as_bytes());
        text.extend_from_slice(&changed.to_be_bytes());
        for cell in cells {
            put_cell(&mut text, *cell);
        }
        self.of(&text)
    }

    /// The authenticator of anything else that the program stores, under a name for its kind.
    pub(crate) fn value(&self, name: &str, octets: &[u8]) -> Authenticator {
        let mut text = Vec::with_capacity(16 + name.len() + octets.len());
        put(&mut text, b'v', name.as_bytes());
        put(&mut text, b'b', octets);
        self.of(&text)
    }

    /// The element that an authenticator adds to its table's digest. It is keyed, so that nobody can
    /// choose among old rows some whose elements add up to the same digest.
    pub(crate) fn element(&self, authenticator: &Authenticator) -> [u8; 32] {
        let mut element = [0; 32];
        element.copy_from_slice(hmac::sign(&self.elements, authenticator).as_ref());
        element
    }

    /// What a certificate adds to the sum of those that a list holds: SipHash-2-4 with 128 bits, since a
    /// list of a million takes a million of them. The sums are stored masked.
    pub(crate) fn listed(&self, octets: &[u8]) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.listed);
        hasher.write(octets);
        hasher.finish128().as_u128()
    }

    /// What hides a stored value; `place` is another one each time that it is stored.
    pub(crate) fn mask(&self, place: &[u8]) -> impl Iterator<Item = u8> + use<> {
        let half = |number: u8| hmac::sign(&self.masks, &[&[number], place].concat());
        let halves = [half(0), half(1)];
        halves.into_iter().flat_map(|half| half.as_ref().to_vec())
    }

    fn of(&self, text: &[u8]) -> Authenticator {
        let mut authenticator = [0; 16];
        authenticator.copy_from_slice(&hmac::sign(&self.rows, text).as_ref()[..16]);
        authenticator
    }
}

impl std::fmt::Debug for StateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateKey(…)")
    }
}

/// Whether two authenticators are the same, in a time that does not tell how far they agree.
pub(crate) fn same(one: &Authenticator, other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// A cell with its type and length, so that no two rows have one text.
fn put_cell(text: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        ValueRef::Null => text.push(b'0'),
        ValueRef::Integer(number) => {
            text.push(b'i');
            text.extend_from_slice(&number.to_be_bytes());
        }
        ValueRef::Real(number) => {
            text.push(b'r');
            text.extend_from_slice(&number.to_bits().to_be_bytes());
        }
        ValueRef::Text(octets) => put(text, b't', octets),
        ValueRef::Blob(octets) => put(text, b'b', octets),
    }
}

fn put(text: &mut Vec<u8>, kind: u8, octets: &[u8]) {
    text.push(kind);
    text.extend_from_slice(&(octets.len() as u64).to_be_bytes());
    text.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_every_part_of_a_row_moves_its_authenticator() {
        let key = StateKey::new([7; 32]);
        let cells: &[Cell<'_>] = &[ValueRef::Text(b"ab"), ValueRef::Integer(1), ValueRef::Null];
        let row = key.row("person", 5, cells);
        assert_eq!(row, key.row("person", 5, cells));
        let others: &[(&str, Sequence, &[Cell<'_>])] = &[
            ("persons", 5, cells),
            ("person", 6, cells),
            ("person", 5, &cells[..2]),
            ("person", 5, &[ValueRef::Blob(b"ab"), cells[1], cells[2]]),
            ("person", 5, &[ValueRef::Text(b"a"), ValueRef::Text(b"b"), cells[1], cells[2]]),
            ("person", 5, &[cells[0], ValueRef::Integer(2), cells[2]]),
            ("person", 5, &[cells[0], cells[2], cells[1]]),
        ];
        for (table, changed, cells) in others {
            assert_ne!(row, key.row(table, *changed, cells), "{table} {changed} {cells:?}");
        }
        assert_ne!(row, StateKey::new([8; 32]).row("person", 5, cells));
        assert!(!format!("{key:?}").contains('7'));
    }
}
