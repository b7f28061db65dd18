//! A process that stops after each numbered step, and what start-up makes of it.

use std::process::Command;
use std::sync::Arc;

use ca::{CertificationAuthority, IssuanceStep, Settled};
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use domain::hindrance::Hindrance;
use keys::{EmbeddedKeyStore, MasterKey};
use store::reads::{ReadCertificates, ReadHead, ReadJournal};
use testkit::{Clock, act, open, seal};

use domain::hexadecimal::hex;
use x509::digest::sha256;

use super::world::{AUTH, SIGN, auth_request, bring_card_master, card, sign_request};

/// The environment of the child that crashes: directory, CA, step.
const CHILD: &str = "JITSUIN_TEST_CRASH";

fn clock() -> Clock {
    Clock::at("2026-11-22T03:00:00Z")
}

fn keys(directory: &std::path::Path) -> Arc<EmbeddedKeyStore> {
    let (place, master) = (directory.join("keys"), MasterKey::new(&[1; 32]));
    let store = if place.exists() {
        EmbeddedKeyStore::open(&place, master)
    } else {
        EmbeddedKeyStore::init(&place, master)
    };
    Arc::new(store.expect("a key store"))
}

/// Not a test of its own: the child process of the tests below, which aborts in the middle.
#[test]
fn child() {
    let Ok(orders) = std::env::var(CHILD) else { return };
    let mut orders = orders.splitn(3, ' ');
    let (ca, step) = (orders.next().expect("a CA"), orders.next().expect("a step"));
    let step: u8 = step.parse().expect("a number");
    let directory = std::path::PathBuf::from(orders.next().expect("a directory"));
    let policy = if ca == "auth" { AUTH } else { SIGN };
    let stop = move |reached: IssuanceStep| {
        if reached as u8 == step {
            std::process::abort();
        }
    };
    let authority = CertificationAuthority::open(policy, open(&directory), keys(&directory))
        .expect("the CA was set up")
        .observed(Arc::new(stop));
    let mut card = card(1);
    let request = match ca {
        "auth" => auth_request(1, ApplicationKind::IssueWithCard, &card),
        _ => {
            let kind = ApplicationKind::IssueOnCard;
            sign_request(&authority, &act(&clock()), 1, kind, &mut card)
        }
    };
    authority
        .user_certificates()
        .issue(&act(&clock()), request)
        .expect("it is stopped before it fails");
    panic!("step {step} was never reached");
}

/// What a process leaves that stops after a step.
fn cut(ca: &str, policy: &str, step: u8) -> (tempfile::TempDir, CertificationAuthority) {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let (store, keys) = (open(directory.path()), keys(directory.path()));
        bring_card_master(&*keys);
        CertificationAuthority::set_up(&act(&clock()), policy, store, keys).expect("set up");
    }
    let status = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "suite::crash::child", "--nocapture"])
        .env(CHILD, format!("{ca} {step} {}", directory.path().display()))
        .output()
        .expect("the child runs");
    assert!(!status.status.success());
    let said = String::from_utf8_lossy(&status.stderr);
    assert!(!said.contains("panicked"), "the child must abort at the step: {said}");
    let authority =
        CertificationAuthority::open(policy, open(directory.path()), keys(directory.path()))
            .expect("open");
    (directory, authority)
}

fn crash(
    ca: &str,
    policy: &str,
    step: u8,
) -> (tempfile::TempDir, CertificationAuthority, Vec<Settled>) {
    let (directory, authority) = cut(ca, policy, step);
    seal(&*open(directory.path()));
    let settled = authority.recovery().recover(&act(&clock())).expect("recovery");
    (directory, authority, settled)
}

#[test]
fn p6_before_the_intent_a_crash_leaves_nothing() {
    for step in [1, 2, 3] {
        let (directory, authority, settled) = crash("auth", AUTH, step);
        assert_eq!(settled, []);
        let users = open(directory.path()).certificates(authority.id(), None, 100).expect("a list");
        assert_eq!(users.len(), 1, "only the self-signed certificate");
    }
}

#[test]
fn l1_a_possibly_signed_serial_of_a_lost_key_is_revoked() {
    for step in [4, 5] {
        let (_directory, authority, settled) = crash("auth", AUTH, step);
        let [Settled::Revoked(serial)] = settled[..] else { panic!("{settled:?}") };
        let row = authority.certificate(&serial).expect("it stays on record");
        assert!(
            matches!(row.state, CertificateState::Revoked { reason, .. } if reason.code() == 0)
        );
        assert_eq!(row.der, None);
        assert_eq!(authority.recovery().recover(&act(&clock())).expect("again"), []);
    }
}

/// Until recovery is done the window is told to come again, and the journal of no refusal.
#[test]
fn l1_what_is_not_settled_yet_is_no_refusal() {
    let (directory, authority) = cut("auth", AUTH, 4);
    let entries = || open(directory.path()).last_sequence().expect("a read");
    let before = entries();
    let request = || auth_request(1, ApplicationKind::IssueWithCard, &card(1));
    let early = authority
        .user_certificates()
        .issue(&act(&clock()), request())
        .expect_err("it is left open");
    assert!(matches!(early, ca::Error::Unsettled(_)), "{early}");
    assert!(matches!(early.hindrance(), Some(Hindrance::Settling(_))));
    assert_eq!(entries(), before);
    seal(&*open(directory.path()));
    authority.recovery().recover(&act(&clock())).expect("recovery");
    authority
        .user_certificates()
        .issue(&act(&clock()), request())
        .expect("issued with another serial");
}

#[test]
fn p6_a_possibly_signed_serial_of_a_holder_key_is_finished_over_the_same_bytes() {
    for step in [4, 5] {
        let (directory, authority, settled) = crash("sign", SIGN, step);
        let [Settled::Finished(serial)] = settled[..] else { panic!("{settled:?}") };
        let row = authority.certificate(&serial).expect("it exists");
        assert!(matches!(row.state, CertificateState::Undelivered { .. }));
        let der = row.der.expect("it is signed");
        let read = x509::read::Certificate::parse(&der).expect("a certificate");
        let intended = open(directory.path()).sealed_entry(row.issued).expect("a read");
        let sha256 = hex(&sha256(&read.tbs.der));
        let told = intended.expect("it is sealed");
        assert_eq!(told.detail("tbs_sha256"), Some(sha256.as_str()), "one serial is one TBS");
    }
}

#[test]
fn l1_after_the_issue_a_crash_loses_nothing() {
    let (directory, authority, settled) = crash("sign", SIGN, 6);
    assert_eq!(settled, []);
    let rows = open(directory.path()).certificates(authority.id(), None, 100).expect("a list");
    assert!(
        rows.iter()
            .any(|row| matches!(row.state, CertificateState::Undelivered { .. })
                && row.der.is_some())
    );
}
