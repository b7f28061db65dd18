//! The contract over SQLite, and what only a file can prove.

mod durability;
mod files;
mod start;
mod tamper;

use tempfile::TempDir;

use crate::journal::PersonalDataKey;
use crate::{Options, Sqlite, StateKey};

fn options() -> Options {
    Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]))
}

pub(super) fn open() -> (TempDir, Sqlite) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Sqlite::open(directory.path().join("jitsuin.db"), options()).expect("a store");
    (directory, store)
}

mod contract {
    crate::contract_suite!(super::open);
}
