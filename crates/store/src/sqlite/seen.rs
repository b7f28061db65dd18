//! The last journal entry that this process committed or read: the database is never believed about
//! the process's own past.
//!
//! An old index of the log (`-shm`) written over the present one shows everybody a database as it once
//! was, whose rows all prove themselves. Whoever reads or writes therefore looks first whether the
//! last entry that was seen is still there.

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension};

use super::prove::remember;
use super::table::View;
use crate::journal::Hash;
use crate::state::{Changes, Replaced};
use crate::{Error, Result, Sequence};

const LAST: &str = "SELECT sequence, leaf FROM journal ORDER BY sequence DESC LIMIT 1";

const AT: &str = "SELECT leaf FROM journal WHERE sequence = ?1";

/// An entry, by its place and its hash.
pub(super) type Mark = (Sequence, Hash);

/// Shared by all who read and write one open database.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<RwLock<Option<Mark>>>);

impl Seen {
    /// Looks at the last entry, which is the last that was seen or a later one.
    ///
    /// # Errors
    /// [`Error::Doubted`] where the last that was seen is gone, or another: everything is in doubt then.
    pub(super) fn expect(&self, view: View<'_>) -> Result<Option<Mark>> {
        // Before the view is taken: whatever is seen here was committed already.
        let seen = self.get();
        let last = last(view.connection)?;
        if let Some((place, hash)) = seen.filter(|seen| last != Some(*seen))
            && at(view.connection, place)? != Some(hash)
        {
            let finding = format!(
                "journal: entry {place}, which this process has seen, is not there any more: an \
                 older state was put back"
            );
            view.doubt.raise(finding.clone());
            return Err(Error::Doubted { finding });
        }
        self.learn(view, last)?;
        Ok(last)
    }

    /// Takes note of an entry that was read, and before that of all rows that were replaced up to it,
    /// whoever did it: from now on none of these is believed.
    ///
    /// # Errors
    /// Those of reading the entries; it is not noted then. Where one of them is not as it was written,
    /// nobody can tell what was replaced: everything is in doubt.
    fn learn(&self, view: View<'_>, last: Option<Mark>) -> Result<()> {
        if last <= self.get() {
            return Ok(());
        }
        // One at a time: whoever noted an earlier entry after a later one would take a row that was given
        // back for one that was replaced.
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some((until, _)) = last.filter(|_| last > *seen) else { return Ok(()) };
        // What came before the first that is seen the proof at the opening tells.
        if let Some((from, _)) = *seen {
            remember(view, from + 1, until + 1).map_err(|error| doubted(view, error))?;
        }
        *seen = last;
        Ok(())
    }

    /// Takes note of what this process committed, which is on stable storage: the rows that it replaced,
    /// by the entry that names them, and the last entry.
    pub(super) fn wrote(
        &self,
        replaced: &Replaced,
        changes: &[(Sequence, Changes)],
        last: Option<Mark>,
    ) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let until = (*seen).map(|(place, _)| place);
        // What a reader has met meanwhile is noted already.
        for (entry, changes) in changes.iter().filter(|(entry, _)| Some(*entry) > until) {
            changes.iter().for_each(|(_, change)| replaced.note(*entry, change));
        }
        *seen = (*seen).max(last);
    }

    /// Takes note of an entry, whatever it replaced.
    #[cfg(test)]
    pub(super) fn note(&self, mark: Mark) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(mark);
    }

    /// The last entry that was seen.
    pub(super) fn get(&self) -> Option<Mark> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is told of an entry that cannot be read as it was written.
fn doubted(view: View<'_>, error: Error) -> Error {
    let Error::Corrupt { .. } = error else { return error };
    let finding = format!("journal: {error}");
    view.doubt.raise(finding.clone());
    Error::Doubted { finding }
}

/// The last entry as `connection` shows it.
pub(super) fn last(connection: &Connection) -> Result<Option<Mark>> {
    let shape = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(connection.prepare_cached(LAST)?.query_row([], shape).optional()?)
}

/// The hash of the entry at `place`, if there is one.
pub(super) fn at(connection: &Connection, place: Sequence) -> Result<Option<Hash>> {
    Ok(connection.prepare_cached(AT)?.query_row([place], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Change;

    #[test]
    fn e2_what_is_noted_late_takes_no_row_that_was_given_back_for_a_replaced_one() {
        let (seen, replaced) = (Seen::default(), Replaced::default());
        let (one, two) = (Some([1; 16]), Some([2; 16]));
        let wrote = |entry, before, after| {
            let mut changes = Changes::default();
            changes.note("person", Change { before, after });
            seen.wrote(&replaced, &[(entry, changes)], Some((entry, [entry as u8; 32])));
        };
        wrote(5, one, two);
        assert_eq!(replaced.by(&[1; 16]), Some(5));
        wrote(6, two, one);
        wrote(5, one, two);
        assert_eq!(replaced.by(&[1; 16]), None, "entry 6 gave it back");
        assert_eq!(seen.get().map(|(place, _)| place), Some(6));
    }
}
