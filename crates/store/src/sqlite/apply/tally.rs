//! How many certificates of each partition stand in the states that a list holds.

use domain::certificate::{CertificateState, StateName};
use domain::crl_series::Partition;
use domain::id::CaId;
use rusqlite::ToSql;

use super::work::Work;
use crate::Result;
use crate::rows::Tally;
use crate::sqlite::fault::{corrupt, inserted};
use crate::sqlite::read::revoked::tally_row;
use crate::sqlite::table::TALLY;

/// Counts a certificate of this partition in its new state and no longer in the one before.
pub(super) fn moved(
    work: &mut Work<'_>,
    ca: &CaId,
    partition: Partition,
    from: CertificateState,
    to: CertificateState,
) -> Result<()> {
    if from.name() == to.name() || !(is_counted(from) || is_counted(to)) {
        return Ok(());
    }
    let name = partition.to_string();
    let what = || format!("tally of {ca}/{name}");
    let found = work.find(&TALLY, &[&ca.as_str(), &name], tally_row)?;
    let mut tally = found.as_ref().map_or_else(Tally::default, |(_, (_, tally))| *tally);
    if let Some(place) = place(&mut tally, from) {
        *place = place.checked_sub(1).ok_or_else(|| corrupt(what(), "it counts less than none"))?;
    }
    if let Some(place) = place(&mut tally, to) {
        *place += 1;
    }
    let Tally { undelivered, held, revoked } = tally;
    match found {
        Some((row, _)) => {
            let to: [(&str, &dyn ToSql); 3] =
                [("undelivered", &undelivered), ("held", &held), ("revoked", &revoked)];
            work.update(&TALLY, row, &to)
        }
        None => {
            let values: [&dyn ToSql; 5] = [&ca.as_str(), &name, &undelivered, &held, &revoked];
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
