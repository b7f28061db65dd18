//! The texts of a stored record, read back; what means nothing is refused and never guessed.

use crate::error::{Result, WindowError};

const WHAT: &str = "a stored application record";

/// Something that was written by its `Display` and is read by its `FromStr`.
pub(super) fn read<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T> {
    text.parse().map_err(|error: T::Err| unreadable(error.to_string()))
}

/// One of a closed set of names.
pub(super) fn named<T>(text: &str, find: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    find(text).ok_or_else(|| unreadable(format!("{text:?} is not known")))
}

/// A stored record that nobody can read, and why.
pub(super) fn unreadable(problem: impl ToString) -> WindowError {
    WindowError::Unreadable { what: WHAT, problem: problem.to_string() }
}
