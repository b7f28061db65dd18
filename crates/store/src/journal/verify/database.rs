//! Verification of a database file, read-only and row by row.

use std::collections::VecDeque;
use std::path::Path;

use super::Report;
use super::examiner::Examiner;
use crate::journal::{Checkpoint, Hash, VerifierKey};
use crate::sqlite::ReadOnlyJournal;
use crate::{Error, Result};

/// How many rows are read at once.
const PAGE: usize = 1024;

/// Verifies the journal in a database file, without changing it, against `key` and `known`
/// checkpoints from elsewhere. Beyond what an export shows, the stored nodes of the tree say
/// which pair of entries was changed, even when its leaf hashes were changed to fit.
///
/// # Errors
/// [`Error::Unavailable`] and [`Error::Corrupt`] when the file cannot be read as a database.
pub fn verify_database(path: &Path, key: &VerifierKey, known: &[Checkpoint]) -> Result<Report> {
    let journal = ReadOnlyJournal::open(path)?;
    let mut examiner = Examiner::new(key, known);
    let mut checkpoints = Checkpoints { after: 0, page: VecDeque::new() };
    let (mut next, mut read) = (0, 0);
    loop {
        let page = journal.leaves(next, PAGE)?;
        for leaf in &page {
            examiner.entry(Some(leaf.sequence), &leaf.body, leaf.hash, |node| {
                stored(&journal, node.level, node.place)
            })?;
            read += 1;
            next = leaf.sequence + 1;
            while let Some(checkpoint) = checkpoints.until(&journal, read, &mut examiner)? {
                examiner.checkpoint(&checkpoint);
            }
        }
        if page.len() < PAGE {
            break;
        }
    }
    while let Some(checkpoint) = checkpoints.until(&journal, u64::MAX, &mut examiner)? {
        examiner.checkpoint(&checkpoint);
    }
    Ok(examiner.finish())
}

/// A node that is missing, while it is sealed, was removed; it can be none that fits.
fn stored(journal: &ReadOnlyJournal, level: u8, place: u64) -> Result<Option<Hash>> {
    Ok(match journal.node(level, place)? {
        None if ((place + 1) << level) <= journal.sealed_size() => Some([0; 32]),
        found => found,
    })
}

/// The stored checkpoints in the order of their size.
struct Checkpoints {
    after: u64,
    page: VecDeque<(u64, String)>,
}

impl Checkpoints {
    /// The next one of at most `size` entries. A note that cannot be read is reported.
    fn until(
        &mut self,
        journal: &ReadOnlyJournal,
        size: u64,
        examiner: &mut Examiner<'_>,
    ) -> Result<Option<Checkpoint>> {
        loop {
            if self.page.is_empty() {
                self.page = journal.notes(self.after, PAGE)?.into();
            }
            let Some((row, note)) = self.page.pop_front_if(|(row, _)| *row <= size) else {
                return Ok(None);
            };
            self.after = row;
            match Checkpoint::parse(note) {
                Ok(checkpoint) if checkpoint.size == row => return Ok(Some(checkpoint)),
                Ok(other) => {
                    let reason = format!("it is a checkpoint of size {}", other.size);
                    examiner.unreadable(format!("checkpoint of size {row}"), reason);
                }
                Err(Error::Corrupt { reason, .. }) => {
                    examiner.unreadable(format!("checkpoint of size {row}"), reason);
                }
                Err(other) => return Err(other),
            }
        }
    }
}
