//! Read-only connections, lent to the calling thread; under WAL no reader waits for the writer.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::log_index::LogIndex;
use super::place::OpenFiles;
use super::seen::{Mark, Seen};
use super::table::View;
use crate::state::{Replaced, StateKey};
use crate::{Doubt, Error, Result, Sequence};

/// How many prepared statements a connection keeps; more than this crate has.
const STATEMENTS: usize = 128;

/// How long a connection waits for another process's lock before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Readers at once of threads that hold none: each takes two descriptors, and a page cache. Beyond,
/// callers wait.
pub const MOST_READERS: usize = 64;

/// How long a caller waits for a reader before it is told that the database is busy.
const TIMEOUT: Duration = Duration::from_secs(10);

thread_local! {
    /// How many readers this thread holds.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Connections, as many as [`MOST_READERS`] and some at rest. A thread that holds one already, because
/// it reads while it holds a snapshot, gets a further one at once: two such threads would else wait
/// for each other.
pub(super) struct Pool {
    path: PathBuf,
    /// The files that the writer has open.
    place: Arc<OpenFiles>,
    kept: usize,
    key: StateKey,
    replaced: Replaced,
    seen: Seen,
    index: LogIndex,
    doubt: Doubt,
    readers: Mutex<Readers>,
    freed: Condvar,
}

#[derive(Default)]
struct Readers {
    resting: Vec<Connection>,
    lent: usize,
    /// How many wait for one: waking where nobody waits costs a system call.
    waiting: usize,
}

/// One state of the database, shown until this is dropped.
struct State<'a>(&'a Connection);

impl<'a> State<'a> {
    fn of(connection: &'a Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        // Nothing was written; a connection that cannot even end its reading is of no further use, and
        // says so at its next BEGIN.
        let _ = self.0.prepare_cached("COMMIT").and_then(|mut end| end.execute([]));
    }
}

/// A reader that is lent until this is dropped.
struct Lent<'a>(&'a Pool);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
        let mut readers = self.0.lock();
        readers.lent -= 1;
        let is_awaited = readers.waiting > 0;
        drop(readers);
        if is_awaited {
            self.0.freed.notify_one();
        }
    }
}

impl Pool {
    pub(super) fn new(
        path: &Path,
        place: &Arc<OpenFiles>,
        kept: usize,
        key: StateKey,
        (replaced, seen): (Replaced, Seen),
        doubt: Doubt,
    ) -> Self {
        let (path, place) = (path.to_owned(), Arc::clone(place));
        let (readers, freed) = (Mutex::default(), Condvar::new());
        let index = LogIndex::of(&place);
        Self { path, place, kept, key, replaced, seen, index, doubt, readers, freed }
    }

    /// The key by which rows prove themselves.
    pub(super) fn key(&self) -> &StateKey {
        &self.key
    }

    /// A connection to the files that the writer has open. Another database that lies in their place for a
    /// moment would be taken for this one's later state.
    fn open(&self) -> Result<Connection> {
        let connection = open_read_only(&self.path)?;
        // The log and its index are opened with the first reading.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        self.place.expect(&self.doubt)?;
        Ok(connection)
    }

    /// Runs `read` on one state of the database and on a connection of its own. What cannot be read as it
    /// was written is in doubt.
    pub(super) fn read<T>(&self, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        self.read_as_of(|view, _| read(view))
    }

    /// The same, telling `read` the last entry that this state has.
    pub(super) fn read_as_of<T>(
        &self,
        read: impl FnOnce(View<'_>, Option<Sequence>) -> Result<T>,
    ) -> Result<T> {
        self.lending(|view| {
            // Deferred: the look at the last entry fixes the state.
            let _state = State::of(view.connection)?;
            read(view, self.seen.expect(view)?.map(|(place, _)| place))
        })
    }

    /// The last entry; no commit came since another one was the last.
    pub(super) fn last_sequence(&self) -> Result<Option<Sequence>> {
        if let Some(last) = self.index.last(&self.seen) {
            return Ok(Some(last));
        }
        let last = self.index.learn(|| self.lending(|view| self.seen.expect(view)))?;
        Ok(last.map(|(place, _)| place))
    }

    pub(super) fn last_seen(&self) -> Option<Mark> {
        self.seen.get()
    }

    fn lending<T>(&self, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        let (_lent, resting) = self.lend(TIMEOUT)?;
        let connection = match resting {
            Some(connection) => connection,
            None => self.open()?,
        };
        let Self { key, replaced, doubt, .. } = self;
        let view = View { connection: &connection, key, replaced, doubt };
        let outcome = read(view);
        if let Err(error @ Error::Corrupt { .. }) = &outcome {
            self.doubt.raise_named(error.to_string());
        }
        let mut readers = self.lock();
        if readers.resting.len() < self.kept && connection.is_autocommit() {
            readers.resting.push(connection);
        }
        drop(readers);
        outcome
    }

    /// Leave to read, and a connection if one is at rest.
    fn lend(&self, timeout: Duration) -> Result<(Lent<'_>, Option<Connection>)> {
        let until = Instant::now() + timeout;
        let mut readers = self.lock();
        while readers.lent >= MOST_READERS && HELD.get() == 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Unavailable(
                    "too many read the database: it is busy".to_owned(),
                ));
            }
            readers.waiting += 1;
            let waited = self.freed.wait_timeout(readers, left);
            readers = waited.unwrap_or_else(PoisonError::into_inner).0;
            readers.waiting -= 1;
        }
        readers.lent += 1;
        HELD.set(HELD.get() + 1);
        let resting = readers.resting.pop();
        drop(readers);
        Ok((Lent(self), resting))
    }

    fn lock(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that cannot write.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    #[cfg(test)]
    let connection = super::heard::noted(connection)?;
    Ok(connection)
}

