//! The segments of query records against the journal's entries of them, and those that people gave up
//! (E1, ADR 0015).

use anyhow::Result;
use domain::hexadecimal::{from_hex, hex};
use store::journal::{ToldEntry, told_of};
use store::segments::{Difference, Lost, Sealed, There};
use store::{Remembered, Store};
use web::desk::RECORDS_GIVEN_UP;

use crate::home::Home;

/// What people can do about records that are lost.
const WAY_OUT: &str = "put it back; where it is lost for good, two people give it up, one of them an \
    internal auditor: `jitsuin audit accept --records`, while nothing serves";

/// Every segment that differs from its entry, but for those that people gave up as they are.
///
/// # Errors
/// The store's, or the directory cannot be read.
pub(super) fn differences(home: &Home, store: &dyn Store) -> Result<Vec<Difference>> {
    let sealed = told_of(store, Remembered::QuerySegments).filter_map(|told| {
        let (_, entry) = match told {
            Ok(told) => told,
            Err(error) => return Some(Err(error)),
        };
        let sha256 = entry.all("sha256").next().and_then(from_hex)?;
        Some(Ok(Sealed { name: entry.subject?, records: 0, sha256 }))
    });
    let mut found = store::segments::differences(&home.queries(), sealed)?;
    if !found.is_empty() {
        let given_up = given_up(store)?;
        found.retain(
            |one| !matches!(one, Difference::Lost(lost) if given_up.contains(&name_of(lost))),
        );
    }
    Ok(found)
}

/// The segments that are lost, and that nobody gave up.
///
/// # Errors
/// As [`differences`].
pub(super) fn lost(home: &Home, store: &dyn Store) -> Result<Vec<Lost>> {
    let found = differences(home, store)?.into_iter();
    Ok(found
        .filter_map(|one| match one {
            Difference::Lost(lost) => Some(lost),
            Difference::Unknown(_) => None,
        })
        .collect())
}

/// A lost segment as the entry names it by which people gave it up: with what lies in its place, so that
/// nothing else is given up with it.
pub(super) fn name_of(lost: &Lost) -> String {
    match &lost.there {
        There::Nothing => format!("query records {}: missing", lost.name),
        There::Unreadable => format!("query records {}: unreadable", lost.name),
        There::Other(sha256) => format!("query records {}: SHA-256 {}", lost.name, hex(sha256)),
    }
}

/// A difference with what people can do about it.
pub(super) fn with_way_out(difference: &Difference) -> String {
    match difference {
        Difference::Lost(_) => format!("{difference}: {WAY_OUT}"),
        Difference::Unknown(_) => difference.to_string(),
    }
}

/// The detail of a sealed segment's entry that tells [`next_number`] as of then.
pub(crate) const NEXT_SEGMENT: &str = "next_segment";

/// The number that follows on every segment that the journal knows: a cut may have them entered out of
/// their order. The last entry tells it, however many there are; only where an earlier program entered
/// that one, all of them are read.
///
/// # Errors
/// The store's.
pub(crate) fn next_number(store: &dyn Store) -> Result<u64> {
    let Some((sequence, body)) = store.last_of(Remembered::QuerySegments)? else { return Ok(0) };
    let last = ToldEntry::parse(sequence, &body)?;
    if let Some(next) = last.all(NEXT_SEGMENT).next() {
        return Ok(next.parse()?);
    }
    let mut next = 0;
    for told in told_of(store, Remembered::QuerySegments) {
        let Some(name) = told?.1.subject else { continue };
        next = next.max(Sealed { name, records: 0, sha256: [0; 32] }.number() + 1);
    }
    Ok(next)
}

fn given_up(store: &dyn Store) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for told in told_of(store, Remembered::StartAccepted) {
        all.extend(told?.1.all(RECORDS_GIVEN_UP).map(str::to_owned));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use domain::journal::EventKind;
    use domain::rule::OfTheInstallation;
    use store::{Entry, Unit};
    use testkit::{Clock, Scratch, act};

    use super::*;

    /// What a crash left is entered when it can be, which may be after what came later.
    #[test]
    fn e1_the_next_segment_follows_on_every_one_in_whatever_order_they_were_entered() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-29T03:00:00Z"));
        assert_eq!(next_number(&*scratch.store).expect("read"), 0);
        for name in ["0000000007.log", "0000000000.log"] {
            let entry = Entry::new(EventKind::QuerySegmentSealed, &act(&clock)).subject(name);
            scratch.store.commit(Unit::new(entry)).expect("entered");
        }
        assert_eq!(next_number(&*scratch.store).expect("read"), 8);
    }

    #[test]
    fn e1_a_start_reads_the_last_segments_entry_alone() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-29T03:00:00Z"));
        let enter = |name: &str, next: Option<u64>| {
            let entry = Entry::new(EventKind::QuerySegmentSealed, &act(&clock));
            let entry = entry.subject(OfTheInstallation(name));
            let told = next.into_iter().fold(entry, |told, next| told.detail(NEXT_SEGMENT, next));
            scratch.store.commit(Unit::new(told)).expect("entered");
        };
        // No program enters them so: the number of the first would be told if it were read.
        enter("0000000099.log", None);
        enter("0000000007.log", Some(8));
        assert_eq!(next_number(&*scratch.store).expect("read"), 8);
    }
}
