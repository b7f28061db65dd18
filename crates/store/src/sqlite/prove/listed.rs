//! Every certificate that a list names, from the index alone, held against the sums that the units kept:
//! a revocation of whatever age that somebody took back is found without reading each certificate.

use std::collections::BTreeMap;

use rusqlite::Row;

use crate::Result;
use crate::sqlite::fault::corrupt;
use crate::sqlite::read;
use crate::sqlite::read::certificate::status_of;
use crate::sqlite::read::revoked::sums_of;
use crate::sqlite::sums::Sums;
use crate::sqlite::table::{TALLY, View};

/// In the order of the index, so that a CA's partition comes together.
const LISTED: &str =
    "SELECT ca, serial, kind, partition, generation, state, state_at, reason, not_after
    FROM certificate INDEXED BY certificate_listed
    WHERE state IN ('undelivered', 'held', 'revoked')
    ORDER BY ca, generation, partition";

/// A CA and one of its partitions.
type Place = (String, String);

/// Holds what the index names in every partition against what the units kept of it.
///
/// # Errors
/// [`crate::Error::Corrupt`] with the first partition that comes to another sum.
pub(super) fn check(view: View<'_>) -> Result<()> {
    let mut found = found(view)?;
    let kept = read::all(view, &TALLY, "SELECT * FROM tally", [], |row| {
        let place = place(row)?;
        let sums = sums_of(row, view.key, (&place.0, &place.1))?;
        Ok((place, sums))
    })?;
    for (place, sums) in kept {
        if found.remove(&place).unwrap_or_default() != sums {
            return Err(differs(&place));
        }
    }
    match found.into_iter().find(|(_, sums)| *sums != Sums::default()) {
        Some((place, _)) => Err(differs(&place)),
        None => Ok(()),
    }
}

fn found(view: View<'_>) -> Result<BTreeMap<Place, Sums>> {
    let mut sums: BTreeMap<Place, Sums> = BTreeMap::new();
    let mut statement = view.connection.prepare(LISTED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sums.entry(place(row)?).or_default().add(view.key, &status_of(row)?);
    }
    Ok(sums)
}

fn place(row: &Row<'_>) -> Result<Place> {
    Ok((row.get("ca")?, row.get("partition")?))
}

fn differs((ca, partition): &Place) -> crate::Error {
    let reason = "they are not those that units made so, or not all of them";
    corrupt(format!("the certificates that lists of {ca} {partition} name"), reason)
}
