//! What a revocation list must hold: one consistent view, streamed in the order of serials.

use domain::crl_series::Partition;
use jiff::Timestamp;
use rusqlite::{Connection, Rows, params};

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

/// The generations that ever certified, hopping from one to the next in an index.
const GENERATIONS: &str = "WITH RECURSIVE found (generation) AS (
        SELECT min(generation) FROM certificate WHERE ca = ?1
        UNION ALL
        SELECT (SELECT min(generation) FROM certificate
            WHERE ca = ?1 AND generation > found.generation)
        FROM found WHERE found.generation IS NOT NULL)
    SELECT generation FROM found WHERE generation IS NOT NULL ORDER BY generation";

/// Counts by reading the table's states, not the columns the list is built from.
const COUNTED: &str = "SELECT partition, count(*) FROM certificate
    WHERE ca = ?1
        AND (state IN ('held', 'revoked') OR (?2 AND state = 'undelivered'))
        AND state IN ('undelivered', 'held', 'revoked')
        AND not_after >= ?3
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
        let ca = self.series.ca.as_str();
        let generations: Vec<u32> = all(self.view, GENERATIONS, [ca], |row| Ok(row.get(0)?))?;
        let mut statements = generations
            .iter()
            .map(|_| Ok(self.view.prepare_cached(LISTED)?))
            .collect::<Result<Vec<_>>>()?;
        let mut streams = statements
            .iter_mut()
            .zip(generations)
            .map(|(statement, generation)| {
                Stream::begin(statement.query(params![
                    ca,
                    generation,
                    self.series.partition.to_string(),
                    self.undelivered,
                    micros(self.expires_from),
                ])?)
            })
            .collect::<Result<Vec<_>>>()?;
        // Each stream ascends, so the least of their heads is the next of all.
        loop {
            let least = streams
                .iter_mut()
                .filter(|stream| stream.head.is_some())
                .min_by_key(|stream| stream.head.map(|row| row.serial));
            match least.map(Stream::next).transpose()?.flatten() {
                Some(row) => each(row),
                None => return Ok(()),
            }
        }
    }

    fn count_by_partition(&self) -> Result<Vec<(Partition, u64)>> {
        let SeriesKey { ca, .. } = self.series;
        let values = params![ca.as_str(), self.undelivered, micros(self.expires_from)];
        all(self.view, COUNTED, values, |row| Ok((map::partition(row)?, row.get(1)?)))
    }
}

/// What one generation certified, in the order of serials.
struct Stream<'s> {
    rows: Rows<'s>,
    head: Option<StatusRow>,
}

impl<'s> Stream<'s> {
    fn begin(rows: Rows<'s>) -> Result<Self> {
        let mut stream = Self { rows, head: None };
        stream.next()?;
        Ok(stream)
    }

    /// The head, after which the next row is the head.
    fn next(&mut self) -> Result<Option<StatusRow>> {
        let next = self.rows.next()?.map(status_row).transpose()?;
        Ok(std::mem::replace(&mut self.head, next))
    }
}
