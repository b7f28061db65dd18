//! Passwords of verifiers: what strangers can make the server spend on checking them, and what they
//! cannot take away by it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::journal::EventKind;
use jiff::{SignedDuration, Timestamp};
use jitsuin_status::known::Known;
use jitsuin_status::verifier_auth::{Attempt, AuthRefusal, VerifierAuth, Whence};
use store::{Change, Entry, Store, Unit, VerifierRow};
use testkit::{Clock, Scratch, act};

struct World {
    scratch: Scratch,
    auth: VerifierAuth,
    checks: Arc<AtomicUsize>,
}

impl World {
    /// One verifier, whose password is the hash read backwards.
    fn new() -> Self {
        let (scratch, checks) = (Scratch::new(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&checks);
        let check = move |given: &[u8], hash: &str, _: Whence| {
            counter.fetch_add(1, Ordering::SeqCst);
            Some(hash.bytes().rev().eq(given.iter().copied()))
        };
        let store = scratch.store.clone();
        let auth = VerifierAuth::new(store, Arc::new(check), "decoy", Known::default());
        let world = Self { scratch, auth, checks };
        world.register("terces");
        world
    }

    fn register(&self, hash: &str) {
        let row = VerifierRow {
            id: "verifier-1".parse().expect("an id"),
            name: "検証者".to_owned(),
            bind_dn: "CN=verifier-1,O=Verifiers,C=JP".to_owned(),
            password_hash: hash.to_owned(),
            request_certificate: b"certificate".to_vec(),
            former_certificate: None,
            may_query_ocsp: true,
            may_read_crl: true,
        };
        let clock = Clock::at("2026-11-22T03:00:00Z");
        let entry = Entry::new(EventKind::VerifierRegistered, &act(&clock));
        let unit = Unit::new(entry).change(Change::PutVerifier(Box::new(row)));
        self.scratch.store.commit(unit).expect("a commit");
    }

    /// Whether the verifier, or whoever says to be it, is let in.
    fn enters(&self, password: &str, from: u8, minutes: i64) -> bool {
        match self.auth.by_id("verifier-1", password.as_bytes(), attempt(from, minutes)) {
            Ok(row) => row.id.as_str() == "verifier-1",
            Err(AuthRefusal::InvalidCredentials) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }
}

fn attempt(from: u8, minutes: i64) -> Attempt {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    Attempt { from: IpAddr::from([192, 0, 2, from]), at }
}

#[test]
fn v6_a_password_that_was_right_is_remembered_for_ten_minutes_or_until_it_changes() {
    let world = World::new();
    for minute in 0..10 {
        assert!(world.enters("secret", 1, minute));
    }
    assert_eq!(world.checks(), 1, "one check for all of them");
    assert!(world.enters("secret", 1, 10));
    assert_eq!(world.checks(), 2, "and then another");
    assert!(!world.enters("secreu", 1, 10), "what is remembered is this password alone");
    world.register("rehtona");
    assert!(!world.enters("secret", 1, 10), "it has another now");
    assert!(world.enters("another", 1, 10));
}

#[test]
fn v6_five_wrong_passwords_lock_their_address_and_nobody_elses() {
    let world = World::new();
    for _ in 0..5 {
        assert!(!world.enters("guess", 66, 0));
    }
    assert_eq!(world.checks(), 5);
    assert!(!world.enters("secret", 66, 14), "also the right one is not looked at");
    assert_eq!(world.checks(), 5, "and costs nothing any more");
    assert!(world.enters("secret", 1, 14), "the verifier comes from elsewhere");
    assert!(world.enters("secret", 66, 15), "fifteen minutes later it is over");
}

/// Names that nobody has are counted like others, so that a lock does not tell who there is.
#[test]
fn v6_names_of_nobody_lock_as_well() {
    let world = World::new();
    for number in 0..9 {
        let refused = world.auth.by_id(&format!("nobody-{number}"), b"guess", attempt(66, 0));
        assert!(matches!(refused, Err(AuthRefusal::InvalidCredentials)));
    }
    assert_eq!(world.checks(), 5);
}

/// A stranger who shares the verifier's address (a carrier's NAT, a rack) does not lock it out.
#[test]
fn v6_a_verifier_is_not_locked_out_where_it_came_in_lately() {
    let world = World::new();
    assert!(world.enters("secret", 1, 0));
    for minute in 11..31 {
        assert!(!world.enters("guess", 1, minute));
    }
    assert!(world.enters("secret", 1, 31), "its password is looked at all the same");
}

/// Guesses from elsewhere, which may all wait to be hashed, are waited for by none but guesses.
#[test]
fn v6_a_verifier_at_home_waits_behind_no_guess_from_elsewhere() {
    let world = World::new();
    let (told, seen) = std::sync::mpsc::channel();
    let told = Mutex::new(told);
    let check = move |given: &[u8], _: &str, whence: Whence| {
        told.lock().expect("a lock").send(whence).expect("a test that listens");
        Some(given == b"secret")
    };
    let store = world.scratch.store.clone();
    let auth = VerifierAuth::new(store, Arc::new(check), "decoy", Known::default());
    let whence = |id: &str, password: &[u8], from: u8, minutes: i64| {
        let _ = auth.by_id(id, password, attempt(from, minutes));
        seen.try_recv()
    };
    assert_eq!(whence("verifier-1", b"secret", 1, 0), Ok(Whence::Elsewhere), "the first time");
    assert_eq!(whence("verifier-1", b"secret", 1, 11), Ok(Whence::Home));
    assert_eq!(whence("verifier-1", b"guess", 2, 11), Ok(Whence::Elsewhere));
    assert_eq!(whence("nobody", b"secret", 1, 11), Ok(Whence::Elsewhere), "that one alone");
}

#[test]
fn v6_who_cannot_be_checked_now_is_neither_let_in_nor_counted() {
    let scratch = Scratch::new();
    let (store, check) = (scratch.store.clone(), Arc::new(|_: &[u8], _: &str, _: Whence| None));
    let auth = VerifierAuth::new(store, check, "decoy", Known::default());
    for _ in 0..20 {
        let refused = auth.by_id("verifier-1", b"secret", attempt(1, 0));
        assert!(matches!(refused, Err(AuthRefusal::Busy)));
    }
}
