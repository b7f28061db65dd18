//! What a file must survive: a killed process, a full disk, a wrong key, another program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use domain::journal::EventKind;
use rusqlite::Connection;

use super::{open, options};
use crate::contract::fixtures::{act, entry};
use crate::journal::PersonalDataKey;
use crate::reads::{ReadHead, ReadJournal, ReadWindows};
use crate::{Change, Error, Options, Sqlite, StateKey, Store, Unit};

/// A unit that leaves an answer of this many octets under `operation`.
pub(super) fn answer(operation: &str, octets: usize) -> Unit {
    let id = act(operation).operation;
    let change = Change::RecordOperation { id, answer: vec![b'x'; octets] };
    Unit::new(entry(EventKind::CardChanged)).change(change)
}

const CHILD_DATABASE: &str = "JITSUIN_TEST_CHILD_DATABASE";

/// Commits in a loop on several threads and prints what was acknowledged, until it is killed.
#[test]
#[ignore = "run by e2_what_was_acknowledged_survives_a_kill in a process of its own"]
fn child_commits_until_it_is_killed() {
    let path = std::env::var_os(CHILD_DATABASE).expect("the parent names the database");
    let store = Sqlite::open(path, options()).expect("a store");
    thread::scope(|scope| {
        for thread in 0..3 {
            let store = &store;
            scope.spawn(move || {
                for number in 0.. {
                    let operation = format!("op-{thread}-{number}");
                    let sequence = store.commit(answer(&operation, 500)).expect("committed");
                    println!("\nacknowledged {sequence} {operation}");
                }
            });
        }
    });
}

#[test]
fn e2_what_was_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jitsuin.db");
    let name = "sqlite::tests::durability::child_commits_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(CHILD_DATABASE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let acknowledged: Vec<(u64, String)> = lines
        .map_while(std::io::Result::ok)
        .filter_map(|line| {
            let (sequence, operation) = line.strip_prefix("acknowledged ")?.split_once(' ')?;
            Some((sequence.parse().ok()?, operation.to_owned()))
        })
        .take(300)
        .collect();
    child.kill().expect("killed in the middle");
    child.wait().expect("dead");
    assert_eq!(acknowledged.len(), 300, "the child came that far");

    let store = Sqlite::open(&path, options()).expect("it opens again");
    for (sequence, operation) in acknowledged {
        let id = act(&operation).operation;
        assert!(store.operation(&id).expect("read").is_some(), "{operation}");
        let rows = store.journal(sequence, 1).expect("read");
        assert_eq!(rows[0].0, sequence);
    }
    let last = store.last_sequence().expect("read").expect("entries");
    assert_eq!(store.journal(0, usize::MAX).expect("read").len() as u64, last + 1, "no gap");
    store.commit(answer("op-after", 1)).expect("it goes on");
}

#[test]
fn e2_a_full_disk_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jitsuin.db");
    let store = Sqlite::open(&path, options().max_pages(400)).expect("a store");
    let operations = |thread| (0..100).map(move |number| format!("op-{thread}-{number}"));
    let work = |thread| -> Vec<(String, Result<u64, Error>)> {
        operations(thread)
            .map(|operation| {
                let outcome = store.commit(answer(&operation, 10_000));
                (operation, outcome)
            })
            .collect()
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..4).map(|t| scope.spawn(move || work(t))).collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect()
    });
    let done = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    assert!(done > 10 && done < 390, "{done} of 400: the disk was full in the middle");
    for (operation, outcome) in &outcomes {
        let there = store.operation(&act(operation).operation).expect("a full disk can be read");
        assert_eq!(there.is_some(), outcome.is_ok(), "{operation}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        }
    }
    assert_eq!(store.last_sequence().expect("read"), Some(done as u64 - 1));
    // A small one may have come last, for which there was room.
    store.commit(answer("op-last", 400 * 4096)).expect_err("more than there is room for");
    assert!(store.failing().is_some(), "and it is told that nothing is taken");
    drop(store);
    let store = Sqlite::open(&path, options()).expect("with room again");
    assert_eq!(store.commit(answer("op-after", 10_000)).expect("it goes on"), done as u64);
    assert_eq!(store.failing(), None);
    assert_eq!(integrity(&path), "ok");
}

fn integrity(path: &Path) -> String {
    let connection = Connection::open(path).expect("the file");
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check")
}

#[test]
fn e2_a_database_needs_the_personal_data_key_it_was_made_under() {
    let (directory, store) = open();
    drop(store);
    let path = directory.path().join("jitsuin.db");
    let other = Options::new(PersonalDataKey::new([8; 32]), StateKey::new([6; 32]));
    let error = Sqlite::open(&path, other).expect_err("another key").to_string();
    assert!(error.contains("another personal data key"), "{error}");
    Sqlite::open(&path, options()).expect("the right key");
}

#[test]
fn e2_what_is_no_database_of_ours_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = directory.path().join("text");
    std::fs::write(&text, "no database at all".repeat(100)).expect("a file");
    assert!(matches!(Sqlite::open(&text, options()), Err(Error::Corrupt { .. })));
    let absent = directory.path().join("absent").join("jitsuin.db");
    assert!(matches!(Sqlite::open(&absent, options()), Err(Error::Unavailable(_))));
}

#[test]
fn e2_two_programs_on_one_file_share_the_sequence() {
    let (directory, first) = open();
    let second = Sqlite::open(directory.path().join("jitsuin.db"), options()).expect("opened");
    let commit = |store: &Sqlite, operation: &str| store.commit(answer(operation, 1));
    assert_eq!(commit(&first, "op-1").expect("committed"), 0);
    assert_eq!(commit(&second, "op-2").expect("committed"), 1);
    assert_eq!(commit(&first, "op-3").expect("committed"), 2);
    assert!(matches!(commit(&second, "op-1"), Err(Error::Duplicate { .. })));
    assert_eq!(second.last_sequence().expect("read"), Some(2));
}

#[test]
fn e1_a_destroyed_key_is_gone_from_the_file() {
    let (directory, store) = open();
    let path = directory.path().join("jitsuin.db");
    let resident = crate::contract::fixtures::resident(1);
    let told = entry(EventKind::ApplicationReceived).personal(&resident, "secret");
    store.commit(Unit::new(told)).expect("committed");
    let connection = Connection::open(&path).expect("the file");
    let wrapped: Vec<u8> = connection
        .query_row("SELECT wrapped FROM resident_key", [], |row| row.get(0))
        .expect("a key");
    drop(connection);
    let contains = || {
        let file = std::fs::read(&path).expect("the file");
        file.windows(wrapped.len()).any(|window| window == wrapped)
    };
    drop(store);
    assert!(contains(), "it was in the file");
    let store = Sqlite::open(&path, options()).expect("opened");
    let forget = Change::ForgetResident(resident);
    store.commit(Unit::new(entry(EventKind::RecordsRead)).change(forget)).expect("committed");
    drop(store);
    assert!(!contains(), "not even in a free page");
}

#[test]
fn e1_a_resident_is_nowhere_in_the_journal_tables() {
    let (directory, store) = open();
    let resident = crate::contract::fixtures::resident(1);
    let told = entry(EventKind::ApplicationReceived).personal(&resident, "髙橋 花子");
    store.commit(Unit::new(told)).expect("committed");
    store
        .commit(
            Unit::new(entry(EventKind::RecordsRead))
                .change(Change::ForgetResident(resident.clone())),
        )
        .expect("committed");
    drop(store);
    let file = std::fs::read(directory.path().join("jitsuin.db")).expect("the file");
    for text in [resident.as_str(), "髙橋"] {
        let found = file.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{text}");
    }
}
