//! A renewal that is cut at every commit and every key, and taken up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use ca::{CertificationAuthority, find_or_generate};
use domain::certificate::{CertificateKind, CertificateState};
use keys::{Administer, KeyStore, Sign};
use store::reads::{ReadAuthorities, ReadCertificates, ReadGenerations};
use testkit::{act, seal};

use super::faulty;
use super::town::{Town, quick};

/// What must stand at the end, however often it was cut: one of everything.
fn expect_whole(town: &Town) {
    let id = town.authority.id();
    let generations = town.scratch.store.authorities(id).expect("a read");
    assert_eq!(generations.len(), 2);
    assert_eq!(town.scratch.store.generation_plan(id).expect("a read"), None);
    assert_eq!(town.scratch.store.open_intents().expect("a read"), []);
    let rows = town.scratch.store.self_issued(id, &generations[0].name).expect("a read");
    let count = |kind, generation| {
        let of_kind = |row: &&store::CertificateRow| {
            (row.intent.kind, row.intent.generation) == (kind, generation)
        };
        rows.iter().filter(of_kind).count()
    };
    assert_eq!(count(CertificateKind::SelfSigned, 2), 1);
    assert_eq!(count(CertificateKind::LinkOldWithNew, 2), 1);
    assert_eq!(count(CertificateKind::LinkNewWithOld, 1), 1);
    assert!(rows.iter().all(|row| row.state == CertificateState::Good && row.der.is_some()));
    let labels: Vec<String> =
        town.keys.labels().expect("labels").iter().map(ToString::to_string).collect();
    assert_eq!(labels, ["jpki-auth-ca-1", "jpki-auth-ca-2"]);
    let labels = town.service_keys.labels().expect("labels");
    assert_eq!(labels.len(), 1, "one responder: {labels:?}");
    assert_eq!(town.publish(), 8, "and all lists of both pass the gate");
}

/// Cuts the power at commit `number`, before or after it reached the disk; whether it was reached.
fn cut_at(number: i32, lost: bool) -> bool {
    let mut town = Town::new(&quick());
    let renewal = town.renewal();
    let left = Arc::new(AtomicI32::new(number));
    let faulty = Arc::new(faulty::cutting(town.scratch.store.clone(), left.clone(), lost));
    let cut = CertificationAuthority::open(&quick(), faulty, town.keys.clone()).expect("the CA");
    let outcome =
        cut.renewals().renew(&act(&town.clock), &renewal, &find_or_generate, &town.service_keys);
    let reached = left.load(Ordering::Relaxed) <= 0;
    assert_eq!(outcome.is_err(), reached, "commit {number}");
    town.adopt(&quick());
    // Start-up settles what is open, whether or not the renewal is taken up at once.
    seal(&*town.scratch.store);
    town.authority.recovery().recover(&act(&town.clock)).expect("recovery");
    town.renew(&renewal).expect("it goes on");
    expect_whole(&town);
    reached
}

#[test]
fn k6_a_renewal_that_is_cut_at_any_commit_goes_on_and_makes_each_part_once() {
    let mut commits = 0;
    for number in 1.. {
        let reached = [true, false].map(|lost| cut_at(number, lost));
        if reached == [false, false] {
            break;
        }
        commits = number;
    }
    assert_eq!(commits, 12, "plan, key, three certificates, the responder's key and two, the row");
}

#[test]
fn k6_a_key_that_was_made_before_a_cut_is_found_and_not_made_again() {
    let town = Town::new(&quick());
    let renewal = town.renewal();
    let fails = |keys: &dyn KeyStore, label: &keys::KeyLabel, algorithm| {
        keys.generate(label, algorithm)?;
        Err(keys::KeyError::UnknownLabel(label.clone()))
    };
    let now = act(&town.clock);
    town.authority
        .renewals()
        .renew(&now, &renewal, &fails, &town.service_keys)
        .expect_err("the power went after the key was made");
    let made = town.keys.public_key(&"jpki-auth-ca-2".parse().expect("a label")).expect("a key");
    // Until it is done nobody else's renewal begins.
    let later = jiff::SignedDuration::from_hours(1);
    let other = ca::Renewal { issues_from: renewal.issues_from + later, ..renewal.clone() };
    let refused = town.renew(&other).expect_err("another is unfinished").to_string();
    assert!(refused.contains("generation 2 is being made"), "{refused}");
    let renewed = town.renew(&renewal).expect("it goes on");
    assert_eq!(renewed.generation.key.as_der(), made.spki_der);
    expect_whole(&town);
}
