//! Every statement that a connection of this process ran, for the tests of their plans.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

static HEARD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The same connection, with every statement that it runs taken down.
pub(super) fn noted(mut connection: Connection) -> rusqlite::Result<Connection> {
    let hear = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
            heard.insert(statement.sql().into_owned());
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear))?;
    Ok(connection)
}

/// All that were heard so far.
pub(super) fn all() -> BTreeSet<String> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
