//! Sealing: what is signed, where it goes, and when nothing is.

use std::sync::mpsc::channel;
use std::time::Duration;

use domain::journal::EventKind;
use rusqlite::Connection;

use super::{Place, TestSigner, commit, forty};
use crate::contract::fixtures::{at, entry};
use crate::journal::{
    Checkpoint, CheckpointSigner, SealableJournal, Sealer, consistency_proof, inclusion_proof,
    run_sealer, verify_consistency, verify_database, verify_inclusion,
};
use crate::{Error, Sqlite, Store, Unit};

#[test]
fn e2_every_entry_and_every_checkpoint_can_be_proven() {
    let place = forty();
    let store = place.open();
    let checkpoints = store.checkpoints(0, 10).expect("read");
    assert_eq!(checkpoints.iter().map(|c| c.size).collect::<Vec<_>>(), [10, 25, 37]);
    let node = |level, place| store.node(level, place);
    for checkpoint in &checkpoints {
        for leaf in store.leaves(0, checkpoint.size as usize).expect("read") {
            let proof = inclusion_proof(leaf.sequence, checkpoint.size, node).expect("a proof");
            let (hash, size) = (&leaf.hash, checkpoint.size);
            verify_inclusion(hash, leaf.sequence, size, &checkpoint.root, &proof)
                .expect("included");
        }
    }
    for pair in checkpoints.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let proof = consistency_proof(old.size, new.size, node).expect("a proof");
        verify_consistency((old.size, &old.root), (new.size, &new.root), &proof).expect("appended");
    }
}

#[test]
fn e2_a_checkpoint_goes_to_the_sinks_before_the_store() {
    let place = forty();
    let store = place.open();
    assert_eq!(place.in_sink(), store.checkpoints(0, 10).expect("read"));
    let mut homeless = Sealer::new([place.sink().join("not-there")]);
    let outcome = homeless.seal(&store, &TestSigner::new(1), at(0));
    assert!(matches!(outcome, Err(Error::Unavailable(_))));
    assert_eq!(store.last_checkpoint().expect("read").map(|c| c.size), Some(37));
    place.grow(&store, 0);
    assert_eq!(place.in_sink().len(), 4);
}

#[test]
fn e6_a_checkpoint_that_reached_a_sink_before_a_cut_is_of_this_journal() {
    let place = forty();
    let store = place.open();
    let signer = TestSigner::new(1);
    // The second sink stands for the cut: the first has what the store does not know of.
    let mut cut = Sealer::new([place.sink(), place.sink().join("not-there")]);
    cut.seal(&store, &signer, at(0)).expect_err("cut between sink and store");
    let held = place.sealer().hold(&store, &signer.key()).expect("it is of this journal");
    assert_eq!(held[0].size, Some(40));
    assert_eq!(store.last_checkpoint().expect("read").map(|c| c.size), Some(37));
    let sealed = place.sealer().seal(&store, &signer, at(0)).expect("it goes on");
    assert_eq!(sealed.map(|checkpoint| checkpoint.size), Some(40));
}

#[test]
fn e2_nothing_new_is_nothing_to_seal() {
    let place = Place::new();
    let store = place.open();
    let (mut sealer, signer) = (place.sealer(), TestSigner::new(1));
    assert_eq!(sealer.seal(&store, &signer, at(0)).expect("nothing"), None);
    commit(&store, 1);
    assert_eq!(sealer.seal(&store, &signer, at(0)).expect("one").map(|c| c.size), Some(1));
    assert_eq!(sealer.seal(&store, &signer, at(0)).expect("nothing"), None);
}

#[test]
fn e2_a_signer_that_cannot_sign_seals_nothing() {
    struct Locked;
    impl CheckpointSigner for Locked {
        fn name(&self) -> &str {
            "locked"
        }
        fn public_key(&self) -> [u8; 32] {
            [1; 32]
        }
        fn sign(&self, _: &[u8]) -> Result<[u8; 64], String> {
            Err("the token is locked".into())
        }
    }
    let place = Place::new();
    let store = place.open();
    commit(&store, 1);
    let error = place.sealer().seal(&store, &Locked, at(0)).expect_err("locked").to_string();
    assert!(error.contains("the token is locked"), "{error}");
    assert_eq!(store.last_checkpoint().expect("read"), None);
}

