//! Backups between tokens and the embedded store.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_keys::{
    Administer, BackupKey, EmbeddedKeyStore, KeyBackup, KeyError, KeyStore, MasterKey,
};
use testkit::softhsm::SoftHsm;

use crate::{label, new_token};

const TEXT: &[u8] = b"signed before and after";

#[test]
fn k4_a_backup_moves_between_tokens_and_the_embedded_store() {
    SoftHsm::in_child("backups::k4_a_backup_moves_between_tokens_and_the_embedded_store", |_| {
        let directory = tempfile::tempdir().expect("a directory");
        let master = MasterKey::generate().expect("randomness");
        let embedded = EmbeddedKeyStore::init(directory.path(), master).expect("a store");
        let (one, two) = (new_token("one"), new_token("two"));
        let stores: [&dyn KeyStore; 3] = [&one, &two, &embedded];
        for (number, from) in stores.iter().enumerate() {
            let others = stores.iter().enumerate().filter(|(other, _)| *other != number);
            let others: Vec<&dyn KeyStore> = others.map(|(_, store)| *store).collect();
            moves(*from, &others, &format!("made-by-{number}"));
        }
    });
}

fn moves(from: &dyn KeyStore, others: &[&dyn KeyStore], name: &str) {
    let key = BackupKey::new(&[0x61; 32]);
    let (rsa, ec) = (label(&format!("{name}-rsa")), label(&format!("{name}-p384")));
    let made_rsa = from.generate_with_backup(&rsa, KeyAlgorithm::Rsa2048, &key).expect("made");
    let made_ec = from.generate_with_backup(&ec, KeyAlgorithm::EcP384, &key).expect("made");
    let before = from.sign(&rsa, SignatureAlgorithm::RsaSha256, TEXT).expect("a signature");
    for store in others {
        let filed = KeyBackup::from_json(&made_rsa.to_json()).expect("a backup");
        store.restore(&filed, &key).expect("restored");
        let after = store.sign(&rsa, SignatureAlgorithm::RsaSha256, TEXT).expect("a signature");
        assert_eq!(before, after, "PKCS#1 v1.5 is deterministic");
        store.restore(&made_ec, &key).expect("restored");
        let after = store.sign(&ec, SignatureAlgorithm::EcdsaSha384, TEXT).expect("a signature");
        let verified =
            UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &made_ec.public_key.spki_der)
                .verify(TEXT, &after);
        assert!(verified.is_ok());
    }
}

#[test]
fn k4_softhsm_says_that_it_cannot_back_up_ed25519() {
    SoftHsm::in_child("backups::k4_softhsm_says_that_it_cannot_back_up_ed25519", |_| {
        let store = new_token("one");
        let key = BackupKey::new(&[0x61; 32]);
        let refused = store.generate_with_backup(&label("log"), KeyAlgorithm::Ed25519, &key);
        assert!(matches!(refused, Err(KeyError::NoBackup(KeyAlgorithm::Ed25519))), "{refused:?}");
        assert!(store.labels().expect("labels").is_empty());
    });
}
