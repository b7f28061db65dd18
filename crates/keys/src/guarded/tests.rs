//! A guarded store keeps the contract while it is active, and nothing at all while it is not.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::{ExpectedKey, MemoryKeyStore};

/// A guarded embedded store with a clock and a gate in the test's hand.
struct Bench {
    store: GuardedKeyStore,
    clock: Arc<AtomicI64>,
    gate: Arc<Gate>,
    secret: QuorumSecret,
    _directory: TempDir,
}

#[derive(Default)]
struct Gate {
    closed: AtomicBool,
}

impl SigningGate for Gate {
    fn permit(&self) -> Result<(), String> {
        match self.closed.load(Ordering::SeqCst) {
            true => Err("the clock jumped".to_owned()),
            false => Ok(()),
        }
    }
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().expect("a directory");
    let opener = EmbeddedOpener { directory: directory.path().join("keys") };
    let (clock, gate) = (Arc::new(AtomicI64::new(1_800_000_000)), Arc::new(Gate::default()));
    let seconds = Arc::clone(&clock);
    let now: Clock =
        Arc::new(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).expect("a time"));
    let store = GuardedKeyStore::new(Box::new(opener), now, gate.clone());
    let secret = QuorumSecret::generate().expect("randomness");
    Bench { store, clock, gate, secret, _directory: directory }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn label() -> KeyLabel {
    "ca".parse().expect("a label")
}

fn sign(store: &GuardedKeyStore) -> Result<Vec<u8>, KeyError> {
    store.sign(&label(), SignatureAlgorithm::EcdsaSha256, b"x")
}

/// A backup of another store's key.
fn backup() -> crate::KeyBackup {
    let label = "elsewhere".parse().expect("a label");
    let key = BackupKey::new(&[2; 32]);
    MemoryKeyStore::new().generate_with_backup(&label, KeyAlgorithm::EcP256, &key).expect("made")
}

/// Every call of the trait, by name, with an outcome without its value.
fn calls(store: &GuardedKeyStore) -> Vec<(&'static str, Result<(), KeyError>)> {
    let with = SignatureAlgorithm::EcdsaSha256;
    let (backup_key, transport) = (BackupKey::new(&[2; 32]), TransportKey::new(&[1; 32]));
    let (label, curve) = (label(), KeyAlgorithm::EcP256);
    let backup = backup();
    vec![
        ("generate", store.generate(&label, curve).map(drop)),
        ("backup", store.generate_with_backup(&label, curve, &backup_key).map(drop)),
        ("restore", store.restore(&backup, &backup_key).map(drop)),
        ("prepare", store.prepare_user_keys(curve, 1).map(drop)),
        ("prepared", store.prepared_user_keys(curve).map(drop)),
        ("public_key", store.public_key(&label).map(drop)),
        ("sign", sign(store).map(drop)),
        ("sign_digest", store.sign_digest(&label, with, &[0; 32]).map(drop)),
        ("sign_checkpoint", store.sign_checkpoint(&label, b"x").map(drop)),
        ("generate_for_card", store.generate_for_card(curve, &transport).map(drop)),
        ("destroy", store.destroy(&label)),
        ("labels", store.labels().map(drop)),
    ]
}

#[test]
fn k2_the_activated_store_keeps_the_contract() {
    let bench = bench();
    bench.store.create(&bench.secret, None).expect("created");
    crate::contract::check(&bench.store);
}

#[test]
fn k2_an_inactive_store_answers_nothing() {
    let bench = bench();
    for (call, outcome) in calls(&bench.store) {
        assert!(matches!(outcome, Err(KeyError::NotActivated)), "{call}");
    }
    bench.store.create(&bench.secret, None).expect("created");
    bench.store.generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    assert!(sign(&bench.store).is_ok());
    assert!(bench.store.deactivate());
    assert!(!bench.store.deactivate(), "it was inactive already");
    assert_eq!(bench.store.state(), Activation::Inactive);
    for (call, outcome) in calls(&bench.store) {
        assert!(matches!(outcome, Err(KeyError::NotActivated)), "{call}");
    }
    bench.store.activate(&bench.secret, &ExpectedKeys::default(), None).expect("activated again");
    assert!(sign(&bench.store).is_ok(), "its keys are there as before");
}

#[test]
fn k2_an_activation_ends_at_its_time() {
    let bench = bench();
    let until = Some(at(3600));
    let active = bench.store.create(&bench.secret, until).expect("created");
    assert_eq!(active, Activation::Active { since: at(0), until });
    bench.store.generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    bench.clock.fetch_add(3599, Ordering::SeqCst);
    assert!(sign(&bench.store).is_ok());
    assert_eq!(bench.store.state(), active);
    bench.clock.fetch_add(1, Ordering::SeqCst);
    assert!(matches!(sign(&bench.store), Err(KeyError::NotActivated)));
    bench.clock.fetch_sub(1800, Ordering::SeqCst);
    assert_eq!(bench.store.state(), Activation::Inactive, "the past does not bring it back");
    let past = bench.store.activate(&bench.secret, &ExpectedKeys::default(), Some(at(1)));
    assert!(matches!(past, Err(KeyError::NotActivated)));
}

#[test]
fn k2_a_clock_set_back_before_the_activation_ends_it() {
    let bench = bench();
    bench.store.create(&bench.secret, Some(at(60))).expect("created");
    bench.clock.fetch_sub(59, Ordering::SeqCst);
    assert!(matches!(bench.store.state(), Activation::Active { .. }), "clocks may be slewed");
    bench.clock.fetch_sub(3600, Ordering::SeqCst);
    assert_eq!(bench.store.state(), Activation::Inactive);
}

