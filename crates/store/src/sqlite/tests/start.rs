//! A start over more than can be read again: what came after the last proof of it all is proven, and
//! no row is believed that an entry not long ago replaced.

use std::path::{Path, PathBuf};

use domain::application::ApplicationState;
use domain::certificate::{CertificateEvent, CertificateState};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use rusqlite::Connection;
use tempfile::TempDir;

use super::options;
use super::tamper::filled::filled;
use crate::contract::fixtures::{at, ca, commit, intend, intent, serial, unit};
use crate::reads::{ReadHead, ReadRevoked, ReadStatuses, ReadWindows};
use crate::{Change, Error, Extent, ProofExtent, Sqlite, StateProof, StateReport, Store};

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, options()).expect("a store")
}

/// Proves everything, and has the next start go on from here.
fn prove_whole(store: &Sqlite) -> u64 {
    let mut proof = StateProof::default();
    let report = store.prove(&mut proof, ProofExtent::Whole).expect("a proof");
    assert_eq!(report.findings, Vec::<String>::new());
    store.keep_proven(&proof).expect("kept");
    report.entries
}

/// What a start of a great installation proves before anything is served.
fn start(store: &Sqlite) -> StateReport {
    store.prove(&mut StateProof::default(), ProofExtent::Recent).expect("a proof")
}

fn revoke(store: &Sqlite) {
    let revoked = CertificateEvent::Revoke(RevocationReason::KeyCompromise);
    let from = CertificateState::Good;
    let to = from.after(revoked, at(50)).expect("allowed");
    commit(store, Change::SetCertificate { ca: ca(), serial: serial(3), from, to });
}

fn intruder(path: &Path, old: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file");
    connection.execute("ATTACH ?1 AS old", [old.to_str()]).expect("the old one");
    connection
}

/// An index as the schema has it, taken out of it or put in again while its pages stay as they are.
fn hide_index(path: &Path, change: impl FnOnce(&Connection)) {
    const COPY: &str = "CREATE TEMP TABLE hidden AS
        SELECT * FROM sqlite_schema WHERE name = 'certificate_listed'";
    let connection = Connection::open(path).expect("the file");
    let schema = |sql: &str| {
        connection.execute_batch("PRAGMA writable_schema = ON").expect("a schema to write");
        connection.execute_batch(sql).expect("written");
        // Reads the schema anew.
        connection.execute_batch("PRAGMA writable_schema = RESET").expect("read again");
    };
    connection.execute_batch(COPY).expect("a copy");
    schema("DELETE FROM sqlite_schema WHERE name = 'certificate_listed'");
    change(&connection);
    schema("INSERT INTO sqlite_schema SELECT * FROM hidden");
}

/// The row of the certificate, authenticator and all, as it was.
fn put_back(path: &Path, old: &Path) {
    let sql = "REPLACE INTO main.certificate SELECT * FROM old.certificate WHERE serial = ?1";
    let done = intruder(path, old).execute(sql, [serial(3).as_bytes()]).expect("put back");
    assert_eq!(done, 1);
}

fn copy(path: &Path) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let to = directory.path().join("old.db");
    std::fs::copy(path, &to).expect("a copy");
    (directory, to)
}

/// Whether the certificate was revoked before everything was proven or after, what stood there
/// before is not answered from.
#[test]
fn v11_a_revocation_put_back_while_stopped_is_never_good_after_a_start() {
    for revoked_before_the_proof in [false, true] {
        let (_directory, path) = filled();
        let (_old, old) = copy(&path);
        let store = open(&path);
        if revoked_before_the_proof {
            revoke(&store);
            prove_whole(&store);
        } else {
            prove_whole(&store);
            revoke(&store);
        }
        drop(store);
        put_back(&path, &old);
        let store = open(&path);
        start(&store);
        let answer = store.status(&ca(), &serial(3));
        assert!(
            matches!(answer, Err(Error::Corrupt { .. } | Error::Doubted { .. })),
            "{revoked_before_the_proof}: {answer:?}"
        );
        assert_eq!(store.doubt().extent(), Some(Extent::Everything), "{revoked_before_the_proof}");
        assert!(matches!(store.status(&ca(), &serial(4)), Err(Error::Doubted { .. })));
    }
}

/// Whatever its age: the index of what lists name has it still, or no longer comes to its sum.
#[test]
fn v11_a_revocation_put_back_is_found_by_what_lists_name() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path);
    let store = open(&path);
    revoke(&store);
    drop(store);
    let (_kept, kept) = copy(&path);
    put_back(&path, &old);
    let told = start(&open(&path)).findings.join("; ");
    assert!(told.contains("the certificates that lists of test-auth"), "{told}");

    std::fs::copy(&kept, &path).expect("as it was");
    hide_index(&path, |connection| {
        let sql = "REPLACE INTO main.certificate SELECT * FROM old.certificate WHERE serial = ?1";
        connection.execute("ATTACH ?1 AS old", [old.to_str()]).expect("the old one");
        assert_eq!(connection.execute(sql, [serial(3).as_bytes()]).expect("put back"), 1);
    });
    let store = open(&path);
    // Nothing is remembered yet: the row alone and the index disagree.
    assert!(store.status(&ca(), &serial(4)).is_ok());
    let answer = store.status(&ca(), &serial(3));
    assert!(matches!(answer, Err(Error::Corrupt { .. })), "{answer:?}");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
}

