//! How many certificates of each partition stand in the states that a list holds, and what they add up
//! to.

use domain::certificate::{CertificateState, StateName};
use domain::id::CaId;
use rusqlite::{Row, ToSql};

use super::work::Work;
use crate::Result;
use crate::rows::{StatusRow, Tally};
use crate::sqlite::fault::{corrupt, inserted};
use crate::sqlite::read::revoked::{sums_of, tally_row};
use crate::sqlite::table::TALLY;

/// Counts a certificate of this partition in its new state and no longer in the one before.
pub(super) fn moved(
    work: &mut Work<'_>,
    ca: &CaId,
    before: &StatusRow,
    to: CertificateState,
) -> Result<()> {
    let from = before.state;
    if from == to || !(is_counted(from) || is_counted(to)) {
        return Ok(());
    }
    let name = before.partition.to_string();
    let what = || format!("tally of {ca}/{name}");
    let key = work.view.key;
    let shape = |row: &Row<'_>| Ok((tally_row(row)?.1, sums_of(row, key, (ca.as_str(), &name))?));
    let found = work.find(&TALLY, &[&ca.as_str(), &name], shape)?;
    let (mut tally, mut sums) = found.as_ref().map(|(_, both)| *both).unwrap_or_default();
    if let Some(place) = place(&mut tally, from) {
        *place = place.checked_sub(1).ok_or_else(|| corrupt(what(), "it counts less than none"))?;
    }
    if let Some(place) = place(&mut tally, to) {
        *place += 1;
    }
    sums.remove(key, before);
    sums.add(key, &StatusRow { state: to, ..*before });
    let Tally { undelivered, held, revoked } = tally;
    let sums = sums.to_octets(key, (ca.as_str(), &name), work.ledger.first());
    match found {
        Some((row, _)) => {
            let to: [(&str, &dyn ToSql); 4] = [
                ("undelivered", &undelivered),
                ("held", &held),
                ("revoked", &revoked),
                ("sums", &sums),
            ];
            work.update(&TALLY, row, &to)
        }
        None => {
            let values: [&dyn ToSql; 6] =
                [&ca.as_str(), &name, &undelivered, &held, &revoked, &sums];
            inserted(work.insert(&TALLY, &values), what, || format!("CA {ca}"))
        }
    }
}

fn is_counted(state: CertificateState) -> bool {
    place(&mut Tally::default(), state).is_some()
}

fn place(tally: &mut Tally, state: CertificateState) -> Option<&mut u64> {
    match state.name() {
        StateName::Undelivered => Some(&mut tally.undelivered),
        StateName::Held => Some(&mut tally.held),
        StateName::Revoked => Some(&mut tally.revoked),
        StateName::Intended | StateName::Good => None,
    }
}
