//! How a ceremony is carried out, cut off and gone on with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ca::ceremony::Happening;
use domain::ceremony::{State, StepState};
use store::reads::{ReadHead, ReadProceedings};

use super::twin::Lie;
use super::*;

#[test]
fn k3_a_ceremony_is_carried_out_and_told_completely() {
    let room = Room::new();
    let mut twin = room.twin();
    let record = room.run(&mut twin).expect("carried out");
    assert_eq!(
        (record.state, record.steps.len(), record.sittings.len()),
        (State::Completed, STEPS, 1)
    );
    assert_eq!(record.script_text, SCRIPT);
    assert_eq!(record.script_sha256, x509::digest::sha256(SCRIPT.as_bytes()));
    assert_eq!(record.sittings[0].present, enough());
    assert!(record.interruptions.is_empty() && !record.rehearsal);
    for (number, step) in record.steps.iter().enumerate() {
        let (started, done) = (step.started[0], step.done.expect("done"));
        assert!(step.started.len() == 1 && started.at < done.at, "step {number}");
        assert_eq!(done.sequence, started.sequence + 1);
        assert!(step.facts.is_some() && step.state == StepState::Done);
    }
    // Every moment of the record is the entry at its place in the journal.
    let journal = room.journal();
    assert_eq!(journal.len(), 2 + 2 * STEPS);
    let place = |sequence: u64| journal[usize::try_from(sequence).expect("small")].as_str();
    assert!(place(record.sittings[0].began.sequence).contains("\"ceremony-started\""));
    let renewed = place(record.steps[6].done.expect("done").sequence);
    assert!(renewed.contains("renew-ca-key") && renewed.contains("bridge-ca-2"), "{renewed}");
    let ended = record.ended.expect("ended").sequence;
    assert!(place(ended).contains("\"ceremony-completed\""));
    assert_eq!(record.last_sequence(), Some(ended));
    // Whoever asks later reads the same.
    let id = record.script.id.clone();
    let later = room.conduct(|conductor| conductor.record(&id)).expect("read");
    assert_eq!(later, Some(record));
    let heard = &twin.hardware.borrow().heard;
    assert!(matches!(heard.last().map(|one| &one.what), Some(Happening::Completed)));
}

#[test]
fn k3_a_ceremony_that_is_completed_is_not_carried_out_again() {
    let room = Room::new();
    let first = room.run(&mut room.twin()).expect("carried out");
    let mut idle = room.twin();
    let again = room.run(&mut idle).expect("told again");
    assert_eq!(again, first);
    assert!(idle.hardware.borrow().calls.is_empty());
    let last = room.journal().pop().expect("an entry");
    assert!(last.contains("\"no-op\"") && last.contains("genesis-2026"), "{last}");
    let id = first.script.id;
    let abandoned = room.conduct(|conductor| conductor.abandon(&id, "too late"));
    assert!(abandoned.expect_err("it has ended").to_string().contains("completed cannot abandon"));
}

#[test]
fn k3_a_cut_at_any_point_repeats_nothing_and_loses_nothing() {
    let room = Room::new();
    let mut whole = room.twin();
    room.run(&mut whole).expect("carried out");
    let points = whole.cut.passed;
    assert_eq!(points, 2 + 4 * STEPS);
    for point in 0..points {
        let fresh = Room::of(&room);
        let mut twin = fresh.twin();
        twin.cut.at = Some(point);
        let cut = catch_unwind(AssertUnwindSafe(|| fresh.run(&mut twin).map(drop)));
        assert!(cut.is_err(), "cut off at point {point}");
        // The program starts again; what the hardware holds is still there.
        let mut second = fresh.twin();
        second.hardware = twin.hardware.clone();
        let record = fresh.run(&mut second).expect("carried out");
        assert_eq!(record.state, State::Completed, "point {point}");
        let calls = &second.hardware.borrow().calls;
        assert_eq!(calls.len(), STEPS, "point {point}: a repetition has the same operation id");
        for (number, step) in record.steps.iter().enumerate() {
            let asked = calls[&format!("ceremony:genesis-2026-{}", number + 1)];
            assert!((1..=step.started.len()).contains(&asked), "point {point}, step {number}");
        }
        let journal = fresh.journal();
        let done = journal.iter().filter(|entry| entry.contains("[\"phase\",\"done\"]"));
        assert_eq!(done.count(), STEPS, "point {point}");
        // After the last commit nothing was interrupted any more.
        let cuts = usize::from(point + 1 < points);
        assert_eq!(record.interruptions.len(), cuts, "point {point}");
        assert_eq!(record.sittings.len(), 1 + cuts, "point {point}");
        let begun_twice = record.steps.iter().filter(|step| step.started.len() == 2).count();
        assert!(begun_twice <= 1, "point {point}");
    }
}

