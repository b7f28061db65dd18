//! A key whose end is noted while somebody has decided to sign by it.

use std::sync::{Arc, Mutex};

use ca::{CertificationAuthority, IssuanceStep, IssuedToUser, ListOutcome};
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use store::reads::{ReadCertificates, ReadRevoked};
use store::{Change, Entry, Store, Unit};
use testkit::{HookedStore, act};

use super::town::{Town, quick};
use super::world::{auth_request, card};

/// Issues by the first key of two, which `at` a step of that somebody begins to destroy; what becomes of the
/// one and of the other, and the steps that were reached.
fn issued_while_the_key_ends(
    town: &Town,
    at: IssuanceStep,
) -> (ca::Result<IssuedToUser>, ca::Result<()>, Vec<IssuanceStep>) {
    town.renew(&town.renewal()).expect("renewed");
    let open = || {
        let (store, keys) = (town.scratch.store.clone(), town.keys.clone());
        CertificationAuthority::open(&quick(), store, keys).expect("the CA")
    };
    let (other, clock) = (open(), town.clock.clone());
    let old = other.generations().numbered(1).expect("it exists");
    // By a clock that is ahead its root has ended, and nothing needs it any more.
    let late = old.ends + SignedDuration::from_secs(1);
    let permitted = other.destructions().permit(1, late).expect("permitted");
    let (steps, begun) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(None)));
    let (reached, outcome) = (steps.clone(), begun.clone());
    let authority = open().observed(Arc::new(move |step| {
        reached.lock().expect("a lock").push(step);
        if step == at {
            if at >= IssuanceStep::Intended {
                let needed =
                    other.destructions().permit(1, late).expect_err("it is open").to_string();
                assert!(needed.contains("has an intent that is open"), "{needed}");
            }
            let entry = Entry::new(EventKind::KeyActBegun, &act(&clock)).subject(&old.label);
            let begun = other.destructions().begin(&permitted, entry, b"[]".to_vec());
            *outcome.lock().expect("a lock") = Some(begun);
        }
    }));
    let request = auth_request(1, ApplicationKind::IssueWithCard, &card(1));
    let issued = authority.user_certificates().issue(&act(&town.clock), request);
    let begun = begun.lock().expect("a lock").take().expect("the step was reached");
    let steps = steps.lock().expect("a lock").clone();
    (issued, begun, steps)
}

#[test]
fn k9_e2_a_key_whose_end_is_noted_between_decision_and_commit_signs_nothing() {
    let town = Town::new(&quick());
    let (issued, begun, steps) = issued_while_the_key_ends(&town, IssuanceStep::Linted);
    begun.expect("nothing was intended yet");
    let refused = issued.expect_err("its key ends");
    assert!(refused.to_string().contains("nothing is signed by it"), "{refused}");
    assert!(matches!(refused, ca::Error::Refused { .. }), "the caller is told why: {refused:?}");
    assert!(
        !steps.contains(&IssuanceStep::Intended) && !steps.contains(&IssuanceStep::Signed),
        "{steps:?}"
    );
    assert_eq!(town.scratch.store.open_intents().expect("a read"), []);
}

#[test]
fn k9_e2_no_end_of_a_key_begins_while_an_intent_under_it_is_open() {
    let town = Town::new(&quick());
    let (issued, begun, _) = issued_while_the_key_ends(&town, IssuanceStep::Intended);
    issued.expect("the right to a signature was there first");
    let refused = begun.expect_err("it waits");
    assert!(matches!(refused, ca::Error::Store(store::Error::Stale { .. })), "{refused:?}");
    let old = town.authority.generations().numbered(1).expect("it exists");
    assert!(!town.authority.generations().is_ending(&old).expect("a read"));
}

/// Whoever has the right to a signature waits for a token; others end what it is the right to, and then the
/// key.
#[test]
fn k9_e2_an_intent_that_others_ended_is_not_signed_once_the_key_ends() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    let open = || {
        let (store, keys) = (town.scratch.store.clone(), town.keys.clone());
        CertificationAuthority::open(&quick(), store, keys).expect("the CA")
    };
    let (other, clock, store) = (open(), town.clock.clone(), town.scratch.store.clone());
    let old = other.generations().numbered(1).expect("it exists");
    let permitted = other.destructions().permit(1, old.ends + SignedDuration::from_secs(1));
    let permitted = permitted.expect("permitted");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let reached = steps.clone();
    let authority = open().observed(Arc::new(move |step| {
        reached.lock().expect("a lock").push(step);
        if step == IssuanceStep::Intended {
            let row = store.open_intents().expect("a read").pop().expect("it is intended");
            let (ca, serial, from) = (row.intent.ca, row.intent.serial, row.state);
            let (at, reason) = (clock.now(), RevocationReason::CessationOfOperation);
            let to = CertificateState::Revoked { at, reason };
            let told = |kind| Entry::new(kind, &act(&clock)).subject(&old.label);
            let unit = Unit::new(told(EventKind::CertificateRevoked));
            let unit = unit.change(Change::SetCertificate { ca, serial, from, to });
            store.commit(unit).expect("it is ended");
            let begun = told(EventKind::KeyActBegun);
            other.destructions().begin(&permitted, begun, b"[]".to_vec()).expect("nothing is open");
        }
    }));
    let request = auth_request(1, ApplicationKind::IssueWithCard, &card(1));
    let refused =
        authority.user_certificates().issue(&act(&town.clock), request).expect_err("its key ends");
    assert!(refused.to_string().contains("nothing is signed by it"), "{refused}");
    assert!(!steps.lock().expect("a lock").contains(&IssuanceStep::Signed));
}

/// A long list takes minutes, and the key's end may begin in between.
#[test]
fn k9_e2_a_list_that_is_signed_while_the_key_ends_is_not_kept() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    town.publish();
    town.clock.advance(SignedDuration::from_hours(24));
    let (other, clock) = {
        let (store, keys) = (town.scratch.store.clone(), town.keys.clone());
        (CertificationAuthority::open(&quick(), store, keys).expect("the CA"), town.clock.clone())
    };
    let old = other.generations().numbered(1).expect("it exists");
    let permitted = other.destructions().permit(1, old.ends + SignedDuration::from_secs(1));
    let permitted = Mutex::new(Some(permitted.expect("permitted")));
    let store = HookedStore::viewing(town.scratch.store.clone(), move |view, read| {
        if let Some(permitted) = permitted.lock().expect("a lock").take() {
            let entry = Entry::new(EventKind::KeyActBegun, &act(&clock)).subject(&old.label);
            other.destructions().begin(&permitted, entry, b"[]".to_vec()).expect("begun");
        }
        read(view)
    });
    let authority = CertificationAuthority::open(&quick(), Arc::new(store), town.keys.clone());
    let authority = authority.expect("the CA");
    let due = authority.list_series().due(town.clock.now()).expect("series");
    let of_old = due.into_iter().find(|series| series.generation == 1).expect("a list is due");
    let last = || town.scratch.store.last_crl_number(&of_old.ca, of_old.partition);
    let before = last().expect("a read");
    let outcomes = authority.lists().publish_all(&act(&town.clock), std::slice::from_ref(&of_old));
    assert!(matches!(outcomes[..], [ListOutcome::Failed { .. }]), "{outcomes:?}");
    assert_eq!(last().expect("a read"), before, "none was kept");
}
