//! The custody of keys as the journal tells of it: who proved themselves, and nobody else.

use std::sync::Arc;

use ca::{Custody, Terms};
use jiff::SignedDuration;
use keys::quorum::{CustodianId, CustodySet, Passphrase};
use keys::{AlwaysPermitted, EmbeddedOpener, GuardedKeyStore};
use store::Store;
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
