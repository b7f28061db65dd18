//! The municipality's key pair generator and the keys it puts on cards.

mod fixture;

use domain::algorithm::KeyAlgorithm;
use fixture::*;
use jitsuin_card::key_pair_generator::generate_onto_card;
use jitsuin_card::{CardError, CardSlot, LifeState, possession_statement};

const CHALLENGE: [u8; 32] = [0x42; 32];

#[test]
fn k5_the_generator_gives_out_a_public_key_and_the_cards_proof() {
    for (algorithm, octets) in [(KeyAlgorithm::Rsa1024, 128), (KeyAlgorithm::Rsa2048, 256)] {
        let mut card = blank();
        let made = generate_onto_card(&mut card, algorithm, &CHALLENGE).expect("a key");
        assert_eq!(made.algorithm, algorithm);
        assert_eq!(made.proof.len(), octets);
        assert_eq!(card.life(), LifeState::Unusable);
        let statement = possession_statement(card.id(), CardSlot::Signature, &CHALLENGE);
        assert!(verifies(&made.spki_der, &statement, &made.proof), "{algorithm}");
        assert!(openssl_verifies(&made.spki_der, &statement, &made.proof), "{algorithm}");
        assert!(!openssl_verifies(&made.spki_der, &CHALLENGE, &made.proof), "{algorithm}");
    }
}

#[test]
fn k5_a_card_with_an_rsa_1024_key_signs_as_openssl_expects() {
    let mut card = blank();
    let made = generate_onto_card(&mut card, KeyAlgorithm::Rsa1024, &CHALLENGE).expect("a key");
    let certificates = certificates(&made.spki_der);
    card.load_certificates(CardSlot::Signature, certificates).expect("certificates");
    card.deliver(secrets(None, Some(PASSWORD))).expect("delivered");
    let signature = card.sign(CardSlot::Signature, PASSWORD, b"message").expect("a signature");
    assert!(verifies(&made.spki_der, b"message", &signature));
    assert!(openssl_verifies(&made.spki_der, b"message", &signature));
    assert!(!openssl_verifies(&made.spki_der, b"another", &signature));
}

#[test]
fn k5_two_generations_never_give_one_key() {
    let [one, other] = [(), ()].map(|()| {
        let mut card = blank();
        generate_onto_card(&mut card, KeyAlgorithm::Rsa1024, &CHALLENGE).expect("a key").spki_der
    });
    assert_ne!(one, other);
}

#[test]
fn k5_the_generator_refuses_other_algorithms_and_busy_or_destroyed_cards() {
    let mut card = blank();
    for algorithm in KeyAlgorithm::ALL
        .into_iter()
        .filter(|a| !matches!(a, KeyAlgorithm::Rsa1024 | KeyAlgorithm::Rsa2048))
    {
        let refused = generate_onto_card(&mut card, algorithm, &CHALLENGE);
        assert!(matches!(refused, Err(CardError::AlgorithmRefused { .. })), "{algorithm}");
    }
    load_key(&mut card, CardSlot::Signature, 0);
    let busy = generate_onto_card(&mut card, KeyAlgorithm::Rsa2048, &CHALLENGE);
    let loading = CardError::LoadingAnother { slot: CardSlot::Signature, what: "key" };
    assert_eq!(busy, Err(loading));
    card.destroy().expect("destroyed");
    let gone = generate_onto_card(&mut card, KeyAlgorithm::Rsa2048, &CHALLENGE);
    assert_eq!(gone, Err(CardError::Destroyed(card.id().clone())));
}