/// Any other row of a table that grows, too: what replaced it came before the last proof.
#[test]
fn e2_a_row_put_back_while_stopped_is_not_believed_after_a_start() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path);
    let store = open(&path);
    let id: domain::id::ApplicationId = "app-x1".parse().expect("an id");
    let (from, to) = (ApplicationState::Received, ApplicationState::Withdrawn);
    let record = b"{1}".to_vec();
    commit(&store, Change::SetApplication { id: id.clone(), from, to, record });
    prove_whole(&store);
    drop(store);
    let sql = "REPLACE INTO main.application SELECT * FROM old.application WHERE id = ?1";
    assert_eq!(intruder(&path, &old).execute(sql, [id.as_str()]).expect("put back"), 1);
    let store = open(&path);
    assert_eq!(start(&store).findings, Vec::<String>::new());
    let found = store.application(&id);
    assert!(matches!(found, Err(Error::Corrupt { .. })), "{found:?}");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
}

/// The same while the program runs, once the proof has read the entry.
#[test]
fn v11_a_revocation_put_back_while_it_runs_is_not_good() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path);
    let store = open(&path);
    let mut proof = StateProof::default();
    store.prove(&mut proof, ProofExtent::Recent).expect("a proof");
    revoke(&store);
    store.prove(&mut proof, ProofExtent::Recent).expect("a proof");
    assert!(store.status(&ca(), &serial(3)).is_ok());
    put_back(&path, &old);
    let answer = store.status(&ca(), &serial(3));
    assert!(matches!(answer, Err(Error::Corrupt { .. })), "{answer:?}");
}

/// Whoever reads a view from before an entry sees what it replaced, and nobody doubts it.
#[test]
fn v11_a_view_from_before_a_change_is_believed() {
    let (_directory, path) = filled();
    let store = open(&path);
    let mut proof = StateProof::default();
    store.prove(&mut proof, ProofExtent::Recent).expect("a proof");
    let series = crate::contract::fixtures::series();
    let mut seen = None;
    store
        .with_revoked(&series, true, at(0), &mut |view| {
            revoke(&store);
            store.prove(&mut proof, ProofExtent::Recent)?;
            seen = view.status(&serial(3))?;
            Ok(())
        })
        .expect("a view");
    assert_eq!(seen.map(|row| row.state), Some(CertificateState::Good));
    assert_eq!(store.doubt().extent(), None);
}

#[test]
fn e2_a_start_goes_on_from_where_everything_was_proven() {
    let (_directory, path) = filled();
    let store = open(&path);
    let before = start(&store).verified;
    commit(&store, Change::SetRegisterCursor { from: 2, to: 3 });
    let proven = prove_whole(&store);
    assert_eq!(proven, before + 1);
    revoke(&store);
    drop(store);
    let store = open(&path);
    let report = start(&store);
    assert_eq!((report.verified, report.entries), (proven, proven + 1));
    assert_eq!(report.findings, Vec::<String>::new());
}

/// The entries that came after are read, and what they tell must be what is stored.
#[test]
fn e2_a_start_reads_the_entries_after_the_last_proof() {
    let (_directory, path) = filled();
    let store = open(&path);
    let proven = prove_whole(&store);
    revoke(&store);
    drop(store);
    let forged =
        "UPDATE journal SET body = cast(replace(cast(body AS TEXT), 'op-0', 'op-1') AS BLOB)
        WHERE sequence = ?1";
    let connection = Connection::open(&path).expect("the file");
    assert_eq!(connection.execute(forged, [proven]).expect("forged"), 1);
    drop(connection);
    let told = start(&open(&path)).findings.join("; ");
    assert!(told.contains(&format!("entry {proven}")), "{told}");
}

/// A position that is not ours, or of more than there is, is no position.
#[test]
fn e2_a_position_that_is_not_ours_is_found() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path);
    let store = open(&path);
    intend(&store, crate::IntentRow { generation: 3, ..intent(9) });
    prove_whole(&store);
    drop(store);
    let (_kept, kept) = copy(&path);
    for (forged, expected) in [
        ("UPDATE state_verified SET entries = entries - 1", "authenticator"),
        ("UPDATE state_verified SET digests = zeroblob(length(digests))", "authenticator"),
    ] {
        std::fs::copy(&kept, &path).expect("as it was");
        Connection::open(&path).expect("the file").execute(forged, []).expect("forged");
        let told = start(&open(&path)).findings.join("; ");
        assert!(told.contains("verified state") && told.contains(expected), "{forged}: {told}");
    }
    // The database of before, with the position of after.
    std::fs::copy(&old, &path).expect("put back");
    drop(open(&path));
    intruder(&path, &kept)
        .execute("REPLACE INTO main.state_verified SELECT * FROM old.state_verified", [])
        .expect("planted");
    let told = start(&open(&path)).findings.join("; ");
    assert!(told.contains("were proven, and the journal has"), "{told}");
}

