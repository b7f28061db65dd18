//! The database file tampered with behind the program's back, through another connection.

use rstest::rstest;
use rusqlite::{Connection, params};

use super::{Place, TestSigner, forty};
use crate::journal::{Checkpoint, Edge, Report, leaf_hash, verify_database};

fn verify(place: &Place, known: &[Checkpoint]) -> Report {
    let key = TestSigner::new(1).key();
    verify_database(&place.database(), &key, known).expect("it can be read")
}

fn findings_of(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

fn intruder(place: &Place) -> Connection {
    let connection = Connection::open(place.database()).expect("the file");
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        .expect("an intruder minds no constraint");
    connection
}

#[test]
fn e2_an_untouched_database_verifies_while_it_is_in_use() {
    let place = forty();
    let store = place.open();
    let alone = vec![10, 25, 37];
    let expected =
        Report { entries: 40, sealed: 37, checkpoints: 3, own: 3, alone, ..Report::default() };
    assert_eq!(verify(&place, &place.in_sink()).findings, []);
    assert_eq!(verify(&place, &[]), expected);
    drop(store);
}

#[rstest]
#[case::flipped(
    "UPDATE journal SET body = CAST(replace(CAST(body AS TEXT), 'done', 'dome') AS BLOB) WHERE sequence = 17",
    &["entry 17: body does not match its leaf hash"])]
#[case::flipped_leaf(
    "UPDATE journal SET leaf = zeroblob(32) WHERE sequence = 17",
    &["entry 17: body does not match its leaf hash"])]
#[case::emptied(
    "UPDATE journal SET body = zeroblob(0) WHERE sequence = 39",
    &["entry 39: body does not match its leaf hash"])]
#[case::two_flipped(
    "UPDATE journal SET body = CAST('{}' AS BLOB) WHERE sequence IN (3, 30)",
    &["entry 3: body does not match its leaf hash", "entry 30: body does not match its leaf hash"])]
#[case::removed("DELETE FROM journal WHERE sequence = 18", &["entry 18 missing"])]
#[case::removed_and_closed_up(
    "DELETE FROM journal WHERE sequence = 18;
     UPDATE journal SET sequence = sequence + 1000 WHERE sequence > 18;
     UPDATE journal SET sequence = sequence - 1001 WHERE sequence > 1000",
    &["entry 18 missing"])]
#[case::cut_off("DELETE FROM journal WHERE sequence >= 30", &["entries 30 to 36 missing"])]
#[case::swapped(
    "UPDATE journal SET sequence = 1000 WHERE sequence = 18;
     UPDATE journal SET sequence = 18 WHERE sequence = 19;
     UPDATE journal SET sequence = 19 WHERE sequence = 1000",
    &["entries 18 and 19 swapped"])]
#[case::swapped_far(
    "UPDATE journal SET sequence = 1000 WHERE sequence = 5;
     UPDATE journal SET sequence = 5 WHERE sequence = 31;
     UPDATE journal SET sequence = 31 WHERE sequence = 1000",
    &["entries 5 and 31 swapped"])]
#[case::inserted(
    "UPDATE journal SET sequence = sequence + 1000 WHERE sequence >= 18;
     UPDATE journal SET sequence = sequence - 999 WHERE sequence >= 1000;
     INSERT INTO journal SELECT 18, kind, body, leaf, mac FROM journal WHERE sequence = 5",
    &["entry inserted after entry 17"])]
#[case::replaced(
    "DELETE FROM journal WHERE sequence = 18;
     INSERT INTO journal SELECT 18, kind, body, leaf, mac FROM journal WHERE sequence = 5",
    &["entry 5 stands in the place of entry 18"])]
#[case::node(
    "UPDATE merkle_node SET hash = zeroblob(32) WHERE level = 2 AND place = 3",
    &["node 3 of level 2 does not match the entries below it"])]
#[case::node_removed(
    "DELETE FROM merkle_node WHERE level = 1 AND place = 9",
    &["node 9 of level 1 does not match the entries below it"])]
