//! Units and the journal: whole or not at all, dense, readable, and sealed.

use std::collections::BTreeSet;
use std::thread;

use domain::act::Actor;
use domain::certificate::CertificateState;
use domain::id::{OperationId, SystemOperation};
use domain::journal::EventKind;

use super::fixtures::*;
use crate::{Change, Entry, Error, Store, Unit};

/// A change that does not fit, whatever the state.
fn stale() -> Change {
    Change::SetRegisterCursor { from: 999, to: 1000 }
}

fn application_of(id: &str) -> Change {
    Change::AddApplication(Box::new(application(id)))
}

/// When the second change fails, neither the first nor the entry is there.
pub fn e2_a_unit_commits_whole_or_not_at_all(store: &dyn Store) {
    with_cas(store);
    let before = store.last_sequence().expect("read");
    let failing = unit(EventKind::ApplicationReceived, application_of("app-1")).change(stale());
    assert!(matches!(store.commit(failing), Err(Error::Stale { .. })));
    assert_eq!(store.application(&"app-1".parse().expect("an id")).expect("read"), None);
    assert_eq!(store.last_sequence().expect("read"), before);
    commit(store, application_of("app-1"));
}

/// Sequences have no gap where a unit failed, and a unit's entries follow each other.
pub fn e2_a_failed_unit_takes_no_place_in_the_sequence(store: &dyn Store) {
    assert_eq!(store.last_sequence().expect("read"), None);
    let plain = || Unit::new(entry(EventKind::RoomEntry));
    assert_eq!(store.commit(plain().entry(entry(EventKind::RecordsRead))).expect("two"), 0);
    store.commit(plain().change(stale())).expect_err("stale");
    assert_eq!(store.commit(plain()).expect("one"), 2);
    assert_eq!(store.last_sequence().expect("read"), Some(2));
}

/// What forbids a unit is looked for when it is committed, and not before; it leaves nothing then.
pub fn e2_a_unit_that_must_not_follow_an_operation_does_not(store: &dyn Store) {
    let noted = OperationId::of_system(SystemOperation::DestructionBegun, "ca-1").expect("an id");
    let repeated: OperationId = "op-9".parse().expect("an operation id");
    for id in [noted, repeated] {
        let before = || Unit::new(entry(EventKind::KeyActBegun)).unless_noted(id.clone());
        store.commit(before()).expect("nothing is noted yet");
        let late = before();
        commit(store, Change::RecordOperation { id: id.clone(), answer: Vec::new() });
        let last = store.last_sequence().expect("read");
        let refused = store.commit(late);
        assert!(matches!(refused, Err(Error::Stale { .. })), "{refused:?}");
        assert_eq!(store.last_sequence().expect("read"), last);
    }
}

/// An intent that is open is a claim to its key: what would end the key waits, and nothing else does.
pub fn e2_a_unit_that_no_open_intent_may_stand_against_waits_for_its_end(store: &dyn Store) {
    with_cas(store);
    let row = intent(1);
    let (ca, serial, generation) = (row.ca.clone(), row.serial, row.generation);
    let end =
        |generation| Unit::new(entry(EventKind::KeyActBegun)).unless_intended(&ca, generation);
    store.commit(end(generation)).expect("nothing is intended");
    commit(store, Change::AddIntent(Box::new(row)));
    let last = store.last_sequence().expect("read");
    let refused = store.commit(end(generation));
    assert!(matches!(refused, Err(Error::Stale { .. })), "{refused:?}");
    assert_eq!(store.last_sequence().expect("read"), last);
    store.commit(end(generation + 1)).expect("another key");
    store
        .commit(Unit::new(entry(EventKind::KeyActBegun)).unless_intended(&other_ca(), generation))
        .expect("another CA");
    let to = CertificateState::Undelivered { since: at(1) };
    commit(store, Change::CompleteIntent { ca: ca.clone(), serial, der: vec![1], to });
    store.commit(end(generation)).expect("it was issued");
}

/// Units of many threads commit together, and the sequence is that of one.
pub fn e2_many_threads_get_a_dense_sequence(store: &dyn Store) {
    const THREADS: u64 = 8;
    const EACH: u64 = 40;
    with_cas(store);
    let from = store.last_sequence().expect("read").expect("an entry") + 1;
    let work = |thread: u64| -> Vec<u64> {
        let commit_one = |number| {
            let change = application_of(&format!("app-{thread}-{number}"));
            let unit = unit(EventKind::ApplicationReceived, change);
            // Every fourth unit fails among those that do not.
            if number % 4 == 3 {
                store.commit(unit.change(stale())).err().map(|_| None)
            } else {
                Some(store.commit(unit).ok())
            }
            .expect("it fails only where it should")
        };
        (0..EACH).filter_map(commit_one).collect()
    };
    let sequences: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|t| scope.spawn(move || work(t))).collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect()
    });
    let distinct: BTreeSet<u64> = sequences.iter().copied().collect();
    let expected = THREADS * EACH * 3 / 4;
    assert_eq!(sequences.len() as u64, expected);
    assert!(distinct.into_iter().eq(from..from + expected));
    let stored = store.applications(&municipality(), None, None, usize::MAX).expect("read").rows;
    assert_eq!(stored.len() as u64, expected);
}

