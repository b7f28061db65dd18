//! The journal as JSON Lines: all an auditor needs, and nothing of a person.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Leaf, SealableJournal, hex};
use crate::{Error, Result, Sequence};

/// How many entries are read at once.
const PAGE: usize = 1024;

/// The name of the format in the first line.
pub(super) const FORMAT: &str = "jitsuin-journal";

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Line {
    /// The first line.
    Header { format: String, version: u32 },
    /// An entry: its leaf hash, and its body as the text that was hashed.
    Entry { leaf: String, entry: String },
    /// A signed note, after the last entry it covers.
    Checkpoint { checkpoint: String },
}

/// Writes the whole journal, entries in order and each checkpoint after the last entry it
/// covers, and returns the number of entries. Personal data stays behind.
///
/// # Errors
/// Those of reading, and [`Error::Unavailable`] when `writer` takes no more.
pub fn export(journal: &dyn SealableJournal, writer: &mut dyn Write) -> Result<u64> {
    export_until(journal, Sequence::MAX, writer)
}

/// The same of the first `size` entries and their checkpoints alone, to which others are added meanwhile.
///
/// # Errors
/// As [`export`].
pub fn export_until(
    journal: &dyn SealableJournal,
    size: u64,
    writer: &mut dyn Write,
) -> Result<u64> {
    write(writer, &Line::Header { format: FORMAT.into(), version: VERSION })?;
    let mut next = 0;
    loop {
        let left = usize::try_from(size - next).unwrap_or(PAGE).min(PAGE);
        let page = journal.leaves(next, left)?;
        let checkpoints = journal.checkpoints(next, PAGE)?.into_iter();
        let mut checkpoints = checkpoints.take_while(|c| c.size <= size).peekable();
        for leaf in &page {
            write(writer, &entry(leaf))?;
            next = leaf.sequence + 1;
            while let Some(checkpoint) = checkpoints.next_if(|c| c.size <= next) {
                write(writer, &Line::Checkpoint { checkpoint: checkpoint.note })?;
            }
        }
        if page.len() < PAGE {
            // Those beyond the last entry are evidence of what was cut off.
            for checkpoint in checkpoints {
                write(writer, &Line::Checkpoint { checkpoint: checkpoint.note })?;
            }
            return Ok(next);
        }
    }
}

/// Counts the entries of an export that is written through it, however it is cut into pieces.
#[derive(Debug)]
pub struct EntryCounter<W> {
    inner: W,
    entries: u64,
    /// Octets of the line so far.
    column: usize,
}

/// Where in a line the name of its first field begins.
const FIELD: usize = 2;

/// With what that begins in an entry, and in no other line; see [`Line`].
const OF_ENTRY: u8 = b'l';

impl<W: Write> EntryCounter<W> {
    /// Before the first line.
    pub fn new(inner: W) -> Self {
        Self { inner, entries: 0, column: 0 }
    }

    /// How many entries there were, and what they were written to.
    pub fn into_parts(self) -> (u64, W) {
        (self.entries, self.inner)
    }
}

impl<W: Write> Write for EntryCounter<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(octets)?;
        for octet in &octets[..written] {
            self.entries += u64::from(self.column == FIELD && *octet == OF_ENTRY);
            self.column = if *octet == b'\n' { 0 } else { self.column + 1 };
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn entry(leaf: &Leaf) -> Line {
    // A body that is no text any more was tampered with; its hash will say so.
    let entry = String::from_utf8_lossy(&leaf.body).into_owned();
    Line::Entry { leaf: hex::encode(&leaf.hash), entry }
}

fn write(writer: &mut dyn Write, line: &Line) -> Result<()> {
    let failed = |e: std::io::Error| Error::Unavailable(format!("writing the export: {e}"));
    serde_json::to_writer(&mut *writer, line).map_err(|e| failed(e.into()))?;
    writer.write_all(b"\n").map_err(failed)
}