/// A connection to a file that may lie where nothing can be written, and whose program may have been
/// cut off: a write-ahead log that lies beside it is read with it.
pub(crate) fn open_evidence(path: &Path) -> Result<Connection> {
    let usual = open_read_only(path).and_then(|connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    });
    let Err(refused) = usual else { return usual };
    // Under WAL a reader makes an index beside the file, which read-only media refuse. Without a log
    // there is nothing that the index would tell, and the file is all there is.
    let log = path.with_file_name(name_with(path, "-wal"));
    match std::fs::metadata(&log) {
        Ok(log) if log.len() > 0 => {
            let what = "copy it with its log (-wal) to where files can be made, and verify that";
            return Err(Error::Unavailable(format!("{refused}: {what}")));
        }
        _ => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(immutable(path), flags)?;
    settle(&connection)?;
    Ok(connection)
}

/// The path as an address that promises that nobody changes the file (SQLite, uri.html 3.2).
fn immutable(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"/-_.".contains(octet);
    let quoted = path.as_os_str().as_bytes().iter().map(|octet| match plain(octet) {
        true => char::from(*octet).to_string(),
        false => format!("%{octet:02X}"),
    });
    format!("file:{}?immutable=1", quoted.collect::<String>())
}

fn name_with(path: &Path, end: &str) -> std::ffi::OsString {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    name
}

/// What readers and the writer have in common.
pub(super) fn settle(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement that touches a partial index is compiled again for every value bound to it,
    // which costs ten times its execution.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> ((tempfile::TempDir, Connection), Pool) {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("state.db");
        let made = Connection::open(&path).expect("a database");
        made.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE journal (sequence INTEGER PRIMARY KEY, leaf BLOB)",
        )
        .expect("SQL");
        let files = Arc::new(OpenFiles::of(&path).expect("files"));
        let key = StateKey::new([7; 32]);
        let known = (Replaced::default(), Seen::default());
        let pool = Pool::new(&path, &files, 4, key, known, Doubt::default());
        ((place, made), pool)
    }

    /// Strangers' searches once opened readers until nobody could open anything.
    #[test]
    fn v5_readers_have_a_ceiling_that_callers_wait_for() {
        let (_place, pool) = pool();
        let open = std::sync::Barrier::new(MOST_READERS + 1);
        let leave = std::sync::Barrier::new(MOST_READERS + 1);
        std::thread::scope(|scope| {
            for _ in 0..MOST_READERS {
                scope.spawn(|| {
                    let read = pool.read(|_| {
                        open.wait();
                        leave.wait();
                        // Whoever holds a reader gets a further one while all are lent.
                        pool.read(|_| Ok(()))
                    });
                    read.expect("a reader within a reader");
                });
            }
            open.wait();
            let busy = pool.lend(Duration::from_millis(20)).err().expect("all are lent");
            assert!(busy.to_string().contains("busy"), "{busy}");
            leave.wait();
            pool.read(|_| Ok(())).expect("one is free soon");
        });
        let readers = pool.lock();
        assert_eq!(readers.lent, 0);
        assert!(readers.resting.len() <= 4, "and most are closed");
    }

    /// A reader once came by the path while a copy lay there for a moment, and what the copy had gained was
    /// remembered as seen.
    #[test]
    fn e2_a_reader_of_another_database_in_its_place_reads_nothing() {
        let ((place, _made), pool) = pool();
        let (here, away) = (place.path().join("state.db"), place.path().join("away.db"));
        std::fs::copy(&here, &away).expect("a copy");
        std::fs::rename(&away, &here).expect("in its place");
        let refused = pool.read(|_| Ok(())).expect_err("it is another file");
        assert!(matches!(refused, Error::Doubted { .. }), "{refused}");
        assert!(pool.doubt.permit().is_err());
    }
}