/// Changes the closed database with `sql` and returns why sealing then refuses.
fn refusal(place: &Place, sql: &str) -> String {
    let connection = Connection::open(place.database()).expect("the file");
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("off");
    connection.execute_batch(sql).expect("the change");
    drop(connection);
    let store = place.open();
    let error = place.sealer().seal(&store, &TestSigner::new(1), at(0)).expect_err("refused");
    assert_eq!(place.in_sink().len(), 3, "nothing was signed");
    error.to_string()
}

#[test]
fn e2_a_changed_past_is_not_continued() {
    let node = refusal(
        &forty(),
        "UPDATE merkle_node SET hash = zeroblob(32) WHERE level = 5 AND place = 0",
    );
    assert!(node.contains("not the one of checkpoint size 37"), "{node}");
    let body =
        refusal(&forty(), "UPDATE journal SET body = CAST('{}' AS BLOB) WHERE sequence = 38");
    assert!(body.contains("entry 38"), "{body}");
    let gap = refusal(&forty(), "DELETE FROM journal WHERE sequence = 38");
    assert!(gap.contains("entry 38"), "{gap}");
}

/// A copy of the whole database is as sound as it was, so only a sink knows that it is old.
#[test]
fn e2_a_database_that_was_put_back_is_not_continued() {
    let place = Place::new();
    let store = place.open();
    place.grow(&store, 25);
    drop(store);
    let copy = place.database().with_extension("copy");
    std::fs::copy(place.database(), &copy).expect("a copy");
    let store = place.open();
    place.grow(&store, 12);
    drop(store);
    std::fs::copy(&copy, place.database()).expect("put back");
    let store = place.open();
    let error = place.sealer().seal(&store, &TestSigner::new(1), at(0)).expect_err("it is old");
    assert!(error.to_string().contains("ends before entry 37"), "{error}");
}

/// A copy that somebody worked on while this one was in use: its checkpoint is where ours go.
#[test]
fn e2_what_was_sealed_elsewhere_meanwhile_is_in_doubt_with_the_next_look() {
    let place = Place::new();
    let store = place.open();
    commit(&store, 10);
    let (mut sealer, signer) = (place.sealer(), TestSigner::new(1));
    sealer.seal(&store, &signer, at(0)).expect("sealed").expect("ten entries");
    let copy = place.database().with_extension("copy");
    let sql = format!("VACUUM INTO '{}'", copy.display());
    Connection::open(place.database()).and_then(|it| it.execute_batch(&sql)).expect("a copy");
    let other = super::open(&copy);
    place.grow(&other, 1);
    let error = sealer.seal(&store, &signer, at(0)).expect_err("it knows of less");
    assert!(error.to_string().contains("ends before entry 11"), "{error}");
    let refused = store.commit(Unit::new(entry(EventKind::RoomEntry))).expect_err("in doubt");
    assert!(matches!(refused, Error::Doubted { .. }), "{refused:?}");
}

/// Entries that are cut off without the digest are missed at once, by whoever opens the database.
#[test]
fn e2_a_journal_that_was_cut_does_not_open() {
    let place = forty();
    let connection = Connection::open(place.database()).expect("the file");
    connection
        .execute_batch(
            "DELETE FROM journal WHERE sequence >= 25; DELETE FROM checkpoint WHERE size > 25;
             DELETE FROM merkle_node WHERE (place + 1) << level > 25",
        )
        .expect("the change");
    drop(connection);
    let error = Sqlite::open(place.database(), super::options()).expect_err("it was cut");
    assert!(error.to_string().contains("40 entries, and the journal has 25"), "{error}");
}

#[test]
fn e2_a_journal_replaced_under_another_key_is_not_continued() {
    let place = forty();
    let mut note = Checkpoint::sign(37, [0; 32], &TestSigner::new(9)).expect("signed").note;
    note = note.replace('\'', "''");
    let told = refusal(&place, &format!("UPDATE checkpoint SET note = '{note}' WHERE size = 37"));
    assert!(told.contains("no valid signature"), "{told}");
}

