//! What a revocation list must hold: one consistent view, streamed in the order of serials.

use domain::crl_series::Partition;
use domain::id::{CaId, SerialNumber};
use jiff::Timestamp;
use rusqlite::{Row, Rows, params};

use super::certificate::status_row;
use super::{all, first, plain};
use crate::rows::{SeriesKey, StatusRow, Tally};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map;
use crate::sqlite::sums::Sums;
use crate::sqlite::table::{TALLY, View};
use crate::state::StateKey;
use crate::{Result, RevokedSnapshot, Sequence};

/// Answered from the index alone. The list of states stands as in the index, so that it fits.
///
/// These rows do not prove themselves one by one, which would take reading each certificate: what they
/// add up to is held against the sums that the units kept.
const LISTED: &str =
    "SELECT serial, kind, partition, generation, state, state_at, reason, not_after
    FROM certificate INDEXED BY certificate_listed
    WHERE ca = ?1 AND generation = ?2 AND partition = ?3
        AND state IN ('undelivered', 'held', 'revoked')
        AND (?4 OR state <> 'undelivered')
    ORDER BY serial";

/// The columns of [`LISTED`] in its own order.
const COLUMNS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

/// The generations that ever certified, hopping from one to the next in an index.
const GENERATIONS: &str = "WITH RECURSIVE found (generation) AS (
        SELECT min(generation) FROM certificate WHERE ca = ?1
        UNION ALL
        SELECT (SELECT min(generation) FROM certificate
            WHERE ca = ?1 AND generation > found.generation)
        FROM found WHERE found.generation IS NOT NULL)
    SELECT generation FROM found WHERE generation IS NOT NULL ORDER BY generation";

/// What the units kept of one partition.
const TALLY_OF: &str = "SELECT * FROM tally WHERE ca = ?1 AND partition = ?2";

/// Of every partition of a CA.
pub(in crate::sqlite) fn tallies(view: View<'_>, ca: &CaId) -> Result<Vec<(Partition, Tally)>> {
    const SQL: &str = "SELECT * FROM tally WHERE ca = ?1 ORDER BY partition";
    all(view, &TALLY, SQL, [ca.as_str()], tally_row)
}

pub(in crate::sqlite) fn tally_row(row: &Row<'_>) -> Result<(Partition, Tally)> {
    let tally = Tally {
        undelivered: row.get("undelivered")?,
        held: row.get("held")?,
        revoked: row.get("revoked")?,
    };
    Ok((map::partition(row)?, tally))
}

/// The sums of a row of the tally.
pub(in crate::sqlite) fn sums_of(
    row: &Row<'_>,
    key: &StateKey,
    place: (&str, &str),
) -> Result<Sums> {
    Ok(Sums::from_octets(row.get("sums")?, key, place, row.get("changed")?))
}

/// What one list may be made of, as one state of the database shows it.
pub(in crate::sqlite) struct Snapshot<'a> {
    pub(in crate::sqlite) view: View<'a>,
    pub(in crate::sqlite) as_of: Sequence,
    pub(in crate::sqlite) series: &'a SeriesKey,
    pub(in crate::sqlite) undelivered: bool,
    pub(in crate::sqlite) expires_from: Timestamp,
}

impl Snapshot<'_> {
    /// What was read must come to what the units kept: a row of the index that no unit wrote, one that
    /// is missing, or an old one put back, makes it another sum.
    fn expect(&self, found: Sums) -> Result<()> {
        let (ca, partition) = (self.series.ca.as_str(), self.series.partition.to_string());
        let kept = first(self.view, &TALLY, TALLY_OF, params![ca, partition], |row| {
            sums_of(row, self.view.key, (ca, &partition))
        })?;
        if found == kept.unwrap_or_default().listed(self.undelivered) {
            return Ok(());
        }
        let what = format!("the certificates that lists of {ca} {partition} name");
        let reason = "they are not those that units made so, or not all of them";
        self.view.doubt.raise(format!("{what}: {reason}"));
        Err(corrupt(what, reason))
    }
}

impl RevokedSnapshot for Snapshot<'_> {
    fn as_of(&self) -> Sequence {
        self.as_of
    }

    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<u64> {
        let connection = self.view.connection;
        let ca = self.series.ca.as_str();
        let generations: Vec<u32> = plain(connection, GENERATIONS, [ca], |row| Ok(row.get(0)?))?;
        let mut statements = generations
            .iter()
            .map(|_| Ok(connection.prepare_cached(LISTED)?))
            .collect::<Result<Vec<_>>>()?;
        let partition = self.series.partition.to_string();
        let mut streams = statements
            .iter_mut()
            .zip(generations)
            .map(|(statement, generation)| {
                let values = params![ca, generation, partition, self.undelivered];
                Stream::begin(statement.query(values)?)
            })
            .collect::<Result<Vec<_>>>()?;
        let (mut expired, mut sums) = (0, Sums::default());
        // Each stream ascends, so the least of their heads is the next of all.
        loop {
            let least = streams
                .iter_mut()
                .filter(|stream| stream.head.is_some())
                .min_by_key(|stream| stream.head.map(|row| row.serial));
            match least.map(Stream::next).transpose()?.flatten() {
                Some(row) => {
                    sums.add(self.view.key, &row);
                    match row.not_after < self.expires_from {
                        true => expired += 1,
                        false => each(row),
                    }
                }
                None => break,
            }
        }
        self.expect(sums)?;
        Ok(expired)
    }

    fn tally(&self) -> Result<Tally> {
        let values = params![self.series.ca.as_str(), self.series.partition.to_string()];
        let found = first(self.view, &TALLY, TALLY_OF, values, tally_row)?;
        Ok(found.map_or_else(Tally::default, |(_, tally)| tally))
    }

    fn status(&self, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        super::certificate::status(self.view, &self.series.ca, serial)
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
        let next = self.rows.next()?.map(|row| status_row(row, COLUMNS)).transpose()?;
        Ok(std::mem::replace(&mut self.head, next))
    }
}
