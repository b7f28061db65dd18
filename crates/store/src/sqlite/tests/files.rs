//! The files of an open database: lost, exchanged, or written over in place.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::durability::answer;
use super::options;
use crate::contract::fixtures::act;
use crate::reads::ReadWindows;
use crate::{Error, Sqlite, Store};

fn open() -> (TempDir, PathBuf, Sqlite) {
    let (place, store) = super::open();
    let path = place.path().join("jitsuin.db");
    (place, path, store)
}

fn reopen(path: &Path) -> Sqlite {
    Sqlite::open(path, options()).expect("a store")
}

fn beside(database: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", database.display()))
}

/// Writes over a file without replacing it, as a tool that copies into place does.
fn write_over(file: &Path, octets: &[u8]) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().write(true).open(file).expect("the file");
    file.write_all(octets).expect("written");
}

#[test]
fn e2_v11_an_older_index_of_the_log_written_over_the_present_one_is_found_by_whoever_looks() {
    type Look = fn(&Sqlite) -> Result<(), Error>;
    let looks: [Look; 2] = [
        |store| store.operation(&act("op-1").operation).map(drop),
        |store| store.commit(answer("op-2", 10)).map(drop),
    ];
    for look in looks {
        let (_place, path, store) = open();
        store.commit(answer("op-0", 10)).expect("committed");
        let older = fs::read(beside(&path, "-shm")).expect("read");
        store.commit(answer("op-1", 10)).expect("committed");
        write_over(&beside(&path, "-shm"), &older);
        let found = look(&store);
        let Err(Error::Doubted { finding }) = found else { panic!("{found:?}") };
        assert!(finding.contains("entry 1"), "{finding}");
        let written = store.commit(answer("op-3", 10));
        assert!(matches!(written, Err(Error::Doubted { .. })), "{written:?}");
        drop(store);
        let again = reopen(&path);
        let there = again.operation(&act("op-1").operation).expect("read");
        assert!(there.is_some(), "nothing that was acknowledged is lost");
        assert_eq!(again.commit(answer("op-2", 10)).expect("committed"), 2);
    }
}

#[test]
fn e6_v11_the_files_of_a_database_behind_a_link_are_watched_where_they_lie() {
    for lost in ["-wal", "-shm"] {
        let (place, path, store) = open();
        drop(store);
        let link = place.path().join("link.db");
        symlink(&path, &link).expect("a link");
        let store = reopen(&link);
        store.commit(answer("op-0", 10)).expect("committed");
        fs::remove_file(beside(&path, lost)).expect("removed");
        let written = store.commit(answer("op-1", 10));
        assert!(matches!(written, Err(Error::Doubted { .. })), "{lost}: {written:?}");
    }
}

#[test]
fn e6_a_link_that_leads_elsewhere_now_takes_no_commit() {
    let (place, path, store) = open();
    drop(store);
    let link = place.path().join("link.db");
    symlink(&path, &link).expect("a link");
    let store = reopen(&link);
    let other = place.path().join("other.db");
    fs::copy(&path, &other).expect("a copy");
    fs::remove_file(&link).expect("removed");
    symlink(&other, &link).expect("another link");
    let written = store.commit(answer("op-1", 10));
    assert!(matches!(written, Err(Error::Doubted { .. })), "{written:?}");
}
