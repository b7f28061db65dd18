//! The journal read again: what its entries say of rows, added up.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use crate::journal::hex;
use crate::sqlite::fault::corrupt;
use crate::sqlite::ledger::Digests;
use crate::sqlite::read::journal::{encrypted, own_leaves};
use crate::sqlite::table::View;
use crate::state::{Change, Changes};
use crate::{Result, Sequence};

/// How many entries are read at once.
const PAGE: usize = 1024;

/// What the entries so far add up to.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) digests: Digests,
    /// Whether what the entries replaced is refused from then on.
    remembers: bool,
}

impl Default for Replay {
    fn default() -> Self {
        Self { digests: Digests::empty(), remembers: false }
    }
}

/// What is read of an entry.
#[derive(Deserialize)]
pub(super) struct Told {
    personal_sha256: Option<String>,
    rows: Option<BTreeMap<String, String>>,
}

impl Told {
    /// The rows that the entry says its unit changed.
    pub(super) fn changes(&self) -> std::result::Result<Changes, &'static str> {
        self.rows.as_ref().map_or_else(|| Ok(Changes::default()), Changes::parse)
    }
}

impl Replay {
    /// One that goes on from there, and has what it reads refused where it was replaced.
    pub(super) fn remembering(digests: Digests) -> Self {
        Self { digests, remembers: true }
    }

    /// Reads on until so many entries are read.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for an entry that is missing, not the program's, or says what it
    /// cannot.
    pub(super) fn advance(&mut self, view: View<'_>, entries: Sequence) -> Result<()> {
        while self.digests.entries < entries {
            let page = own_leaves(view, self.digests.entries, PAGE)?;
            if page.is_empty() {
                return Err(corrupt(format!("entry {}", self.digests.entries), "it is missing"));
            }
            for leaf in page.iter().filter(|leaf| leaf.sequence < entries) {
                let what = || format!("entry {}", self.digests.entries);
                if leaf.sequence != self.digests.entries {
                    return Err(corrupt(what(), "it is missing"));
                }
                let told = read(&leaf.body).map_err(|reason| corrupt(what(), reason))?;
                personal(view, leaf.sequence, &told)?;
                self.add(view, &told)?;
                self.digests.entries += 1;
            }
        }
        Ok(())
    }

    fn add(&mut self, view: View<'_>, told: &Told) -> Result<()> {
        let entry = self.digests.entries;
        let wrong = |reason| corrupt(format!("entry {entry}"), reason);
        let changes = told.changes().map_err(wrong)?;
        for (table, change) in changes.iter() {
            if !self.digests.apply(view.key, table, change) {
                return Err(wrong("it names a table that is none"));
            }
            if self.remembers {
                view.replaced.note(entry, change);
            }
        }
        Ok(())
    }
}

/// Has refused what the entries from `from` to before `until` replaced.
pub(in crate::sqlite) fn remember(view: View<'_>, from: Sequence, until: Sequence) -> Result<()> {
    changes(view, from, until, &mut |entry, _, change| view.replaced.note(entry, change))
}

/// Calls `each` with every change that the whole journal tells of one table, and its entry.
pub(super) fn changes_of(
    view: View<'_>,
    table: &str,
    each: &mut dyn FnMut(Sequence, Change),
) -> Result<()> {
    changes(view, 0, Sequence::MAX, &mut |entry, name, change| {
        if name == table {
            each(entry, change);
        }
    })
}

fn changes(
    view: View<'_>,
    from: Sequence,
    until: Sequence,
    each: &mut dyn FnMut(Sequence, &str, Change),
) -> Result<()> {
    let mut next = from;
    while next < until {
        let page = own_leaves(view, next, PAGE)?;
        let Some(last) = page.last() else { break };
        next = last.sequence + 1;
        for leaf in page.iter().filter(|leaf| leaf.sequence < until) {
            let wrong = |reason| corrupt(format!("entry {}", leaf.sequence), reason);
            let changes = read(&leaf.body).and_then(|told| told.changes()).map_err(wrong)?;
            changes.iter().for_each(|(table, change)| each(leaf.sequence, table, change));
        }
    }
    Ok(())
}

fn read(body: &[u8]) -> std::result::Result<Told, &'static str> {
    serde_json::from_slice(body).map_err(|_| "it is no entry of ours")
}

/// The personal part that an entry commits to must stand beside it, whether it can be read or not,
/// and none beside an entry that commits to none.
fn personal(view: View<'_>, sequence: Sequence, told: &Told) -> Result<()> {
    let found = encrypted(view, sequence)?
        .map(|(_, ciphertext)| hex::encode(digest(&SHA256, &ciphertext).as_ref()));
    if found == told.personal_sha256 {
        return Ok(());
    }
    Err(corrupt(format!("the personal part of entry {sequence}"), "it is not what was stored"))
}
