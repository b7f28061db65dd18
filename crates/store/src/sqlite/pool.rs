//! Read-only connections, lent to the calling thread; under WAL no reader waits for the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::table::View;
use crate::state::StateKey;
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
    doubt: Doubt,
    resting: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(path: &Path, kept: usize, key: StateKey, doubt: Doubt) -> Self {
        Self { path: path.to_owned(), kept, key, doubt, resting: Mutex::new(Vec::new()) }
    }

    /// Runs `read` on a connection of its own. What cannot be read as it was written is in doubt.
    pub(super) fn read<T>(&self, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        let connection = match self.lock().pop() {
            Some(connection) => connection,
            None => open_read_only(&self.path)?,
        };
        let view = View { connection: &connection, key: &self.key, doubt: &self.doubt };
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

/// What readers and the writer have in common.
pub(super) fn settle(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement that touches a partial index is compiled again for every value bound to it,
    // which costs ten times its execution.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
