//! What a revocation list must hold: one consistent view, streamed in the order of serials.

use domain::crl_series::Partition;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::all;
use super::certificate::status_row;
use crate::rows::{SeriesKey, StatusRow};
use crate::sqlite::map::{self, micros};
use crate::{Result, RevokedSnapshot, Sequence};

/// Answered from the index alone. The list of states stands as in the index, so that it fits.
const LISTED: &str =
    "SELECT serial, kind, partition, generation, state, state_at, reason, not_after
    FROM certificate INDEXED BY certificate_listed
    WHERE ca = ?1 AND generation = ?2 AND partition = ?3
        AND state IN ('undelivered', 'held', 'revoked')
        AND (?4 OR state <> 'undelivered') AND not_after >= ?5
    ORDER BY serial";

/// Counts by reading the table's states, not the columns the list is built from.
const COUNTED: &str = "SELECT partition, count(*) FROM certificate
    WHERE ca = ?1 AND generation = ?2
        AND (state IN ('held', 'revoked') OR (?3 AND state = 'undelivered'))
        AND state IN ('undelivered', 'held', 'revoked')
        AND not_after >= ?4
    GROUP BY partition ORDER BY partition";

/// Runs `read` over a snapshot that no commit moves.
pub(in crate::sqlite) fn with(
    connection: &Connection,
    series: &SeriesKey,
    undelivered: bool,
    expires_from: Timestamp,
    read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
) -> Result<()> {
    // Deferred: the first read fixes the view, and dropping it ends the view.
    let view = connection.unchecked_transaction()?;
    let as_of = super::journal::last_sequence(&view)?.unwrap_or(0);
    read(&Snapshot { view: &view, as_of, series, undelivered, expires_from })
}

struct Snapshot<'a> {
    view: &'a Connection,
    as_of: Sequence,
    series: &'a SeriesKey,
    undelivered: bool,
    expires_from: Timestamp,
}

impl RevokedSnapshot for Snapshot<'_> {
    fn as_of(&self) -> Sequence {
        self.as_of
    }

    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<()> {
        let mut statement = self.view.prepare_cached(LISTED)?;
        let mut rows = statement.query(params![
            self.series.ca.as_str(),
            self.series.generation,
            self.series.partition.to_string(),
            self.undelivered,
            micros(self.expires_from),
        ])?;
        while let Some(row) = rows.next()? {
            each(status_row(row)?);
        }
        Ok(())
    }

    fn count_by_partition(&self) -> Result<Vec<(Partition, u64)>> {
        let SeriesKey { ca, generation, .. } = self.series;
        let values = params![ca.as_str(), generation, self.undelivered, micros(self.expires_from)];
        all(self.view, COUNTED, values, |row| Ok((map::partition(row)?, row.get(1)?)))
    }
}
