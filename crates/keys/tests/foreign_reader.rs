//! What the stores sign, OpenSSL believes.

use std::fs;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use jitsuin_keys::token::{Pkcs11KeyStore, TokenConfig};
use jitsuin_keys::{EmbeddedKeyStore, KeyLabel, KeyStore, MasterKey, MemoryKeyStore};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use testkit::softhsm::SoftHsm;

const MESSAGE: &[u8] = b"to be signed by us and believed by others";

#[test]
fn k1_openssl_verifies_signatures_of_the_memory_store() {
    openssl_verifies_every_algorithm(&MemoryKeyStore::new());
}

#[test]
fn k1_openssl_verifies_signatures_of_the_embedded_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let master = MasterKey::generate().expect("randomness");
    let store = EmbeddedKeyStore::init(directory.path(), master).expect("a store");
    openssl_verifies_every_algorithm(&store);
}

#[test]
fn k1_openssl_verifies_signatures_of_a_token() {
    SoftHsm::in_child("k1_openssl_verifies_signatures_of_a_token", |_| {
        let config =
            TokenConfig { module: SoftHsm::MODULE.into(), token_label: "foreign".to_owned() };
        let store = Pkcs11KeyStore::init_token(&config, "so-pin-1234", "user-pin-1234");
        openssl_verifies_every_algorithm(&store.expect("a token"));
    });
}

fn openssl_verifies_every_algorithm(store: &dyn KeyStore) {
    let cases = [
        (KeyAlgorithm::Rsa2048, SignatureAlgorithm::RsaSha256),
        (KeyAlgorithm::Rsa3072, SignatureAlgorithm::RsaSha384),
        (KeyAlgorithm::EcP256, SignatureAlgorithm::EcdsaSha256),
        (KeyAlgorithm::EcP384, SignatureAlgorithm::EcdsaSha384),
    ];
    for (key, signature) in cases {
        let label: KeyLabel = format!("key-{key}").parse().expect("a label");
        let public_key = store.generate(&label, key).expect("a key pair");
        let (hash, digest) = match signature {
            SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => {
                ("-sha256", digest(&SHA256, MESSAGE))
            }
            _ => ("-sha384", digest(&SHA384, MESSAGE)),
        };
        let whole = store.sign(&label, signature, MESSAGE).expect("a signature");
        let streamed = store.sign_digest(&label, signature, digest.as_ref()).expect("a signature");
        for octets in [&whole, &streamed] {
            let arguments = ["dgst", hash, "-verify", "key.der", "-signature", "signature"];
            let accepted = openssl(&arguments, &public_key.spki_der, octets, MESSAGE);
            assert!(accepted, "{key} {signature}");
            assert!(!openssl(&arguments, &public_key.spki_der, octets, b"another"));
        }
    }
    openssl_verifies_a_checkpoint(store);
}

fn openssl_verifies_a_checkpoint(store: &dyn KeyStore) {
    let label: KeyLabel = "log".parse().expect("a label");
    let key = store.generate(&label, KeyAlgorithm::Ed25519).expect("a key pair");
    let signature = store.sign_checkpoint(&label, MESSAGE).expect("a signature");
    let arguments = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.der",
        "-rawin",
        "-sigfile",
        "signature",
        "-in",
        "message",
    ];
    assert!(openssl(&arguments, &key.spki_der, &signature, MESSAGE));
    assert!(!openssl(&arguments, &key.spki_der, &signature, b"another"));
}

/// Runs openssl beside the three files it may name; to dgst, the message is the last argument.
fn openssl(arguments: &[&str], spki: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, contents: &[u8]| {
        fs::write(directory.path().join(name), contents).expect("a file");
    };
    write("key.der", spki);
    write("signature", signature);
    write("message", message);
    let mut command = Command::new("openssl");
    command.args(arguments).args(["-keyform", "DER"]).current_dir(directory.path());
    if arguments[0] == "dgst" {
        command.arg("message");
    }
    command.output().expect("openssl must be installed").status.success()
}
