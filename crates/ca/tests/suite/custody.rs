//! The custody of keys as the journal tells of it: who proved themselves, and nobody else.

use std::sync::Arc;

use ca::{Custody, Terms};
use domain::journal::EventKind;
use domain::staff::{PersonState, Role};
use jiff::SignedDuration;
use keys::quorum::{CustodianId, CustodySet, Passphrase};
use keys::{AlwaysPermitted, EmbeddedOpener, GuardedKeyStore};
use store::{Change, Entry, PersonRow, Store, Unit};
use testkit::{Clock, Scratch, act};

fn custodians() -> Vec<(CustodianId, Passphrase)> {
    let one = |number: u8| {
        let id = format!("custodian-{number}").parse().expect("an id");
        let words = format!("a passphrase of number {number}");
        (id, Passphrase::new(words.as_bytes()).expect("long enough"))
    };
    vec![one(1), one(2), one(3)]
}

fn guarded(scratch: &Scratch, clock: &Clock) -> Arc<GuardedKeyStore> {
    let opener = Box::new(EmbeddedOpener { directory: scratch.path().join("keys") });
    let now = clock.now();
    Arc::new(GuardedKeyStore::new(opener, Arc::new(move || now), Arc::new(AlwaysPermitted)))
}

#[test]
fn k2_who_was_not_asked_for_a_passphrase_did_not_activate_anything() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let (set, _) = CustodySet::establish(2, &all, clock.now()).expect("a set");
    let keys = guarded(&scratch, &clock);
    let custody = Custody::new(scratch.store.clone(), keys, set, terms).expect("a custody");
    // The store was not made before the cut: it is now, and opened for all three who are named.
    custody.resume(&act(&clock), &all).expect("resumed");
    assert!(custody.is_active());
    let journal = scratch.store.journal(0, 100).expect("a journal");
    let text = |body: Vec<u8>| String::from_utf8(body).expect("JSON");
    let texts: Vec<_> = journal.into_iter().map(|(_, body)| text(body)).collect();
    let told = |kind: &str| texts.iter().filter(|text| text.contains(kind)).collect::<Vec<_>>();
    assert_eq!(told("custodian-present").len(), 2);
    assert_eq!(told("custody-established").len(), 1);
    let activated = told("keys-activated");
    assert_eq!(activated.len(), 1);
    assert!(activated[0].contains("custodian-1 custodian-2"), "{}", activated[0]);
    assert!(!activated[0].contains("custodian-3"), "{}", activated[0]);
}

/// A share counts while its holder is in office, at the moment at which the keys would wake.
#[test]
fn k2_the_share_of_a_suspended_custodian_wakes_nothing() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let (set, _) = CustodySet::establish(2, &all, clock.now()).expect("a set");
    let keys = guarded(&scratch, &clock);
    let custody = Custody::new(scratch.store.clone(), keys, set, terms).expect("a custody");
    custody.resume(&act(&clock), &all).expect("made");
    custody.deactivate(&act(&clock)).expect("asleep");
    for (id, _) in &all {
        change(&scratch, &clock, Change::AddPerson(person(id).into()));
    }
    let come = |number: usize| {
        let (id, passphrase) = &all[number];
        custody.contribute(&act(&clock), id.actor(), passphrase)
    };
    let suspend = |number: usize| {
        let from = person(&all[number].0);
        let to = PersonRow { state: PersonState::Suspended, ..from.clone() };
        change(&scratch, &clock, Change::SetPerson { from: from.into(), to: to.into() });
    };
    assert_eq!(come(0).expect("here").present.len(), 1);
    suspend(0);
    let standing = come(1).expect("here");
    assert_eq!(standing.present, [all[1].0.actor().clone()], "alone");
    assert!(!custody.is_active());
    let refused = come(0).expect_err("suspended").to_string();
    assert!(refused.contains("no custodian any more"), "{refused}");
    custody.secret(&act(&clock), &all[..2]).map(drop).expect_err("neither on the command line");
    come(2).expect("another in office");
    assert!(custody.is_active());
    // Nor does the wish of one who left put them to sleep.
    custody.leave(&act(&clock), all[1].0.actor()).expect("one of two");
    suspend(1);
    custody.leave(&act(&clock), all[2].0.actor()).expect("one of two");
    assert!(custody.is_active());
}

fn person(id: &CustodianId) -> PersonRow {
    PersonRow {
        id: id.actor().clone(),
        name: "見本　一郎".to_owned(),
        state: PersonState::Active,
        roles: vec![Role::KeyCustodian],
        municipality: None,
        proposal: None,
        since: "2026-11-22T02:00:00Z".parse().expect("a time"),
    }
}

fn change(scratch: &Scratch, clock: &Clock, change: Change) {
    let entry = Entry::new(EventKind::StaffChanged, &act(clock));
    scratch.store.commit(Unit::new(entry).change(change)).expect("changed");
}
