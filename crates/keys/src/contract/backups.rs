//! Backups: made at birth, opened by their key alone, and brought back where they are missing.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use super::{label, signs_messages_and_digests};
use crate::backup::{BackupKey, KeyBackup};
use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::memory::MemoryKeyStore;
use crate::store::{Administer, KeyStore};

/// Backs up and restores one key of each kind; `taken` is a label that exists.
pub(super) fn check(store: &dyn KeyStore, taken: &KeyLabel) {
    let key = BackupKey::new(&[0x4b; 32]);
    for (name, algorithm, with) in [
        ("contract-backed-rsa", KeyAlgorithm::Rsa2048, SignatureAlgorithm::RsaSha256),
        ("contract-backed-p256", KeyAlgorithm::EcP256, SignatureAlgorithm::EcdsaSha256),
        ("contract-backed-p384", KeyAlgorithm::EcP384, SignatureAlgorithm::EcdsaSha384),
    ] {
        let label = label(name);
        let made = store.generate_with_backup(&label, algorithm, &key).expect("a backup");
        assert_eq!((&made.label, made.public_key.algorithm), (&label, algorithm));
        assert_eq!(store.public_key(&label).expect("the stored key"), made.public_key);
        signs_messages_and_digests(store, &label, with);
        comes_back(store, &made, &key, with);
        comes_from_elsewhere(store, &label, algorithm, &key, with);
    }
    refuses(store, taken, &key);
    backs_up_ed25519_or_says_that_it_cannot(store, &key);
}

/// The backup of a store restores in that store and in another, and signs there.
fn comes_back(store: &dyn KeyStore, made: &KeyBackup, key: &BackupKey, with: SignatureAlgorithm) {
    let again = store.restore(made, key);
    assert!(matches!(again, Err(KeyError::LabelTaken(l)) if l == made.label));
    store.destroy(&made.label).expect("destroyed");
    let other = MemoryKeyStore::new();
    for store in [store, &other] {
        let wrong = store.restore(made, &BackupKey::new(&[0x4c; 32]));
        assert!(matches!(wrong, Err(KeyError::BackupRefused { .. })), "{wrong:?}");
        for changed in changed(made) {
            let refused = store.restore(&changed, key);
            assert!(matches!(refused, Err(KeyError::BackupRefused { .. })), "{refused:?}");
        }
        let absent = store.public_key(&made.label);
        assert!(matches!(absent, Err(KeyError::UnknownLabel(_))), "a refusal left something");
        assert_eq!(store.restore(made, key).expect("restored"), made.public_key);
        signs_messages_and_digests(store, &made.label, with);
    }
}

/// A backup that another store made restores in this one.
fn comes_from_elsewhere(
    store: &dyn KeyStore,
    label: &KeyLabel,
    algorithm: KeyAlgorithm,
    key: &BackupKey,
    with: SignatureAlgorithm,
) {
    store.destroy(label).expect("destroyed");
    let other = MemoryKeyStore::new();
    let made = other.generate_with_backup(label, algorithm, key).expect("a backup");
    assert_eq!(store.restore(&made, key).expect("restored"), made.public_key);
    signs_messages_and_digests(store, label, with);
}

/// The same backup with one thing changed.
fn changed(made: &KeyBackup) -> [KeyBackup; 3] {
    let [mut label_changed, mut key_changed, mut octet_changed] = [(); 3].map(|()| made.clone());
    label_changed.label = label("contract-renamed");
    let other = MemoryKeyStore::new().generate(&made.label, made.public_key.algorithm);
    key_changed.public_key = other.expect("a key pair");
    octet_changed.wrapped[20] ^= 1;
    [label_changed, key_changed, octet_changed]
}

fn refuses(store: &dyn KeyStore, taken: &KeyLabel, key: &BackupKey) {
    let again = store.generate_with_backup(taken, KeyAlgorithm::EcP256, key);
    assert!(matches!(again, Err(KeyError::LabelTaken(_))));
    let small = store.generate_with_backup(&label("contract-small"), KeyAlgorithm::Rsa1024, key);
    assert!(matches!(small, Err(KeyError::AlgorithmRefused { .. })));
}

fn backs_up_ed25519_or_says_that_it_cannot(store: &dyn KeyStore, key: &BackupKey) {
    let label = label("contract-backed-ed25519");
    match store.generate_with_backup(&label, KeyAlgorithm::Ed25519, key) {
        Ok(made) => {
            store.destroy(&label).expect("destroyed");
            assert_eq!(store.restore(&made, key).expect("restored"), made.public_key);
            store.sign_checkpoint(&label, b"checkpoint").expect("a signature");
        }
        Err(KeyError::NoBackup(KeyAlgorithm::Ed25519)) => {
            let absent = store.public_key(&label);
            assert!(matches!(absent, Err(KeyError::UnknownLabel(_))), "a refusal left something");
            let made = MemoryKeyStore::new()
                .generate_with_backup(&label, KeyAlgorithm::Ed25519, key)
                .expect("a backup");
            let refused = store.restore(&made, key);
            assert!(matches!(refused, Err(KeyError::NoBackup(_))), "{refused:?}");
        }
        Err(error) => panic!("{error}"),
    }
}
