//! Read-only connections, lent to the calling thread; under WAL no reader waits for the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::table::View;
use crate::state::{Replaced, StateKey};
use crate::{Doubt, Error, Result};

/// How many prepared statements a connection keeps; more than this crate has.
const STATEMENTS: usize = 128;

/// How long a connection waits for another process's lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at rest. When none is, a further one is opened rather than waited for, because a
/// thread may read while it holds a snapshot, and two such threads would wait for each other.
pub(super) struct Pool {
    path: PathBuf,
    kept: usize,
    key: StateKey,
    replaced: Replaced,
    doubt: Doubt,
    resting: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(
        path: &Path,
        kept: usize,
        key: StateKey,
        replaced: Replaced,
        doubt: Doubt,
    ) -> Self {
        let resting = Mutex::new(Vec::new());
        Self { path: path.to_owned(), kept, key, replaced, doubt, resting }
    }

    /// Runs `read` on a connection of its own. What cannot be read as it was written is in doubt.
    pub(super) fn read<T>(&self, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        let connection = match self.lock().pop() {
            Some(connection) => connection,
            None => open_read_only(&self.path)?,
        };
        let Self { key, replaced, doubt, .. } = self;
        let view = View { connection: &connection, key, replaced, doubt };
        let outcome = read(view);
        if let Err(error @ Error::Corrupt { .. }) = &outcome {
            self.doubt.raise_named(error.to_string());
        }
        let mut resting = self.lock();
        if resting.len() < self.kept {
            resting.push(connection);
        }
        outcome
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that cannot write.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
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
