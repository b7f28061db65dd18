//! What the engine says, in the words of the store: whose fault it is.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::{Error, Result};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(inner, _) => match inner.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => corrupt("database", error),
                _ => Self::Unavailable(error.to_string()),
            },
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..) => corrupt("row", error),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// The error for something stored that cannot be read back.
pub(super) fn corrupt(what: impl ToString, reason: impl ToString) -> Error {
    Error::Corrupt { what: what.to_string(), reason: reason.to_string() }
}

/// The outcome of an INSERT: a key that exists is [`Error::Duplicate`] of `what`, a parent that
/// does not is [`Error::Missing`] of `parent`.
pub(super) fn inserted(
    outcome: rusqlite::Result<usize>,
    what: impl FnOnce() -> String,
    parent: impl FnOnce() -> String,
) -> Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(match extended_code(&error) {
            Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE) => {
                Error::Duplicate { what: what() }
            }
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Error::Missing { what: parent() },
            Some(ffi::SQLITE_CONSTRAINT_CHECK) => corrupt(what(), error),
            _ => error.into(),
        }),
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|inner| inner.extended_code)
}
