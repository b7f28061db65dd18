//! Places outside: torn notes, foreign text, and what they know that the database does not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::{Place, TestSigner, commit, forty};
use crate::contract::fixtures::at;
use crate::journal::{
    Checkpoint, PlaceHolds, SealableJournal, SinkReading, read_sink, verify_database,
};
use crate::reads::ReadHead;
use crate::{Error, Extent, Store};

fn sink_file(place: &Place) -> PathBuf {
    fs::read_dir(place.sink()).expect("a sink").next().expect("one").expect("a file").path()
}

fn read(place: &Place) -> SinkReading {
    read_sink(&place.sink(), &TestSigner::new(1).key()).expect("read")
}

fn sizes(reading: &SinkReading) -> Vec<u64> {
    reading.checkpoints.iter().map(|checkpoint| checkpoint.size).collect()
}

/// A note that was cut at any octet is told as cut, the ones before and after it as they are; and a
/// program that goes on cuts the rest of it off.
#[test]
fn e6_a_torn_note_is_told_as_torn_and_cut_off_before_the_next() {
    let place = forty();
    let whole = fs::read(sink_file(&place)).expect("read");
    let key = TestSigner::new(1).key();
    let last = Checkpoint::sign(37, read(&place).checkpoints[2].root, &TestSigner::new(1));
    let last = format!("{}\n", last.expect("signed").note);
    let begins = whole.len() - last.len();
    for cut in 1..last.len() - 1 {
        fs::write(sink_file(&place), &whole[..begins + cut]).expect("torn");
        let torn = read(&place);
        assert_eq!((sizes(&torn), torn.remarks.len()), (vec![10, 25], 1), "{cut}: {torn:?}");
        assert!(torn.remarks[0].contains("cut off"), "{torn:?}");
        // As earlier programs went on: without a look at how the file ended.
        let glued = [&whole[..begins + cut], last.as_bytes()].concat();
        fs::write(sink_file(&place), glued).expect("glued");
        let glued = read(&place);
        assert_eq!((sizes(&glued), glued.remarks.len()), (vec![10, 25, 37], 1), "{cut}: {glued:?}");
        let report = verify_database(&place.database(), &key, &glued.checkpoints).expect("read");
        assert_eq!(report.findings, [], "{cut}");
    }
    fs::write(sink_file(&place), &whole[..begins + 50]).expect("torn");
    let store = place.open();
    place.grow(&store, 0);
    assert_eq!(read(&place).remarks, [""; 0], "it was cut off");
    assert_eq!(sizes(&read(&place)), [10, 25, 40]);
}

#[test]
fn e2_foreign_text_in_a_sink_is_told_as_what_it_is() {
    let place = forty();
    let mut file = OpenOptions::new().append(true).open(sink_file(&place)).expect("the sink");
    file.write_all(b"nobody signed this\n\n\xff\xfe not even text").expect("appended");
    let reading = read(&place);
    assert_eq!(sizes(&reading), [10, 25, 37]);
    assert!(
        reading.remarks.iter().all(|remark| remark.contains("signed by nobody")),
        "{reading:?}"
    );
    let store = place.open();
    place.grow(&store, 1);
    let reading = read(&place);
    assert_eq!(sizes(&reading), [10, 25, 37, 41], "foreign text stays, and hides nothing");
    assert!(!reading.remarks.is_empty());
    // A complete note under another key is no torn one: it claims to be of this journal.
    let forged = Checkpoint::sign(99, [3; 32], &TestSigner::new(9)).expect("signed");
    let mut file = OpenOptions::new().append(true).open(sink_file(&place)).expect("the sink");
    file.write_all(format!("{}\n", forged.note).as_bytes()).expect("appended");
    let key = TestSigner::new(1).key();
    let known = read(&place).checkpoints;
    let report = verify_database(&place.database(), &key, &known).expect("read");
    let told: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["checkpoint of size 99: signature invalid"]);
}

/// What nobody signed keeps no journal from being continued.
#[test]
fn e2_a_note_that_the_key_did_not_sign_stops_nothing() {
    let place = forty();
    let forged = Checkpoint::sign(99, [3; 32], &TestSigner::new(9)).expect("signed");
    let mut file = OpenOptions::new().append(true).open(sink_file(&place)).expect("the sink");
    file.write_all(format!("{}\n", forged.note).as_bytes()).expect("appended");
    place.grow(&place.open(), 1);
}

