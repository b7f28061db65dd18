//! Card master keys: derived from alike everywhere, backed up at birth, never among the key pairs.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use super::label;
use crate::backup::BackupKey;
use crate::card_master::CardKeyPurpose;
use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::memory::MemoryKeyStore;
use crate::store::{KeyStore, MakeCardMasters};

/// Makes a card master key, derives from it, destroys it and brings it back; `taken` is a label that
/// a key pair has.
pub(super) fn check(store: &dyn KeyStore, taken: &KeyLabel) {
    let (master, key) = (label("contract-cards"), BackupKey::new(&[0x4b; 32]));
    let pairs = store.labels().expect("labels");
    assert!(matches!(store.card_master_check(&master), Err(KeyError::UnknownLabel(_))));
    let made = store.generate_card_master(&master, &key).expect("a card master key");
    assert_eq!((&made.label, made.wrapped.len()), (&master, 40), "RFC 5649 of 32 octets");
    assert_eq!(store.card_master_check(&master).expect("a check value"), made.check);
    assert_eq!(store.card_masters().expect("labels"), std::slice::from_ref(&master));
    assert_eq!(store.labels().expect("labels"), pairs, "it is no key pair");
    is_no_key_pair(store, &master);
    names_one_key(store, &master, taken, &key);
    let derived = all_derived(store, &master);
    let other = MemoryKeyStore::new();
    other.restore_card_master(&made, &key).expect("restored");
    assert_eq!(all_derived(&other, &master), derived, "derivation is the same everywhere");
    store.destroy(&master).expect("destroyed");
    assert!(store.card_masters().expect("labels").is_empty());
    assert!(matches!(store.destroy(&master), Err(KeyError::UnknownLabel(_))));
    let wrong = store.restore_card_master(&made, &BackupKey::new(&[0x4c; 32]));
    assert!(matches!(wrong, Err(KeyError::BackupRefused { .. })), "{wrong:?}");
    let mut changed = made.clone();
    changed.wrapped[20] ^= 1;
    let refused = store.restore_card_master(&changed, &key);
    assert!(matches!(refused, Err(KeyError::BackupRefused { .. })), "{refused:?}");
    assert!(store.card_masters().expect("labels").is_empty(), "a refusal left something");
    store.restore_card_master(&made, &key).expect("restored");
    assert_eq!(all_derived(store, &master), derived);
    let again = store.generate_card_master(&label("contract-cards-2"), &key).expect("another");
    assert_ne!(again.check, made.check);
    store.destroy(&again.label).expect("destroyed");
    store.destroy(&master).expect("destroyed");
}

fn is_no_key_pair(store: &dyn KeyStore, master: &KeyLabel) {
    assert!(matches!(store.public_key(master), Err(KeyError::UnknownLabel(_))));
    let signed = store.sign(master, SignatureAlgorithm::RsaSha256, b"x");
    assert!(matches!(signed, Err(KeyError::UnknownLabel(_))));
}

fn names_one_key(store: &dyn KeyStore, master: &KeyLabel, taken: &KeyLabel, key: &BackupKey) {
    for label in [master, taken] {
        let again = store.generate_card_master(label, key);
        assert!(matches!(again, Err(KeyError::LabelTaken(_))), "{label}");
        let pair = store.generate(label, KeyAlgorithm::EcP256);
        assert!(matches!(pair, Err(KeyError::LabelTaken(_))), "{label}");
    }
    let none = store.derive_card_key(taken, CardKeyPurpose::Mac, &[0; 10]);
    assert!(matches!(none, Err(KeyError::UnknownLabel(_))));
}

fn all_derived(store: &dyn KeyStore, master: &KeyLabel) -> Vec<[u8; 32]> {
    let derive = |purpose, number: &[u8; 10]| {
        *store.derive_card_key(master, purpose, number).expect("a card's key").as_bytes()
    };
    CardKeyPurpose::ALL
        .into_iter()
        .flat_map(|p| [derive(p, &[1; 10]), derive(p, &[2; 10])])
        .collect()
}
