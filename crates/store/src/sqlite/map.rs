//! Between columns and the domain: times, names and digests, checked on the way back.

use std::fmt::Display;
use std::str::FromStr;

use domain::certificate::{CertificateKind, CertificateState, StateName};
use domain::crl_series::{Partition, SeriesState};
use domain::id::SerialNumber;
use domain::revocation::RevocationReason;
use jiff::Timestamp;
use rusqlite::{Row, RowIndex};

use super::fault::corrupt;
use crate::{Error, Result};

/// A column, by name; or by number, where a million rows are read.
pub(super) trait Column: RowIndex + Copy + Display {}

impl<C: RowIndex + Copy + Display> Column for C {}

/// A time as it is stored: microseconds since 1970-01-01 UTC.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The time in a column.
pub(super) fn timestamp(row: &Row<'_>, column: impl Column) -> Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|e| corrupt(column, e))
}

/// A text column that names an identity or a partition.
pub(super) fn parsed<T>(row: &Row<'_>, column: impl Column) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    row.get_ref(column)?
        .as_str()
        .map_err(|e| corrupt(column, e))?
        .parse()
        .map_err(|e| corrupt(column, e))
}

/// The same for a column that may be empty.
pub(super) fn parsed_option<T>(row: &Row<'_>, column: impl Column) -> Result<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    let text: Option<String> = row.get(column)?;
    text.map(|t| t.parse().map_err(|e| corrupt(column, e))).transpose()
}

/// A text column that names a variant of a closed set.
pub(super) fn named<T>(
    row: &Row<'_>,
    column: impl Column,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    let name = row.get_ref(column)?.as_str().map_err(|e| corrupt(column, e))?;
    from_name(name).ok_or_else(|| corrupt(column, format!("{name:?} is no name of one")))
}

/// A serial number.
pub(super) fn serial(row: &Row<'_>, column: impl Column) -> Result<SerialNumber> {
    SerialNumber::from_random(row.get(column)?).ok_or_else(|| corrupt(column, "zero"))
}

/// The kind of a certificate.
pub(super) fn kind(row: &Row<'_>, column: impl Column) -> Result<CertificateKind> {
    named(row, column, CertificateKind::from_name)
}

/// A partition.
pub(super) fn partition(row: &Row<'_>) -> Result<Partition> {
    parsed(row, "partition")
}

/// The state of a list series.
pub(super) fn series_state(row: &Row<'_>) -> Result<SeriesState> {
    named(row, "state", |name| SeriesState::ALL.into_iter().find(|s| s.name() == name))
}

/// A certificate's state as three columns; two states are the same when these are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StateColumns {
    pub(super) state: &'static str,
    pub(super) state_at: Option<i64>,
    pub(super) reason: Option<&'static str>,
}

impl From<CertificateState> for StateColumns {
    fn from(state: CertificateState) -> Self {
        let (state_at, reason) = match state {
            CertificateState::Intended | CertificateState::Good => (None, None),
            CertificateState::Undelivered { since } | CertificateState::Held { since } => {
                (Some(micros(since)), None)
            }
            CertificateState::Revoked { at, reason } => (Some(micros(at)), Some(reason.name())),
        };
        Self { state: state.name().name(), state_at, reason }
    }
}

/// A certificate's state.
pub(super) fn state(row: &Row<'_>) -> Result<CertificateState> {
    state_in(row, "state", "state_at", "reason")
}

/// A certificate's state in these columns.
pub(super) fn state_in<C: Column>(
    row: &Row<'_>,
    state: C,
    state_at: C,
    reason: C,
) -> Result<CertificateState> {
    let name = named(row, state, |n| StateName::ALL.into_iter().find(|s| s.name() == n))?;
    let at = || timestamp(row, state_at);
    Ok(match name {
        StateName::Intended => CertificateState::Intended,
        StateName::Good => CertificateState::Good,
        StateName::Undelivered => CertificateState::Undelivered { since: at()? },
        StateName::Held => CertificateState::Held { since: at()? },
        StateName::Revoked => CertificateState::Revoked {
            at: at()?,
            reason: named(row, reason, RevocationReason::from_name)?,
        },
    })
}

/// A state in an error message.
pub(super) fn state_words(state: CertificateState) -> String {
    match state {
        CertificateState::Intended | CertificateState::Good => state.name().to_string(),
        CertificateState::Undelivered { since } | CertificateState::Held { since } => {
            format!("{} since {since}", state.name())
        }
        CertificateState::Revoked { at, reason } => format!("revoked at {at} ({reason})"),
    }
}

/// The error for a state that is not the one the decision rested on.
pub(super) fn stale(what: String, expected: impl Display, found: impl Display) -> Error {
    Error::Stale { what, expected: expected.to_string(), found: found.to_string() }
}
