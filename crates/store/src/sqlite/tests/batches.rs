//! Units that share a transaction: what one that is refused costs the others.

use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::thread;

use super::durability::answer;
use super::options;
use crate::contract::fixtures::act;
use crate::reads::{ReadHead, ReadWindows};
use crate::{Error, Sqlite, Store, Unit};

/// Many callers at once, of whom one is refused each time.
const CALLERS: usize = 8;

/// Has each caller commit its unit at the same moment as the others, and tells which were refused.
fn at_once(store: &Sqlite, unit_of: impl Fn(usize) -> Unit + Sync) -> Vec<usize> {
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        let caller = |number: usize| {
            let (barrier, unit_of) = (&barrier, &unit_of);
            scope.spawn(move || {
                barrier.wait();
                match store.commit(unit_of(number)) {
                    Ok(_) => None,
                    Err(Error::Stale { .. } | Error::Duplicate { .. }) => Some(number),
                    Err(fault) => panic!("{number}: {fault}"),
                }
            })
        };
        let all: Vec<_> = (0..CALLERS).map(caller).collect();
        all.into_iter().filter_map(|one| one.join().expect("a caller")).collect()
    })
}

/// A store, in which the operation `taken` is noted, and how many units it wrote since.
fn store() -> (tempfile::TempDir, Sqlite, impl Fn() -> usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let options = options();
    let units = options.units.clone();
    let store = Sqlite::open(directory.path().join("jitsuin.db"), options).expect("a store");
    store.commit(answer("taken", 9)).expect("committed");
    (directory, store, move || units.swap(0, Ordering::SeqCst))
}

#[test]
fn e2_a_unit_that_is_refused_before_it_writes_costs_no_other_a_second_writing() {
    let (_place, store, written) = store();
    written();
    for round in 0..20 {
        let taken = act("taken").operation;
        let unit = |number: usize| match number {
            0 => answer(&format!("late-{round}"), 9).unless_noted(taken.clone()),
            1 => answer("taken", 9),
            _ => answer(&format!("op-{round}-{number}"), 9),
        };
        assert_eq!(at_once(&store, unit), [0, 1]);
        assert_eq!(written(), CALLERS, "each was written once, round {round}");
    }
    let last = store.last_sequence().expect("a read");
    assert_eq!(last, Some(20 * (CALLERS as u64 - 2)), "an entry for each that was done");
}

#[test]
fn e2_a_unit_that_is_refused_after_it_wrote_leaves_nothing_and_takes_no_other_with_it() {
    let (_place, store, _) = store();
    for round in 0..20 {
        let unit = |number: usize| {
            let unit = answer(&format!("op-{round}-{number}"), 9);
            match number {
                0 => answer("taken", 9).changes.into_iter().fold(unit, Unit::change),
                _ => unit,
            }
        };
        assert_eq!(at_once(&store, unit), [0]);
        for number in 0..CALLERS {
            let noted = store.operation(&act(&format!("op-{round}-{number}")).operation);
            assert_eq!(noted.expect("a read").is_some(), number != 0, "{round} {number}");
        }
    }
    let last = store.last_sequence().expect("a read");
    assert_eq!(last, Some(20 * (CALLERS as u64 - 1)), "an entry for each that was done");
}
