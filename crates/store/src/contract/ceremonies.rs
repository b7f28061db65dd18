//! Ceremonies: each change follows the one before it, whoever else is at it.

use domain::ceremony::State;
use domain::journal::EventKind;

use super::fixtures::*;
use crate::{CeremonyRow, Change, Error, Store};

fn row(revision: u64, state: State) -> CeremonyRow {
    CeremonyRow {
        id: "genesis-1".parse().expect("an id"),
        script: "[ceremony]".to_owned(),
        script_sha256: [3; 32],
        state,
        steps_done: 0,
        account: b"[]".to_vec(),
        revision,
    }
}

fn put(store: &dyn Store, row: CeremonyRow) -> crate::Result<u64> {
    store.commit(unit(EventKind::CeremonyStep, Change::PutCeremony(Box::new(row))))
}

/// A ceremony is found as it was put last, with the entry of that change.
pub fn k3_a_ceremony_is_as_it_was_put_last(store: &dyn Store) {
    let id = row(1, State::Running).id;
    let unfinished = || store.unfinished_ceremonies().expect("read");
    assert_eq!((store.ceremony(&id).expect("read"), unfinished()), (None, Vec::new()));
    assert!(matches!(put(store, row(2, State::Running)), Err(Error::Missing { .. })));
    let first = put(store, row(1, State::Running)).expect("begun");
    assert_eq!(store.ceremony(&id).expect("read"), Some((row(1, State::Running), first)));
    assert_eq!(unfinished(), [row(1, State::Running)]);
    let next = CeremonyRow { account: b"[1]".to_vec(), steps_done: 2, ..row(2, State::Completed) };
    let second = put(store, next.clone()).expect("ended");
    assert_eq!(store.ceremony(&id).expect("read"), Some((next, second)));
    assert!(second > first);
    assert_eq!(unfinished(), []);
}

/// Two programs cannot carry on one ceremony, and its script stays what it was.
pub fn k3_a_ceremony_changes_only_from_where_it_stands(store: &dyn Store) {
    put(store, row(1, State::Running)).expect("begun");
    let again = put(store, row(1, State::Running));
    assert!(matches!(again, Err(Error::Duplicate { what }) if what == "ceremony genesis-1"));
    put(store, row(2, State::Interrupted)).expect("interrupted");
    let late = put(store, row(2, State::Running)).expect_err("somebody else was faster");
    assert_eq!(
        late.to_string(),
        "ceremony genesis-1 changed meanwhile: expected revision 1, found revision 2"
    );
    let other = CeremonyRow { script_sha256: [4; 32], ..row(3, State::Running) };
    assert!(
        matches!(put(store, other), Err(Error::Stale { found, .. }) if found == "another script")
    );
}
