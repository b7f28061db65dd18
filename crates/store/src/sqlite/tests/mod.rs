//! The contract over SQLite, and what only a file can prove.

mod batches;
mod durability;
mod files;
mod plans;
mod start;
mod tamper;

use domain::id::ResidentCode;
use domain::journal::EventKind;
use tempfile::TempDir;

use crate::contract::fixtures::entry;
use crate::journal::{PersonalDataKey, ToldEntry};
use crate::reads::ReadJournal;
use crate::{Change, Options, Sqlite, StateKey, Store, Unit};

pub(super) fn options() -> Options {
    Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]))
}

pub(super) fn open() -> (TempDir, Sqlite) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Sqlite::open(directory.path().join("jitsuin.db"), options()).expect("a store");
    (directory, store)
}

#[test]
fn e4_the_last_entry_about_a_person_is_known_while_their_key_is_there() {
    let (_place, store) = open();
    let code: ResidentCode = "10000000001".parse().expect("a code");
    assert_eq!(store.last_personal(&code).expect("a read"), None);
    for _ in 0..2 {
        let told = entry(EventKind::RegisterEvent).personal(&code, "typed");
        store.commit(Unit::new(told)).expect("committed");
    }
    let last = store.last_personal(&code).expect("a read").expect("an entry");
    let entries = store.journal(1, 1).expect("a read");
    assert_eq!(last, ToldEntry::parse(1, &entries[0].1).expect("an entry").at);
    let forget = Unit::new(entry(EventKind::PersonalDataErased));
    store.commit(forget.change(Change::ForgetResident(code.clone()))).expect("forgotten");
    assert_eq!(store.last_personal(&code).expect("a read"), None);
}

mod contract {
    crate::contract_suite!(super::open);
}