/// A row that is not ours does not hide that another was put back.
#[test]
fn e2_one_row_that_is_not_ours_does_not_hide_another() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path);
    let store = open(&path);
    revoke(&store);
    drop(store);
    put_back(&path, &old);
    let changed = "UPDATE certificate SET not_after = not_after + 1 WHERE serial = ?1";
    let connection = Connection::open(&path).expect("the file");
    assert_eq!(connection.execute(changed, [serial(2).as_bytes()]).expect("changed"), 1);
    drop(connection);
    let store = open(&path);
    let report = store.prove(&mut StateProof::default(), ProofExtent::Whole).expect("a proof");
    let told = report.findings.join("; ");
    assert!(told.contains("authenticator") && told.contains("rows were put back"), "{told}");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
}

/// Whoever knows the file may put a row back for the moment in which it is asked for, and right again:
/// what a commit replaced is no answer from that commit on, whichever process committed it.
#[test]
fn v11_e2_a_row_put_back_for_a_moment_answers_nobody() {
    for by_another in [false, true] {
        let (_directory, path) = filled();
        let (_old, old) = copy(&path);
        let store = open(&path);
        assert!(store.status(&ca(), &serial(3)).expect("read").is_some());
        if by_another {
            revoke(&open(&path));
        } else {
            revoke(&store);
        }
        put_back(&path, &old);
        let answer = store.status(&ca(), &serial(3));
        assert!(matches!(answer, Err(Error::Corrupt { .. })), "{by_another}: {answer:?}");
        assert_eq!(store.doubt().extent(), Some(Extent::Everything), "{by_another}");
    }
}

/// What forbids something may be taken away for the moment in which something is decided: before the first
/// commit of a process as well.
#[test]
fn e2_nothing_is_committed_while_a_row_is_missing_that_forbids_something() {
    for (table, at_once) in
        [("compromise", false), ("compromise", true), ("noted", false), ("noted", true)]
    {
        let (_directory, path) = filled();
        let (_old, old) = copy(&path);
        let store = open(&path);
        let somebody = intruder(&path, &old);
        if !at_once {
            commit(&store, Change::SetRegisterCursor { from: 2, to: 3 });
            // Another process of this program writes too, and so does whoever moves the log.
            commit(&open(&path), Change::SetRegisterCursor { from: 3, to: 4 });
            let moves = "PRAGMA wal_checkpoint(TRUNCATE)";
            somebody.query_row(moves, [], |_| Ok(())).expect("moved");
            commit(&store, Change::SetRegisterCursor { from: 4, to: 5 });
        }
        let gone = format!("DELETE FROM main.{table}");
        assert_eq!(somebody.execute(&gone, []).expect("deleted"), 2);
        let next = unit(EventKind::RoomEntry, Change::SetRegisterCursor { from: 5, to: 6 });
        let refused = store.commit(next);
        let Err(Error::Doubted { finding }) = refused else { panic!("{at_once}: {refused:?}") };
        let named = format!("{table}: rows were put back, taken away");
        assert!(finding.contains(&named), "{finding}");
        // To put it back changes nothing about that.
        let again = format!("INSERT INTO main.{table} SELECT * FROM old.{table}");
        assert_eq!(somebody.execute(&again, []).expect("put back"), 2);
        assert_eq!(store.doubt().extent(), Some(Extent::Everything));
    }
}

/// Each of these once stopped the work with a fault that told nobody why, or waited for the next start.
#[test]
fn e2_what_is_done_to_the_journal_or_to_the_proof_of_a_key_is_in_doubt_with_the_next_commit() {
    for (forged, named) in [
        ("UPDATE journal SET sequence = sequence + 600000 WHERE sequence = 4", "journal: "),
        ("UPDATE meta SET value = zeroblob(28)", "personal data key"),
        ("UPDATE meta SET name = ''", "personal data key"),
    ] {
        let (_directory, path) = filled();
        let store = open(&path);
        commit(&store, Change::SetRegisterCursor { from: 2, to: 3 });
        let somebody = Connection::open(&path).expect("the file");
        assert_eq!(somebody.execute(forged, []).expect("forged"), 1);
        let next = unit(EventKind::RoomEntry, Change::SetRegisterCursor { from: 3, to: 4 });
        let refused = store.commit(next);
        let Err(Error::Doubted { finding }) = refused else { panic!("{forged}: {refused:?}") };
        assert!(finding.contains(named), "{forged}: {finding}");
        assert_eq!(store.doubt().extent(), Some(Extent::Everything), "{forged}");
    }
}