#[case::signature(
    "UPDATE checkpoint SET note = replace(note, '— journal.example/log ', '— journal.example/log A') WHERE size = 25",
    &["checkpoint of size 25: signature invalid"])]
#[case::checkpoint_moved(
    "UPDATE checkpoint SET size = 26 WHERE size = 25",
    &["checkpoint of size 26: it is a checkpoint of size 25"])]
#[case::checkpoint_unreadable(
    "UPDATE checkpoint SET note = 'x' WHERE size = 25",
    &["checkpoint of size 25: not a signed note: no empty line before the signatures"])]
fn e2_a_database_tampered_with_is_told_where(#[case] sql: &str, #[case] expected: &[&str]) {
    let place = forty();
    intruder(&place).execute_batch(sql).expect("the change");
    assert_eq!(findings_of(&verify(&place, &[])), expected);
}

/// Rewrites an entry with a leaf hash that fits.
fn forge(connection: &Connection, sequence: u64) {
    let body = format!(r#"{{"version":1,"sequence":{sequence},"kind":"forged"}}"#).into_bytes();
    connection
        .execute(
            "UPDATE journal SET body = ?2, leaf = ?3 WHERE sequence = ?1",
            params![sequence, body, leaf_hash(&body)],
        )
        .expect("the change");
}

#[test]
fn e2_a_forger_who_fits_the_leaf_meets_the_nodes() {
    let place = forty();
    forge(&intruder(&place), 17);
    assert_eq!(findings_of(&verify(&place, &[])), ["entry 16 or 17 does not match the tree"]);
    let place = forty();
    forge(&intruder(&place), 36);
    let expected = "tree of checkpoint size 37 does not match; it is right until size 25";
    assert_eq!(findings_of(&verify(&place, &[])), [expected], "the last entry has no node yet");
}

#[test]
fn e2_a_forger_who_fits_all_nodes_meets_the_signature() {
    let place = forty();
    let connection = intruder(&place);
    forge(&connection, 17);
    let mut tree = Edge::default();
    for sequence in 0..37_u64 {
        let leaf = connection
            .query_row("SELECT leaf FROM journal WHERE sequence = ?1", [sequence], |r| r.get(0))
            .expect("a leaf");
        tree.append(leaf, |node| {
            let sql = "UPDATE merkle_node SET hash = ?3 WHERE level = ?1 AND place = ?2";
            connection.execute(sql, params![node.level, node.place, node.hash]).expect("a node");
        });
    }
    let expected = "tree of checkpoint size 25 does not match; it is right until size 10";
    assert_eq!(findings_of(&verify(&place, &[])), [expected]);
    let note = Checkpoint::sign(37, tree.root(), &TestSigner::new(9)).expect("signed").note;
    connection.execute("UPDATE checkpoint SET note = ?1 WHERE size = 37", [note]).expect("set");
    let findings = findings_of(&verify(&place, &[]));
    assert_eq!(findings, ["checkpoint of size 37: signature invalid", expected]);
}

#[test]
fn e2_an_end_cut_off_with_all_its_traces_shows_against_a_sink() {
    let place = forty();
    intruder(&place)
        .execute_batch(
            "DELETE FROM journal WHERE sequence >= 25; DELETE FROM checkpoint WHERE size > 25;
             DELETE FROM merkle_node WHERE (place + 1) << level > 25",
        )
        .expect("the change");
    assert_eq!(findings_of(&verify(&place, &[])), [""; 0], "nothing in the file says otherwise");
    let known = place.in_sink();
    assert_eq!(findings_of(&verify(&place, &known)), ["entries 25 to 36 missing"]);
}

#[test]
fn e2_a_file_that_is_no_database_is_an_error() {
    let place = forty();
    let path = place.directory.path().join("other");
    std::fs::write(&path, "no database at all, but long enough to be looked at").expect("a file");
    verify_database(&path, &TestSigner::new(1).key(), &[]).expect_err("no database");
    verify_database(&path.join("absent"), &TestSigner::new(1).key(), &[]).expect_err("absent");
}
