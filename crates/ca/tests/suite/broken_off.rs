//! Issues that break off while the program runs, and intents of which one cannot be settled.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ca::{CertificationAuthority, IssuanceStep, ServiceRequest, Settled};
use domain::certificate::{CertificateKind, CertificateState};
use domain::id::SerialNumber;
use jiff::SignedDuration;
use keys::Administer;
use store::reads::ReadCertificates;
use testkit::{act, seal};

use super::town::{Town, quick};

/// The town's CA, whose next issue breaks off after `step`.
fn breaking_off_once(town: &Town, step: IssuanceStep) -> CertificationAuthority {
    let has_broken = AtomicBool::default();
    let stop = move |reached| {
        assert!(reached != step || has_broken.swap(true, Ordering::SeqCst), "it breaks off");
    };
    CertificationAuthority::open(&quick(), town.scratch.store.clone(), town.keys.clone())
        .expect("the CA")
        .observed(Arc::new(stop))
}

/// Has a TLS server certified, which breaks off; the serial of the intent that is left.
fn broken_off(town: &Town, authority: &CertificationAuthority, name: &str) -> SerialNumber {
    let algorithm = authority.policy().keys.other.algorithm;
    let label = format!("tls-{name}").parse().expect("a label");
    let request = ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: name.to_owned(),
        spki: town.service_keys.generate(&label, algorithm).expect("a key").spki_der,
        dns_names: vec![format!("{name}.example")],
        addresses: Vec::new(),
    };
    let before = town.scratch.store.open_intents().expect("a read");
    let issue = || authority.service_certificates().issue(&act(&town.clock), &request);
    assert!(catch_unwind(AssertUnwindSafe(issue)).is_err(), "it breaks off");
    seal(&*town.scratch.store);
    let open = town.scratch.store.open_intents().expect("a read");
    let new = open.iter().find(|row| !before.contains(row)).expect("it is intended");
    new.intent.serial
}

fn state(town: &Town, serial: &SerialNumber) -> CertificateState {
    town.authority.certificate(serial).expect("it exists").state
}

#[test]
fn l1_an_issue_that_broke_off_is_settled_without_a_start() {
    for step in [IssuanceStep::Intended, IssuanceStep::Signed] {
        let town = Town::new(&quick());
        let authority = breaking_off_once(&town, step);
        let recovery = authority.recovery();
        assert_eq!(recovery.take_broken_off().expect("a read"), []);
        let serial = broken_off(&town, &authority, "one");
        let left = recovery.take_broken_off().expect("a read");
        assert_eq!(left.iter().map(|row| row.intent.serial).collect::<Vec<_>>(), [serial]);
        assert_eq!(recovery.take_broken_off().expect("a read"), [], "each is told once");
        let settle = || recovery.settle(&act(&town.clock), &left[0]).expect("settled");
        assert_eq!(settle(), Some(Settled::Finished(serial)));
        assert_eq!(settle(), None, "once");
        assert_eq!(state(&town, &serial), CertificateState::Good);
        // What comes to its end, or never to its intent, is not among them.
        town.server("two");
        assert_eq!(recovery.take_broken_off().expect("a read"), []);
    }
    let town = Town::new(&quick());
    let authority = breaking_off_once(&town, IssuanceStep::Linted);
    let server = || broken_off(&town, &authority, "three");
    assert!(catch_unwind(AssertUnwindSafe(server)).is_err(), "nothing was intended");
    assert_eq!(authority.recovery().take_broken_off().expect("a read"), []);
}

#[test]
fn l1_an_intent_that_cannot_be_settled_keeps_no_other_from_it() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    let first = broken_off(&town, &breaking_off_once(&town, IssuanceStep::Intended), "first");
    town.clock.advance(SignedDuration::from_hours(2));
    let second = broken_off(&town, &breaking_off_once(&town, IssuanceStep::Intended), "second");
    let old = town.authority.generations().numbered(1).expect("it exists");
    town.keys.destroy(&old.label).expect("it is lost");
    town.authority.recovery().recover(&act(&town.clock)).expect_err("a key is lost");
    assert_eq!(state(&town, &first), CertificateState::Intended);
    assert_eq!(state(&town, &second), CertificateState::Good);
}