#[test]
fn e6_a_journal_is_held_against_every_place_without_a_signature() {
    let place = forty();
    let key = TestSigner::new(1).key();
    let store = place.open();
    let held = place.sealer().hold(&store, &key).expect("it continues");
    assert_eq!(held, [PlaceHolds { directory: place.sink(), size: Some(37) }]);
    assert_eq!(store.last_checkpoint().expect("read").map(|last| last.size), Some(37));
    // Behind the last note stands one of another past: the order of the file decides nothing.
    let other = Checkpoint::sign(12, [3; 32], &TestSigner::new(1)).expect("signed");
    let whole = fs::read(sink_file(&place)).expect("read");
    fs::write(sink_file(&place), [other.note.as_bytes(), b"\n", &whole[..]].concat()).expect("put");
    let mut sealer = place.sealer();
    for _ in 0..2 {
        let error = sealer.hold(&store, &key).expect_err("another past").to_string();
        assert!(error.contains("not the one of checkpoint size 12"), "{error}");
    }
}

#[test]
fn e6_a_journal_that_is_older_than_a_checkpoint_stops_everything() {
    let place = Place::new();
    let store = place.open();
    place.grow(&store, 25);
    drop(store);
    let copy = place.database().with_extension("copy");
    fs::copy(place.database(), &copy).expect("a copy");
    let store = place.open();
    place.grow(&store, 12);
    drop(store);
    fs::copy(&copy, place.database()).expect("put back");
    let store = place.open();
    let mut sealer = place.sealer();
    let held = sealer.hold(&store, &TestSigner::new(1).key()).expect_err("it is old");
    assert!(matches!(held, Error::Corrupt { .. }), "{held}");
    assert_eq!(store.doubt().extent(), None, "who only looks decides for nobody");
    sealer.seal(&store, &TestSigner::new(1), at(0)).expect_err("it is old");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
    let unit =
        crate::Unit::new(crate::contract::fixtures::entry(domain::journal::EventKind::RoomEntry));
    assert!(matches!(store.commit(unit), Err(Error::Doubted { .. })));
    let again = sealer.seal(&store, &TestSigner::new(1), at(0)).expect_err("for good");
    assert!(matches!(again, Error::Doubted { .. }), "{again}");
}

#[test]
fn e6_a_sink_that_lost_its_notes_while_it_is_in_use_takes_no_more() {
    let place = Place::new();
    let (store, signer) = (place.open(), TestSigner::new(1));
    let mut sealer = place.sealer();
    commit(&store, 3);
    sealer.seal(&store, &signer, at(0)).expect("sealed");
    fs::remove_file(sink_file(&place)).expect("removed");
    commit(&store, 1);
    let error = sealer.seal(&store, &signer, at(0)).expect_err("it is gone").to_string();
    assert!(error.contains("checkpoint sink"), "{error}");
    assert_eq!(store.last_checkpoint().expect("read").map(|last| last.size), Some(3));
}

/// A place on a disk that was pulled and came back: the same notes, by another device and inode.
#[test]
fn e6_a_sink_that_went_away_and_came_back_as_it_was_goes_on() {
    let place = Place::new();
    let (store, signer) = (place.open(), TestSigner::new(1));
    let mut sealer = place.sealer();
    commit(&store, 3);
    sealer.seal(&store, &signer, at(0)).expect("sealed");
    let (file, away) = (sink_file(&place), place.database().with_extension("away"));
    fs::rename(&file, &away).expect("pulled");
    commit(&store, 1);
    sealer.seal(&store, &signer, at(0)).expect_err("it is away");
    fs::copy(&away, &file).expect("back");
    sealer.seal(&store, &signer, at(0)).expect("it goes on");
    assert_eq!(store.last_checkpoint().expect("read").map(|last| last.size), Some(4));
    let notes = fs::read_to_string(&file).expect("read");
    assert!(notes.starts_with(&fs::read_to_string(&away).expect("read")), "{notes}");
}

/// On read-only media nothing can be made beside the file; a directory in the place does the same.
#[test]
fn e2_a_database_that_was_closed_verifies_where_no_file_can_be_made() {
    let place = forty();
    let beside = |end: &str| place.database().with_file_name(format!("jitsuin.db{end}"));
    let verified = || verify_database(&place.database(), &TestSigner::new(1).key(), &[]);
    fs::create_dir(beside("-shm")).expect("in the way");
    let report = verified().expect("read");
    assert_eq!((report.entries, report.sealed, report.findings), (40, 37, vec![]));
    assert_eq!((report.own, report.witnessed, report.witnessed_until), (3, 0, 0));
    fs::write(beside("-wal"), "what was not moved into the file yet").expect("a log");
    let error = verified().expect_err("the file is not all there is").to_string();
    assert!(error.contains("copy it with its log"), "{error}");
}

#[test]
fn e2_a_report_says_which_checkpoints_have_a_witness() {
    let place = forty();
    let known = read(&place).checkpoints;
    let key = TestSigner::new(1).key();
    let verified = |known| verify_database(&place.database(), &key, known).expect("read");
    let told = |known| {
        let report = verified(known);
        (report.own, report.witnessed, report.witnessed_until)
    };
    assert_eq!(told(&[]), (3, 0, 0));
    assert_eq!(told(&known[..2]), (3, 2, 25));
    assert_eq!(told(&known), (3, 3, 37));
}
