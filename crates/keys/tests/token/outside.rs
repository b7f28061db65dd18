//! The token as others see it: its keys are there, and nobody gets them out.

use std::path::Path;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use domain::algorithm::KeyAlgorithm;
use jitsuin_keys::{Administer, BackupKey};
use testkit::run;
use testkit::softhsm::SoftHsm;

use crate::{PIN, label, new_token, session, somebody_else};

/// Runs pkcs11-tool, logged in to the token.
fn pkcs11_tool(arguments: &[&str]) -> testkit::Output {
    let token = ["--module", SoftHsm::MODULE, "--token-label", "one", "--login", "--pin", PIN];
    run(Path::new("/tmp"), "pkcs11-tool", &[&token, arguments].concat())
}

#[test]
fn k1_pkcs11_tool_sees_keys_that_never_leave() {
    SoftHsm::in_child("outside::k1_pkcs11_tool_sees_keys_that_never_leave", |_| {
        let store = new_token("one");
        store.generate(&label("made-rsa"), KeyAlgorithm::Rsa2048).expect("a key pair");
        store.generate(&label("made-ec"), KeyAlgorithm::EcP256).expect("a key pair");
        let key = BackupKey::new(&[1; 32]);
        let backed_up = label("backed-up");
        store.generate_with_backup(&backed_up, KeyAlgorithm::Rsa2048, &key).expect("a backup");
        let listed = pkcs11_tool(&["--list-objects", "--type", "privkey"]);
        assert!(listed.success, "{}", listed.text);
        let access = |label: &str| {
            let named = |object: &&str| object.contains(&format!("label:      {label}\n"));
            let object = listed.text.split("Private Key Object").find(named);
            let object = object.unwrap_or_else(|| panic!("no {label} in {}", listed.text));
            let access = object.lines().find_map(|line| line.trim().strip_prefix("Access:"));
            access.unwrap_or_default().trim().to_owned()
        };
        for made in ["made-rsa", "made-ec"] {
            let expected = "sensitive, always sensitive, never extractable, local";
            assert_eq!(access(made), expected, "{made}");
        }
        // It came out of its backup: not always so, but so for ever (PKCS#11 2.40, 4.9).
        assert_eq!(access("backed-up"), "sensitive");
        let public = pkcs11_tool(&["--list-objects", "--type", "pubkey"]);
        assert_eq!(public.text.matches("Public Key Object").count(), 3, "{}", public.text);
    });
}

#[test]
fn k1_nobody_gets_a_private_key_out_of_the_token() {
    SoftHsm::in_child("outside::k1_nobody_gets_a_private_key_out_of_the_token", |tokens| {
        let store = new_token("one");
        store.generate(&label("made-rsa"), KeyAlgorithm::Rsa2048).expect("a key pair");
        store.generate(&label("made-ec"), KeyAlgorithm::EcP256).expect("a key pair");
        let key = BackupKey::new(&[1; 32]);
        for (name, algorithm) in
            [("backed-rsa", KeyAlgorithm::Rsa2048), ("backed-ec", KeyAlgorithm::EcP256)]
        {
            store.generate_with_backup(&label(name), algorithm, &key).expect("a backup");
        }
        for name in ["made-rsa", "made-ec", "backed-rsa", "backed-ec"] {
            let stolen = tokens.with_file_name("stolen.der");
            let file = stolen.to_str().expect("text");
            let arguments = ["--read-object", "--type", "privkey", "--label", name];
            let read = pkcs11_tool(&[&arguments[..], &["--output-file", file]].concat());
            assert!(!stolen.exists(), "{name}: {}", read.text);
            let arguments = ["--read-object", "--type", "pubkey", "--label", name];
            let read = pkcs11_tool(&[&arguments[..], &["--output-file", file]].concat());
            assert!(stolen.exists(), "the public key can be read: {}", read.text);
            std::fs::remove_file(&stolen).expect("removed");
        }
        every_door_is_shut();
    });
}

/// Reads, wraps, relaxes and copies every private key, as whoever is logged in may try.
fn every_door_is_shut() {
    let module = somebody_else();
    let session = session(&module, "one");
    let own_key = session.generate_key(
        &Mechanism::AesKeyGen,
        &[Attribute::ValueLen(32.into()), Attribute::Wrap(true), Attribute::Token(false)],
    );
    let own_key = own_key.expect("a key to wrap with");
    let secrets = [
        AttributeType::PrivateExponent,
        AttributeType::Prime1,
        AttributeType::Prime2,
        AttributeType::Exponent1,
        AttributeType::Coefficient,
        AttributeType::Value,
    ];
    let private = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let objects = session.find_objects(&private).expect("objects");
    assert_eq!(objects.len(), 4);
    for object in objects {
        let read = session.get_attributes(object, &secrets).expect("an answer");
        assert!(read.is_empty(), "a secret came out");
        for mechanism in [Mechanism::AesKeyWrapPad, Mechanism::AesKeyWrap] {
            assert!(session.wrap_key(&mechanism, own_key, object).is_err(), "it was wrapped");
        }
        for relaxed in [Attribute::Extractable(true), Attribute::Sensitive(false)] {
            let changed = session.update_attributes(object, std::slice::from_ref(&relaxed));
            assert!(changed.is_err(), "{relaxed:?}");
            assert!(session.copy_object(object, std::slice::from_ref(&relaxed)).is_err());
        }
    }
}

#[test]
fn k1_a_key_of_somebody_else_is_not_ours() {
    SoftHsm::in_child("outside::k1_a_key_of_somebody_else_is_not_ours", |_| {
        let store = new_token("one");
        let made = pkcs11_tool(&["--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca"]);
        assert!(made.success, "{}", made.text);
        assert!(store.labels().expect("labels").is_empty());
        store.generate(&label("ca"), KeyAlgorithm::Rsa2048).expect("a key pair");
        assert_eq!(store.labels().expect("labels"), [label("ca")]);
        store.destroy(&label("ca")).expect("destroyed");
        let module = somebody_else();
        let theirs = [Attribute::KeyType(KeyType::EC)];
        let left = session(&module, "one").find_objects(&theirs).expect("objects");
        assert_eq!(left.len(), 2, "theirs is untouched");
    });
}
