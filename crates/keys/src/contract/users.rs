//! Users' keys: prepared, wrapped once, gone.

use std::collections::BTreeSet;
use std::thread;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use domain::algorithm::KeyAlgorithm;

use crate::error::KeyError;
use crate::pair::KeyPair;
use crate::store::{KeyStore, PublicKey};
use crate::wrap::{TransportKey, WrappedPrivateKey};

const CARD: [u8; 32] = [9; 32];

/// Fills the pool, empties it, and takes one key more than it had.
pub(super) fn prepares_and_wraps_to_a_card(store: &dyn KeyStore) {
    refuses_algorithms(store);
    let before = store.labels().expect("labels");
    let ready = |algorithm| store.prepared_user_keys(algorithm).expect("a number");
    let prepare = |algorithm, wanted| store.prepare_user_keys(algorithm, wanted).expect("made");
    assert_eq!((ready(KeyAlgorithm::Rsa2048), ready(KeyAlgorithm::EcP256)), (0, 0));
    assert_eq!(prepare(KeyAlgorithm::EcP256, 2), 2);
    assert_eq!(prepare(KeyAlgorithm::Rsa2048, 1), 1);
    assert_eq!(prepare(KeyAlgorithm::EcP256, 3), 1, "only what is missing is made");
    assert_eq!(prepare(KeyAlgorithm::EcP256, 1), 0, "what is too much stays");
    assert_eq!((ready(KeyAlgorithm::Rsa2048), ready(KeyAlgorithm::EcP256)), (1, 3));
    assert_eq!(store.labels().expect("labels"), before, "users' keys have no label");
    let mut seen = BTreeSet::new();
    for (algorithm, left) in [
        (KeyAlgorithm::EcP256, 2),
        (KeyAlgorithm::Rsa2048, 0),
        (KeyAlgorithm::EcP256, 1),
        (KeyAlgorithm::Rsa2048, 0),
    ] {
        assert!(seen.insert(wrapped_to_a_card(store, algorithm).spki_der), "a key left twice");
        assert_eq!(ready(algorithm), left, "{algorithm}");
    }
    leaves_once_though_many_ask(store);
    assert_eq!(store.labels().expect("labels"), before, "it must not be stored");
}

fn refuses_algorithms(store: &dyn KeyStore) {
    for algorithm in [KeyAlgorithm::Rsa1024, KeyAlgorithm::Ed25519] {
        let refused = store.prepare_user_keys(algorithm, 1);
        assert!(matches!(refused, Err(KeyError::AlgorithmRefused { .. })), "{algorithm}");
        assert_eq!(store.prepared_user_keys(algorithm).expect("a number"), 0);
        let refused = store.generate_for_card(algorithm, &TransportKey::new(&[1; 32]));
        assert!(matches!(refused, Err(KeyError::AlgorithmRefused { .. })), "{algorithm}");
    }
}

fn leaves_once_though_many_ask(store: &dyn KeyStore) {
    store.prepare_user_keys(KeyAlgorithm::EcP256, 4).expect("made");
    let keys: Vec<PublicKey> = thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| wrapped_to_a_card(store, KeyAlgorithm::EcP256)))
            .collect();
        takers.into_iter().map(|taker| taker.join().expect("no panic")).collect()
    });
    let different: BTreeSet<_> = keys.iter().map(|key| &key.spki_der).collect();
    assert_eq!(different.len(), 4, "a key left twice");
    assert_eq!(store.prepared_user_keys(KeyAlgorithm::EcP256).expect("a number"), 0);
}

fn wrapped_to_a_card(store: &dyn KeyStore, algorithm: KeyAlgorithm) -> PublicKey {
    let made = store.generate_for_card(algorithm, &TransportKey::new(&CARD));
    let (public_key, wrapped) = made.expect("a wrapped key");
    let pkcs8 = opened(&wrapped, &CARD).expect("the card opens it");
    let inside = KeyPair::from_pkcs8(algorithm, &pkcs8).expect("a private key");
    assert_eq!(*inside.public_key(), public_key);
    assert_eq!(opened(&wrapped, &[8; 32]), None, "another card must not open it");
    public_key
}

fn opened(wrapped: &WrappedPrivateKey, transport: &[u8; 32]) -> Option<Vec<u8>> {
    let mut output = vec![0; wrapped.as_bytes().len()];
    let wrapping_key = AesKek::new(&AES_256, transport).expect("a key");
    let opened = wrapping_key.unwrap_with_padding(wrapped.as_bytes(), &mut output);
    opened.ok().map(|pkcs8| pkcs8.to_vec())
}