fn body(store: &dyn Store, sequence: u64) -> serde_json::Value {
    let rows = store.journal(sequence, 1).expect("read");
    assert_eq!(rows[0].0, sequence);
    serde_json::from_slice(&rows[0].1).expect("JSON")
}

/// A 5.4.1: kind, time, result, and who or what caused it.
pub fn e1_an_entry_says_what_when_how_and_who(store: &dyn Store) {
    let told = Entry::new(EventKind::CertificateIssued, &act("op-7"))
        .ca(&ca())
        .subject(serial(1))
        .detail("b", 2)
        .detail("a", 1);
    let sequence = store.commit(Unit::new(told)).expect("committed");
    let expected = concat!(
        r#"{"version":2,"sequence":0,"kind":"certificate-issued","at":"2026-04-01T00:00:00.25Z","#,
        r#""actor":{"role":"window-clerk","id":"clerk-1","municipality":"11203"},"#,
        r#""operation":"op-7","outcome":{"result":"done"},"ca":"test-auth","#,
        r#""subject":"015a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","details":[["b","2"],["a","1"]]}"#,
    );
    let rows = store.journal(sequence, 1).expect("read");
    assert_eq!(String::from_utf8_lossy(&rows[0].1), expected);
    let actors = [
        (Actor::CallCentreAgent("a-1".parse().expect("an id")), "call-centre-agent"),
        (Actor::Staff("s-1".parse().expect("an id")), "staff"),
        (Actor::Verifier("v-1".parse().expect("an id")), "verifier"),
        (Actor::Holder { ca: ca(), serial: serial(7) }, "holder"),
        (Actor::System("crl-cycle".parse().expect("an id")), "system"),
        (Actor::Anonymous, "anonymous"),
    ];
    for (actor, role) in actors {
        let told = Entry { actor, ..entry(EventKind::RecordsRead) };
        let sequence = store.commit(Unit::new(told)).expect("committed");
        assert_eq!(body(store, sequence)["actor"]["role"], role);
    }
}

/// What was refused and what was nothing new stands in the journal like all else.
pub fn e1_refusals_and_no_ops_are_entries(store: &dyn Store) {
    let refused = Unit::new(entry(EventKind::AccessRefused).refused("no credential"));
    let refused = store.commit(refused).expect("committed");
    assert_eq!(body(store, refused)["outcome"]["result"], "refused");
    assert_eq!(body(store, refused)["outcome"]["rule"], "no credential");
    let no_op = store.commit(Unit::new(entry(EventKind::CertificateHeld).no_op()));
    assert_eq!(body(store, no_op.expect("committed"))["outcome"]["result"], "no-op");
}

/// Pages in order, whatever their size.
pub fn e1_the_journal_is_read_in_pages(store: &dyn Store) {
    assert_eq!(store.journal(0, 10).expect("read"), []);
    for _ in 0..5 {
        store.commit(Unit::new(entry(EventKind::RoomEntry))).expect("committed");
    }
    let page = |from, limit| -> Vec<u64> {
        store.journal(from, limit).expect("read").iter().map(|(sequence, _)| *sequence).collect()
    };
    assert_eq!(page(0, 2), [0, 1]);
    assert_eq!(page(2, 10), [2, 3, 4]);
    assert_eq!(page(5, 10), [0_u64; 0]);
}

/// Erasing a resident's data is destroying a key; the entries and other residents stay.
pub fn e1_personal_data_ends_with_its_key(store: &dyn Store) {
    let about = |number, text: &str| {
        let told = entry(EventKind::ApplicationReceived).personal(&resident(number), text);
        store.commit(Unit::new(told)).expect("committed")
    };
    let (first, other) = (about(1, "髙橋 花子"), about(2, "𠮷田 太郎"));
    let personal = |sequence| store.journal_personal(sequence).expect("read");
    assert_eq!(personal(first).as_deref(), Some("髙橋 花子"));
    let before = store.journal(first, 1).expect("read");
    assert!(!String::from_utf8_lossy(&before[0].1).contains("髙橋"), "never in the entry");
    commit(store, Change::ForgetResident(resident(1)));
    assert_eq!(personal(first), None);
    assert_eq!(personal(other).as_deref(), Some("𠮷田 太郎"));
    assert_eq!(store.journal(first, 1).expect("read"), before);
    let again = about(1, "new");
    assert_eq!(personal(again).as_deref(), Some("new"));
    assert_eq!(personal(first), None, "a new key opens nothing old");
    commit(store, Change::ForgetResident(resident(77)));
}