#[test]
fn k2_another_secret_opens_nothing_and_ends_no_activation() {
    let bench = bench();
    bench.store.create(&bench.secret, None).expect("created");
    let other = QuorumSecret::generate().expect("randomness");
    let refused = bench.store.activate(&other, &ExpectedKeys::default(), None);
    assert!(matches!(refused, Err(KeyError::WrongMasterKey(_))));
    assert!(matches!(bench.store.state(), Activation::Active { .. }));
    let again = bench.store.create(&other, None);
    assert!(matches!(again, Err(KeyError::Directory { .. })));
}

#[test]
fn e9_the_gate_stops_every_signature_and_lets_it_go_on() {
    let bench = bench();
    bench.store.create(&bench.secret, None).expect("created");
    bench.store.generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    bench.gate.closed.store(true, Ordering::SeqCst);
    for (call, outcome) in calls(&bench.store) {
        let stopped = matches!(outcome, Err(KeyError::SigningStopped { .. }));
        assert_eq!(stopped, call.starts_with("sign"), "{call}");
    }
    bench.gate.closed.store(false, Ordering::SeqCst);
    bench.store.generate(&"next".parse().expect("a label"), KeyAlgorithm::Ed25519).expect("a key");
    assert!(bench.store.sign_checkpoint(&"next".parse().expect("a label"), b"x").is_ok());
}

#[test]
fn k2_a_rekeyed_store_obeys_the_new_custodians_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let opener = EmbeddedOpener { directory: directory.path().join("keys") };
    let [old, new] = [(), ()].map(|()| QuorumSecret::generate().expect("randomness"));
    drop(opener.create(&old).expect("a store"));
    opener.rekey(&old, &new).expect("re-keyed");
    assert!(matches!(opener.open(&old), Err(KeyError::WrongMasterKey(_))));
    assert!(opener.open(&new).is_ok());
}

/// An opener that counts on nothing: its store lives in memory, and dies with the activation.
struct MemoryOpener;

impl Opener for MemoryOpener {
    fn open(&self, _: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        Ok(Arc::new(MemoryKeyStore::new()))
    }

    fn create(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        self.open(secret)
    }

    fn rekey(&self, _: &QuorumSecret, _: &QuorumSecret) -> Result<(), KeyError> {
        Ok(())
    }
}

/// What a store says of its public keys proves nothing: whoever writes its files or objects writes that
/// as well. So each key signs, and the owner's record says under which key that must verify.
#[test]
fn k2_a_store_proves_the_keys_for_which_it_is_opened_or_stays_closed() {
    let bench = bench();
    bench.store.create(&bench.secret, None).expect("created");
    let made = bench.store.generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    bench.store.deactivate();
    let expected = |label: &str, spki_der: &[u8]| ExpectedKey {
        label: label.parse().expect("a label"),
        spki_der: spki_der.to_vec(),
        signature: SignatureAlgorithm::EcdsaSha256,
    };
    let another = MemoryKeyStore::new().generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    let (own, lost) = (expected("ca", &made.spki_der), expected("lost", &made.spki_der));
    let forged = expected("ca", &another.spki_der);
    let come = |keys: &ExpectedKeys| {
        let proven = bench.store.prove(&bench.secret, keys);
        let opened = bench.store.activate(&bench.secret, keys, None);
        let is_open = bench.store.deactivate();
        assert_eq!((proven.is_ok(), is_open), (opened.is_ok(), opened.is_ok()));
        opened
    };
    for keys in [vec![forged.clone()], vec![forged.clone(), lost.clone()]] {
        let refused = come(&ExpectedKeys::some_of(keys)).expect_err("another key");
        assert!(matches!(refused, KeyError::OtherKey(_)), "{refused}");
    }
    let refused = come(&ExpectedKeys::to_come_back(vec![own.clone(), forged]));
    assert!(matches!(refused, Err(KeyError::OtherKey(_))), "one of two is not enough");
    let told = come(&ExpectedKeys::some_of(vec![own.clone(), lost.clone()])).expect("one is there");
    assert_eq!(told, std::slice::from_ref(&lost.label));
    let none = come(&ExpectedKeys::some_of(vec![lost.clone()]));
    assert!(matches!(none, Err(KeyError::NoneOfThem)));
    assert_eq!(come(&ExpectedKeys::to_come_back(vec![lost])).expect("restored later").len(), 1);
    // A key of another kind under the label is another key as well.
    let rsa = ExpectedKey { signature: SignatureAlgorithm::RsaSha256, ..own };
    let refused = come(&ExpectedKeys::some_of(vec![rsa]));
    assert!(matches!(refused, Err(KeyError::OtherKey(_))), "{refused:?}");
}

#[test]
fn k2_deactivation_drops_the_store_from_memory() {
    let clock: Clock = Arc::new(|| at(0));
    let store = GuardedKeyStore::new(Box::new(MemoryOpener), clock, Arc::new(AlwaysPermitted));
    let secret = QuorumSecret::generate().expect("randomness");
    store.activate(&secret, &ExpectedKeys::default(), None).expect("activated");
    store.generate(&label(), KeyAlgorithm::EcP256).expect("a key");
    store.deactivate();
    store.activate(&secret, &ExpectedKeys::default(), None).expect("activated");
    assert!(store.labels().expect("labels").is_empty());
}
