//! One suite over every key store: a backend that passes [`check`] keeps the contract.

mod backups;
mod card_masters;
mod users;

use std::thread;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::store::{KeyStore, PublicKey};
use crate::wrap::TransportKey;

/// Runs every clause over an empty store.
///
/// # Panics
/// Where the store breaks a clause.
pub fn check(store: &dyn KeyStore) {
    assert!(store.labels().expect("labels").is_empty(), "the suite needs an empty store");
    let rsa = label("contract-rsa");
    let p256 = label("contract-p256");
    let p384 = label("contract-p384");
    let log = label("contract-log");
    for (label, algorithm) in [
        (&rsa, KeyAlgorithm::Rsa2048),
        (&p256, KeyAlgorithm::EcP256),
        (&p384, KeyAlgorithm::EcP384),
        (&log, KeyAlgorithm::Ed25519),
    ] {
        generates_once(store, label, algorithm);
    }
    signs_messages_and_digests(store, &rsa, SignatureAlgorithm::RsaSha256);
    signs_messages_and_digests(store, &rsa, SignatureAlgorithm::RsaSha384);
    signs_messages_and_digests(store, &p256, SignatureAlgorithm::EcdsaSha256);
    signs_messages_and_digests(store, &p384, SignatureAlgorithm::EcdsaSha384);
    signs_only_what_fits(store);
    signs_checkpoints_with_ed25519_only(store, &log, &rsa);
    refuses_algorithms(store);
    signs_from_many_threads(store, &rsa);
    users::prepares_and_wraps_to_a_card(store);
    backups::check(store, &rsa);
    card_masters::check(store, &rsa);
    destroys_for_good(store, &rsa);
}

fn generates_once(store: &dyn KeyStore, label: &KeyLabel, algorithm: KeyAlgorithm) {
    let made = store.generate(label, algorithm).expect("a key pair");
    assert_eq!(made.algorithm, algorithm);
    assert_eq!(store.public_key(label).expect("its public key"), made);
    assert!(store.labels().expect("labels").contains(label));
    let again = store.generate(label, algorithm);
    assert!(matches!(again, Err(KeyError::LabelTaken(l)) if l == *label));
    assert_eq!(store.public_key(label).expect("unchanged"), made);
}

fn signs_messages_and_digests(store: &dyn KeyStore, label: &KeyLabel, with: SignatureAlgorithm) {
    let (verification, hash): (&'static dyn VerificationAlgorithm, _) = match with {
        SignatureAlgorithm::RsaSha256 => (&RSA_PKCS1_2048_8192_SHA256, &SHA256),
        SignatureAlgorithm::RsaSha384 => (&RSA_PKCS1_2048_8192_SHA384, &SHA384),
        SignatureAlgorithm::EcdsaSha256 => (&ECDSA_P256_SHA256_ASN1, &SHA256),
        SignatureAlgorithm::EcdsaSha384 => (&ECDSA_P384_SHA384_ASN1, &SHA384),
    };
    let key = store.public_key(label).expect("a public key");
    let message = b"to be signed";
    let over_message = store.sign(label, with, message).expect("a signature");
    let hashed = digest(hash, message);
    let over_digest = store.sign_digest(label, with, hashed.as_ref()).expect("a signature");
    for signature in [&over_message, &over_digest] {
        assert!(verifies(&key, verification, message, signature), "{with}");
        assert!(!verifies(&key, verification, b"another", signature), "{with}");
    }
    // PKCS#1 v1.5 is deterministic: both ways give the same octets.
    assert!(key.algorithm.rsa_modulus_bits().is_none() || over_message == over_digest);
    let short = store.sign_digest(label, with, &hashed.as_ref()[1..]);
    assert!(matches!(short, Err(KeyError::DigestLength { .. })), "{with}");
}

fn signs_only_what_fits(store: &dyn KeyStore) {
    for label in store.labels().expect("labels") {
        let key = store.public_key(&label).expect("a public key").algorithm;
        for with in SignatureAlgorithm::ALL.into_iter().filter(|s| !s.fits(key)) {
            let refused = store.sign(&label, with, b"x");
            assert!(matches!(refused, Err(KeyError::SignatureMismatch { .. })), "{key} {with}");
        }
    }
    let nobody = store.sign(&label("contract-nobody"), SignatureAlgorithm::RsaSha256, b"x");
    assert!(matches!(nobody, Err(KeyError::UnknownLabel(_))));
}

fn signs_checkpoints_with_ed25519_only(store: &dyn KeyStore, log: &KeyLabel, rsa: &KeyLabel) {
    let key = store.public_key(log).expect("a public key");
    let signature = store.sign_checkpoint(log, b"checkpoint").expect("a signature");
    assert!(verifies(&key, &ED25519, b"checkpoint", &signature));
    let refused = store.sign_checkpoint(rsa, b"checkpoint");
    assert!(matches!(refused, Err(KeyError::NotForCheckpoints { .. })));
}

fn refuses_algorithms(store: &dyn KeyStore) {
    let label = label("contract-refused");
    let small = store.generate(&label, KeyAlgorithm::Rsa1024);
    assert!(matches!(small, Err(KeyError::AlgorithmRefused { .. })));
    assert!(matches!(store.public_key(&label), Err(KeyError::UnknownLabel(_))));
    for algorithm in [KeyAlgorithm::Rsa1024, KeyAlgorithm::Ed25519] {
        let refused = store.generate_for_card(algorithm, &TransportKey::new(&[1; 32]));
        assert!(matches!(refused, Err(KeyError::AlgorithmRefused { .. })), "{algorithm}");
    }
}

fn signs_from_many_threads(store: &dyn KeyStore, rsa: &KeyLabel) {
    let key = store.public_key(rsa).expect("a public key");
    let with = SignatureAlgorithm::RsaSha256;
    thread::scope(|scope| {
        for number in 0u8..4 {
            let key = &key;
            scope.spawn(move || {
                for round in 0u8..8 {
                    let message = [number, round];
                    let signature = store.sign(rsa, with, &message).expect("a signature");
                    assert!(verifies(key, &RSA_PKCS1_2048_8192_SHA256, &message, &signature));
                }
            });
        }
        let made = store.generate(&label("contract-meanwhile"), KeyAlgorithm::EcP256);
        assert!(made.is_ok());
    });
}

fn destroys_for_good(store: &dyn KeyStore, rsa: &KeyLabel) {
    store.destroy(rsa).expect("destroyed");
    let signed = store.sign(rsa, SignatureAlgorithm::RsaSha256, b"x");
    assert!(matches!(signed, Err(KeyError::UnknownLabel(_))));
    assert!(!store.labels().expect("labels").contains(rsa));
    assert!(matches!(store.destroy(rsa), Err(KeyError::UnknownLabel(_))));
}

fn verifies(
    key: &PublicKey,
    algorithm: &'static dyn VerificationAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, &key.spki_der).verify(message, signature).is_ok()
}

fn label(text: &str) -> KeyLabel {
    text.parse().expect("a label")
}
