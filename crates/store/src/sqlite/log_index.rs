//! Whether anything was committed since a reading, told by the header of the log's index alone.
//!
//! Whoever commits, in whichever process, writes both copies of that header before the commit is
//! acknowledged, and every reader decides by it what it sees (SQLite, walformat.html 2.1). As long as its
//! octets are the same, so is the last journal entry; to look costs one system call, and no transaction.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, PoisonError};

use super::place::{OpenFile, OpenFiles};
use super::seen::{Mark, Seen};
use crate::Sequence;
use crate::named_file::{Identity, NamedFile};

/// Octets of both copies: each has a counter of commits, the log's salts and a checksum.
const HEADER: usize = 96;

type Header = [u8; HEADER];

/// The indexes that this process has open beside SQLite. Closing a file ends all locks that the process has
/// on it, SQLite's with them (POSIX fcntl), so one is closed only once it has no name and so no user any more.
static OPEN: Mutex<Vec<(Option<Identity>, Arc<File>)>> = Mutex::new(Vec::new());

/// The index of one open database, and the last entry as it was read under a header.
pub(super) struct LogIndex {
    file: Option<Arc<File>>,
    known: Mutex<Option<(Header, Mark)>>,
}

impl LogIndex {
    /// The index that was there when the database was opened. Where it cannot be read, it tells nothing, and
    /// whoever asks reads the journal.
    pub(super) fn of(place: &OpenFiles) -> Self {
        Self { file: place.log_index().and_then(opened), known: Mutex::default() }
    }

    /// The last entry, if nothing was committed since it was read, and no other one was seen meanwhile: what
    /// is known stands for neither an older state nor a later one.
    pub(super) fn last(&self, seen: &Seen) -> Option<Sequence> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (header, mark) = known?;
        let is_same = self.header() == Some(header) && seen.get() == Some(mark);
        is_same.then_some(mark.0)
    }

    /// Reads the last entry by `read`, and knows it from now on if nobody committed meanwhile.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn learn<E>(
        &self,
        read: impl FnOnce() -> Result<Option<Mark>, E>,
    ) -> Result<Option<Mark>, E> {
        let before = self.header();
        let last = read()?;
        let known = before.filter(|before| self.header() == Some(*before)).zip(last);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(last)
    }

    /// The header. Its second copy is written first and read last, so two that are as they were mean that
    /// no commit had been published when they were read.
    fn header(&self) -> Option<Header> {
        let mut header = [0; HEADER];
        self.file.as_ref()?.read_exact_at(&mut header, 0).ok()?;
        Some(header)
    }
}

/// The file of an index, if it lies there still.
fn opened((path, identity): &OpenFile) -> Option<Arc<File>> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, file)| file.metadata().is_ok_and(|there| there.nlink() > 0));
    if let Some((_, file)) = open.iter().find(|(known, _)| *known == Some(*identity)) {
        return Some(Arc::clone(file));
    }
    let file = Arc::new(File::open(path).ok()?);
    let found = NamedFile::open(&*file).map(|named| named.identity).ok();
    // Kept whichever file it is: another one's locks are not to end either.
    open.push((found, Arc::clone(&file)));
    (found == Some(*identity)).then_some(file)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    struct Database {
        place: tempfile::TempDir,
        writer: Connection,
        index: LogIndex,
        seen: Seen,
    }

    fn database() -> Database {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("state.db");
        let writer = Connection::open(&path).expect("a database");
        let schema = "PRAGMA journal_mode = WAL; CREATE TABLE journal (sequence, leaf)";
        writer.execute_batch(schema).expect("SQL");
        let index = LogIndex::of(&OpenFiles::of(&path).expect("files"));
        Database { place, writer, index, seen: Seen::default() }
    }

    fn read(last: Mark) -> impl FnOnce() -> Result<Option<Mark>, ()> {
        move || Ok(Some(last))
    }

    #[test]
    fn e2_the_last_entry_is_known_until_anybody_commits() {
        let Database { place, writer, index, seen } = database();
        let last = (7, [7; 32]);
        assert_eq!(index.last(&seen), None, "nothing was read");
        index.learn(read(last)).expect("read");
        assert_eq!(index.last(&seen), None, "another entry was seen last, or none");
        seen.note(last);
        assert_eq!(index.last(&seen), Some(7));
        let other = Connection::open(place.path().join("state.db")).expect("another one");
        for committing in [&other, &writer] {
            committing.execute("INSERT INTO journal VALUES (8, x'')", []).expect("committed");
            assert_eq!(index.last(&seen), None, "somebody committed");
            index.learn(read(last)).expect("read again");
            assert_eq!(index.last(&seen), Some(7));
        }
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("cut");
        other.execute("INSERT INTO journal VALUES (9, x'')", []).expect("committed");
        assert_eq!(index.last(&seen), None, "and where the log began anew");
        seen.note((9, [9; 32]));
        index.learn(read(last)).expect("read");
        assert_eq!(index.last(&seen), None, "this process has seen a later one");
    }

    #[test]
    fn e2_what_was_committed_while_the_last_entry_was_read_is_not_missed() {
        let Database { writer, index, seen, .. } = database();
        let last = (7, [7; 32]);
        seen.note(last);
        let outcome = index.learn(|| {
            writer.execute("INSERT INTO journal VALUES (8, x'')", []).map(|_| Some(last))
        });
        outcome.expect("committed");
        assert_eq!(index.last(&seen), None);
    }

    /// An index that is written back shows what it showed before; what this process has seen since does not.
    #[test]
    fn e2_an_index_that_was_put_back_tells_no_older_entry() {
        let Database { place, writer, index, seen } = database();
        let path = place.path().join("state.db-shm");
        let before = std::fs::read(&path).expect("an index");
        seen.note((7, [7; 32]));
        index.learn(read((7, [7; 32]))).expect("read");
        writer.execute("INSERT INTO journal VALUES (8, x'')", []).expect("committed");
        seen.note((8, [8; 32]));
        let file = File::options().write(true).open(&path).expect("there");
        file.write_all_at(&before, 0).expect("put back");
        std::mem::forget(file);
        assert_eq!(index.last(&seen), None);
    }

    /// A lock of SQLite's that ends unseen lets another process take the log for nobody's.
    #[test]
    fn e2_the_locks_of_an_index_stay_when_it_is_let_go_of() {
        let Database { place, writer, index, .. } = database();
        writer.execute_batch("BEGIN IMMEDIATE").expect("begun");
        drop(index);
        let again = LogIndex::of(&OpenFiles::of(&place.path().join("state.db")).expect("files"));
        drop(again);
        let inode = std::fs::metadata(place.path().join("state.db-shm")).expect("there").ino();
        let locks = std::fs::read_to_string("/proc/locks").expect("locks");
        let held = locks.lines().filter(|line| line.contains(&format!(":{inode} ")));
        assert!(held.count() > 0, "{locks}");
    }
}
