//! The rows that a unit changed, as its first journal entry names them: by their authenticators.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::key::Authenticator;

/// How many octets a change takes: the authenticators before and after.
const CHANGE: usize = 32;

/// What stands for a row that is not there: no HMAC is expected to ever be this.
const ABSENT: Authenticator = [0; 16];

/// One row, before and after. Absent before, it was added; absent after, it was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) before: Option<Authenticator>,
    pub(crate) after: Option<Authenticator>,
}

/// All rows that a unit changed, by table, in the order in which it changed them.
///
/// In an entry it is an object with the name of each table and the base64 of its changes, 16 octets
/// before and 16 after each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes(BTreeMap<String, Vec<u8>>);

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a change of a row of `table`.
    pub(crate) fn note(&mut self, table: &str, change: Change) {
        if !self.0.contains_key(table) {
            self.0.insert(table.to_owned(), Vec::with_capacity(4 * CHANGE));
        }
        let Some(octets) = self.0.get_mut(table) else { return };
        for side in [change.before, change.after] {
            octets.extend_from_slice(&side.unwrap_or(ABSENT));
        }
    }

    /// The changes of every table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Change)> {
        self.0.iter().flat_map(|(table, octets)| {
            octets.chunks_exact(CHANGE).map(move |pair| (table.as_str(), change(pair)))
        })
    }

    /// Read back from an entry.
    pub(crate) fn parse(stored: &BTreeMap<String, String>) -> Result<Self, &'static str> {
        let tables = stored.iter().map(|(table, text)| {
            let octets = Base64::decode_vec(text).map_err(|_| "its changes are not base64")?;
            match octets.len() % CHANGE {
                0 => Ok((table.clone(), octets)),
                _ => Err("its changes are not whole"),
            }
        });
        tables.collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (table, octets) in &self.0 {
            map.serialize_entry(table, &Base64::encode_string(octets))?;
        }
        map.end()
    }
}

fn change(pair: &[u8]) -> Change {
    let side = |octets: &[u8]| octets.try_into().ok().filter(|side| *side != ABSENT);
    Change { before: side(&pair[..16]), after: side(&pair[16..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_changes_survive_their_entry() {
        let mut changes = Changes::default();
        let (one, two) = (Some([1; 16]), Some([2; 16]));
        changes.note("person", Change { before: None, after: one });
        changes.note("card", Change { before: one, after: None });
        changes.note("person", Change { before: one, after: two });
        let text = serde_json::to_string(&changes).expect("JSON");
        let read = Changes::parse(&serde_json::from_str(&text).expect("an object"));
        assert_eq!(read.as_ref(), Ok(&changes));
        assert_eq!(read.expect("changes").iter().count(), 3);
        for wrong in [r#"{"card":"!"}"#, r#"{"card":"AAAA"}"#] {
            assert!(
                Changes::parse(&serde_json::from_str(wrong).expect("JSON")).is_err(),
                "{wrong}"
            );
        }
    }
}
