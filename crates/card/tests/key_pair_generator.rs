//! The municipality's key pair generator and the keys it makes for cards.

mod fixture;

use domain::algorithm::KeyAlgorithm;
use fixture::*;
use jitsuin_card::key_pair_generator::generate;
use jitsuin_card::terminal::LoadedKey;
use jitsuin_card::{Card, CardError, CardSlot, DataEncryptionKey, possession_statement};

const SLOT: CardSlot = CardSlot::Signature;

/// A key made for a card whose two wrapping keys are one, so that it goes in as the CA's would; how
/// a card tells them apart, `office_commands` shows.
fn generate_onto(card: &mut Card, algorithm: KeyAlgorithm) -> Vec<u8> {
    let made = generate(algorithm, &DataEncryptionKey::new(&TRANSPORT)).expect("a key");
    let LoadedKey::Generated { algorithm: stated, wrapped } = made else { panic!("generated") };
    assert_eq!(stated, algorithm);
    card.load_private_key(SLOT, algorithm, &wrapped).expect("it fits the card")
}

#[test]
fn k5_the_generator_gives_out_a_key_that_the_card_alone_can_open_and_prove() {
    for (algorithm, octets) in [(KeyAlgorithm::Rsa1024, 128), (KeyAlgorithm::Rsa2048, 256)] {
        let mut card = blank();
        let spki = generate_onto(&mut card, algorithm);
        let nonce = [0x42; 32];
        let proof = card.prove_possession(SLOT, &nonce).expect("a proof");
        assert_eq!(proof.len(), octets);
        let statement = possession_statement(card.id(), SLOT, &nonce);
        assert!(verifies(&spki, &statement, &proof), "{algorithm}");
        assert!(openssl_verifies(&spki, &statement, &proof), "{algorithm}");
        assert!(!openssl_verifies(&spki, &nonce, &proof), "{algorithm}");
    }
    let elsewhere = generate(KeyAlgorithm::Rsa2048, &DataEncryptionKey::new(&[9; 32]));
    let LoadedKey::Generated { algorithm, wrapped } = elsewhere.expect("a key") else {
        panic!("generated")
    };
    assert!(blank().load_private_key(SLOT, algorithm, &wrapped).is_err(), "another card's");
}

#[test]
fn k5_a_card_with_an_rsa_1024_key_signs_as_openssl_expects() {
    let mut card = blank();
    let spki = generate_onto(&mut card, KeyAlgorithm::Rsa1024);
    card.load_certificates(SLOT, certificates(&spki)).expect("certificates");
    card.deliver(secrets(None, Some(PASSWORD))).expect("delivered");
    let signature = card.sign(SLOT, PASSWORD, b"message").expect("a signature");
    assert!(verifies(&spki, b"message", &signature));
    assert!(openssl_verifies(&spki, b"message", &signature));
    assert!(!openssl_verifies(&spki, b"another", &signature));
}

#[test]
fn k5_two_generations_never_give_one_key() {
    let [one, other] = [(), ()].map(|()| generate_onto(&mut blank(), KeyAlgorithm::Rsa1024));
    assert_ne!(one, other);
}

#[test]
fn k5_the_generator_makes_rsa_keys_of_two_sizes_alone() {
    let key = DataEncryptionKey::new(&TRANSPORT);
    for algorithm in KeyAlgorithm::ALL {
        let refused = matches!(generate(algorithm, &key), Err(CardError::AlgorithmRefused { .. }));
        let made = matches!(algorithm, KeyAlgorithm::Rsa1024 | KeyAlgorithm::Rsa2048);
        assert_eq!(refused, !made, "{algorithm}");
    }
}

#[test]
fn k5_a_made_key_does_not_print_itself() {
    let made = generate(KeyAlgorithm::Rsa2048, &DataEncryptionKey::new(&TRANSPORT));
    let text = format!("{:?}", made.expect("a key"));
    assert!(text.starts_with("LoadedKey(GeneratedKey, ") && text.ends_with(" octets)"), "{text}");
}