#[test]
fn e2_a_journal_that_diverged_from_its_sink_is_not_continued() {
    // The database is replaced by one with other entries, sealed with the same key elsewhere.
    let (place, other) = (forty(), Place::new());
    let store = other.open();
    commit(&store, 50);
    let error = place.sealer().seal(&store, &TestSigner::new(1), at(0)).expect_err("another past");
    assert!(error.to_string().contains("checkpoint size 25"), "{error}");
    assert_eq!(store.last_checkpoint().expect("read"), None);
}

#[test]
fn e2_commits_stop_when_sealing_does() {
    let place = Place::new();
    let options = super::options().max_unsealed(Duration::ZERO);
    let store = Sqlite::open(place.database(), options).expect("a store");
    let told = || Unit::new(entry(EventKind::RoomEntry));
    store.commit(told()).expect("nothing waits yet");
    let refused = store.commit(told()).expect_err("it waits for its seal").to_string();
    assert!(refused.contains("waited"), "{refused}");
    place.sealer().seal(&store, &TestSigner::new(1), at(0)).expect("sealed");
    assert_eq!(store.commit(told()).expect("open again"), 1);
}

/// What is acknowledged while no checkpoint can be made would be in no evidence.
#[test]
fn e2_nothing_is_committed_while_the_sealing_fails_and_places_that_do_not_are_given_it_once() {
    let place = Place::new();
    let store = place.open();
    let told = || Unit::new(entry(EventKind::RoomEntry));
    store.commit(told()).expect("nothing failed yet");
    let missing = place.sink().join("not-there-yet");
    std::fs::create_dir_all(place.sink()).expect("the first place");
    let (stop, stopped) = channel();
    std::thread::scope(|scope| {
        let sinks = vec![place.sink(), missing.clone()];
        let store = &store;
        scope.spawn(move || {
            let (signer, often) = (TestSigner::new(1), Duration::from_millis(20));
            run_sealer(store, &signer, sinks, &stopped, often, &|| at(9));
        });
        let begun = std::time::Instant::now();
        let refused = loop {
            match store.commit(told()) {
                Err(error) => break error.to_string(),
                Ok(_) => assert!(begun.elapsed() < Duration::from_secs(20), "it goes on"),
            }
        };
        assert!(refused.contains("cannot be sealed"), "{refused}");
        std::thread::sleep(Duration::from_millis(300));
        let given = place.in_sink();
        let sizes: std::collections::BTreeSet<_> = given.iter().map(|one| one.size).collect();
        assert_eq!(given.len(), sizes.len(), "each once");
        std::fs::create_dir(&missing).expect("it comes back");
        while store.commit(told()).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it stays shut");
        }
        drop(stop);
    });
}

#[test]
fn e2_the_sealer_seals_a_last_time_when_it_is_stopped() {
    let place = Place::new();
    let store = place.open();
    commit(&store, 5);
    let (stop, stopped) = channel();
    drop(stop);
    let (signer, hour) = (TestSigner::new(1), Duration::from_secs(3600));
    run_sealer(&store, &signer, vec![place.sink()], &stopped, hour, &|| at(9));
    assert_eq!(store.last_checkpoint().expect("read").map(|c| c.size), Some(5));
    let report = verify_database(&place.database(), &signer.key(), &[]).expect("read");
    assert!(report.is_intact() && report.sealed == 5, "{report:?}");
}

#[test]
fn e2_a_long_backlog_is_sealed_in_bounded_steps() {
    let place = Place::new();
    let store = place.open();
    let mut unit = Unit::new(entry(EventKind::RoomEntry));
    for _ in 0..20_000 {
        unit = unit.entry(entry(EventKind::RoomEntry));
    }
    store.commit(unit).expect("committed");
    let signer = TestSigner::new(1);
    let last = place.sealer().seal(&store, &signer, at(0)).expect("sealed").expect("one");
    assert_eq!(last.size, 20_001);
    assert_eq!(store.checkpoints(0, 10).expect("read").len(), 2);
    let report = verify_database(&place.database(), &signer.key(), &[]).expect("read");
    assert_eq!((report.entries, report.sealed, report.findings), (20_001, 20_001, vec![]));
}