#[test]
fn k3_a_step_that_fails_interrupts_and_is_gone_on_with() {
    let room = Room::new();
    let mut twin = room.twin();
    twin.failing = Some(("genesis-2026-5".to_owned(), "the medium\nis full"));
    let error = room.run(&mut twin).expect_err("it fails");
    let told = "step 5 (backup) failed, and the ceremony is interrupted: the medium is full";
    assert_eq!(error.to_string(), told);
    let id = "genesis-2026".parse().expect("an id");
    let record = room.conduct(|conductor| conductor.record(&id)).expect("read").expect("begun");
    assert_eq!((record.state, record.interruptions[0].steps_done), (State::Interrupted, 4));
    assert_eq!(record.interruptions[0].reason, "step 5 (backup): the medium is full");
    let (row, _) = room.scratch.store.ceremony(&id).expect("read").expect("a row");
    assert_eq!((row.state, row.steps_done), (State::Interrupted, 4));
    let record = room.run(&mut twin).expect("gone on with");
    assert_eq!((record.state, record.steps[4].started.len()), (State::Completed, 2));
    assert!(record.steps.iter().enumerate().all(|(n, step)| step.started.len() == 1 || n == 4));
}

#[test]
fn k3_facts_that_cannot_be_are_not_taken_for_done() {
    let other_key: Lie = |facts| facts.keys[0].spki_sha256 = [0; 32];
    let lies: [(usize, Lie, &str); 8] = [
        (1, |facts| facts.keys.clear(), "0 keys instead of one"),
        // The self-signed certificate is then for another key than the one that was generated.
        (1, other_key, "step 2 (self-sign) failed"),
        (2, |facts| facts.certificates.clear(), "0 certificates"),
        (3, other_key, "not for the key"),
        (5, |facts| facts.files.clear(), "no file was written"),
        (6, other_key, "not those that were backed up"),
        (7, |facts| facts.certificates.truncate(2), "link certificates"),
        (8, |facts| facts.statements.clear(), "destruction was proven"),
    ];
    let room = Room::new();
    for (step, lie, expected) in lies {
        let fresh = Room::of(&room);
        let mut twin = fresh.twin();
        twin.lie = Some((step, lie));
        let told = fresh.run(&mut twin).expect_err(expected).to_string();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn k3_a_resumed_ceremony_keeps_its_script() {
    let room = Room::new();
    let mut twin = room.twin();
    twin.failing = Some(("genesis-2026-2".to_owned(), "no power"));
    room.run(&mut twin).expect_err("interrupted");
    let other = SCRIPT.replace("medium-1", "medium-2");
    let told = room.conduct(|c| c.run(&other, &premises(), &enough(), &mut twin));
    let told = told.expect_err("another script").to_string();
    assert!(told.contains("genesis-2026 was begun with another script, of SHA-256 "), "{told}");
    let refusal = room.journal().pop().expect("an entry");
    assert!(refusal.contains("\"refused\"") && refusal.contains("another script"), "{refusal}");
    let entries = room.scratch.store.last_sequence().expect("read");
    let clock = || room.clock.now();
    let actor = Actor::Staff("operator-1".parse().expect("an id"));
    let by = Act::new(actor, room.clock.now(), "op-ceremony".parse().expect("an id"));
    let rehearsing = Conductor::new(room.scratch.store.as_ref(), &clock, &by).rehearsing();
    let told = rehearsing.run(SCRIPT, &premises(), &enough(), &mut twin).expect_err("the other");
    assert!(told.to_string().contains("the other of rehearsal and ceremony"), "{told}");
    assert!(room.scratch.store.last_sequence().expect("read") > entries, "the refusal is recorded");
    assert_eq!(room.run(&mut twin).expect("the same script").state, State::Completed);
}

#[test]
fn k3_a_ceremony_can_be_given_up_for_good() {
    let room = Room::new();
    let mut twin = room.twin();
    twin.failing = Some(("genesis-2026-2".to_owned(), "no power"));
    room.run(&mut twin).expect_err("interrupted");
    let id = "genesis-2026".parse().expect("an id");
    let record = room.conduct(|c| c.abandon(&id, "the token is broken")).expect("given up");
    assert_eq!(record.state, State::Abandoned);
    assert_eq!(record.abandoned_because.as_deref(), Some("the token is broken"));
    assert!(room.run(&mut twin).expect_err("for good").to_string().contains("was abandoned"));
    let unknown = "other".parse().expect("an id");
    assert!(room.conduct(|c| c.abandon(&unknown, "x")).is_err());
}
