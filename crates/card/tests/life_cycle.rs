//! The card's life: what it does in each state, and every transition it refuses.

mod fixture;

use domain::algorithm::KeyAlgorithm;
use fixture::*;
use jitsuin_card::{Card, CardError, CardSlot, HolderSecrets, LifeState, possession_statement};

use CardSlot::{Authentication, Signature};

#[test]
fn l1_a_card_goes_from_blank_over_unusable_to_delivered_and_destroyed() {
    let mut card = blank();
    assert_eq!(card.life(), LifeState::Blank);
    personalise(&mut card, Authentication, 0);
    assert_eq!(card.life(), LifeState::Unusable);
    card.deliver(secrets(Some(PIN), None)).expect("delivered");
    assert_eq!(card.life(), LifeState::Delivered);
    card.destroy().expect("destroyed");
    assert_eq!(card.life(), LifeState::Destroyed);
    assert_eq!(card.id().as_str(), "card-45454545454545454545");
}

#[test]
fn l1_an_unusable_card_proves_its_key_and_signs_nothing_else() {
    let mut card = blank();
    personalise(&mut card, Authentication, 0);
    let nonce = [0x77; 32];
    let proof = card.prove_possession(Authentication, &nonce).expect("a proof");
    let statement = possession_statement(card.id(), Authentication, &nonce);
    assert!(verifies(&key(0).spki_der, &statement, &proof));
    assert!(openssl_verifies(&key(0).spki_der, &statement, &proof));
    let another_slot = possession_statement(card.id(), Signature, &nonce);
    assert!(!verifies(&key(0).spki_der, &another_slot, &proof));
    let refused = card.sign(Authentication, PIN, b"x");
    assert_eq!(refused, Err(CardError::NotDelivered { slot: Authentication }));
}

#[test]
fn l1_a_delivered_card_signs_for_its_holder_and_proves_no_more() {
    let mut card = delivered();
    for (slot, number) in [(Authentication, 0), (Signature, 1)] {
        let signature = card.sign(slot, right(slot), b"message").expect("a signature");
        assert!(verifies(&key(number).spki_der, b"message", &signature));
        assert!(openssl_verifies(&key(number).spki_der, b"message", &signature));
        assert!(!openssl_verifies(&key(number).spki_der, b"another", &signature));
        let refused = card.prove_possession(slot, &[0; 32]);
        assert_eq!(refused, Err(CardError::NothingLoading { slot }));
        let certificates = certificates(&key(number).spki_der);
        assert_eq!(card.certificates(slot), Ok(&certificates));
    }
}

#[test]
fn l1_a_blank_card_refuses_everything_but_a_key() {
    let mut card = blank();
    for slot in CardSlot::ALL {
        let nothing = CardError::NothingLoading { slot };
        let absent = CardError::NotDelivered { slot };
        assert_eq!(card.prove_possession(slot, &[0; 32]), Err(nothing.clone()));
        let certificates = certificates(&key(0).spki_der);
        assert_eq!(card.load_certificates(slot, certificates), Err(nothing.clone()));
        assert_eq!(card.discard_loading(slot), Err(nothing));
        assert_eq!(card.sign(slot, right(slot), b"x"), Err(absent.clone()));
        assert_eq!(card.tries_left(slot), Err(absent.clone()));
        let new = secret(slot, right(slot));
        assert_eq!(card.reset_secret(new), Err(absent));
    }
    let nothing = CardError::NothingToDeliver(card.id().clone());
    assert_eq!(card.deliver(HolderSecrets::default()), Err(nothing));
    assert_eq!(card.life(), LifeState::Blank);
}

#[test]
fn l1_a_destroyed_card_refuses_everything() {
    let mut card = delivered();
    card.destroy().expect("destroyed");
    let gone = || CardError::Destroyed(card_id());
    let wrapped = wrap(&key(0).pkcs8, &TRANSPORT);
    let slot = Authentication;
    let loaded = card.load_private_key(slot, KeyAlgorithm::Rsa2048, &wrapped);
    assert_eq!(loaded, Err(gone()));
    let certificates = certificates(&key(0).spki_der);
    assert_eq!(card.load_certificates(slot, certificates), Err(gone()));
    assert_eq!(card.prove_possession(slot, &[0; 32]), Err(gone()));
    assert_eq!(card.deliver(secrets(Some(PIN), None)), Err(gone()));
    assert_eq!(card.sign(slot, PIN, b"x"), Err(gone()));
    assert_eq!(card.reset_secret(secret(slot, PIN)), Err(gone()));
    assert_eq!(card.erase(slot), Err(gone()));
    assert_eq!(card.discard_loading(slot), Err(gone()));
    assert_eq!(card.destroy(), Err(gone()));
}

#[test]
fn l1_delivery_is_of_all_slots_or_of_none() {
    let mut card = blank();
    personalise(&mut card, Authentication, 0);
    load_key(&mut card, Signature, 1);
    let missing = CardError::CertificatesMissing { slot: Signature };
    assert_eq!(card.deliver(secrets(Some(PIN), Some(PASSWORD))), Err(missing));
    assert_eq!(card.life(), LifeState::Unusable);

    card.load_certificates(Signature, certificates(&key(1).spki_der)).expect("certificates");
    let unset = CardError::SecretMissing { slot: Signature };
    assert_eq!(card.deliver(secrets(Some(PIN), None)), Err(unset.clone()));
    assert_eq!(card.life(), LifeState::Unusable);
    let rule =
        "the signature slot cannot be delivered before the holder sets its signature password";
    assert_eq!(unset.to_string(), rule);

    card.deliver(secrets(Some(PIN), Some(PASSWORD))).expect("delivered");
    assert_eq!(card.life(), LifeState::Delivered);
}

#[test]
fn l1_a_secret_without_a_key_is_refused() {
    let mut card = blank();
    personalise(&mut card, Authentication, 0);
    let unwanted = CardError::SecretUnwanted { slot: Signature };
    assert_eq!(card.deliver(secrets(Some(PIN), Some(PASSWORD))), Err(unwanted));
}

#[test]
fn l6_a_renewal_leaves_the_old_key_at_work_until_the_new_one_is_delivered() {
    let mut card = blank();
    personalise(&mut card, Authentication, 0);
    card.deliver(secrets(Some(PIN), None)).expect("delivered");
    assert!(card.sign(Authentication, "0000", b"x").is_err());

    personalise(&mut card, Authentication, 1);
    let nonce = [1; 32];
    let proof = card.prove_possession(Authentication, &nonce).expect("a proof");
    let statement = possession_statement(card.id(), Authentication, &nonce);
    assert!(verifies(&key(1).spki_der, &statement, &proof), "the new key proves itself");
    assert_eq!(card.tries_left(Authentication), Ok(2));
    let old = card.clone().sign(Authentication, PIN, b"x").expect("a signature");
    assert!(verifies(&key(0).spki_der, b"x", &old), "the old key still signs");

    card.deliver(HolderSecrets::default()).expect("delivered");
    assert_eq!(card.tries_left(Authentication), Ok(2), "the PIN stays as it is");
    let new = card.sign(Authentication, PIN, b"x").expect("a signature");
    assert!(verifies(&key(1).spki_der, b"x", &new));
}

#[test]
fn l6_a_renewal_that_fails_leaves_the_card_as_it_was() {
    let mut card = delivered();
    load_key(&mut card, Authentication, 1);
    card.discard_loading(Authentication).expect("discarded");
    let signature = card.sign(Authentication, PIN, b"x").expect("a signature");
    assert!(verifies(&key(0).spki_der, b"x", &signature));
    let nothing = CardError::NothingToDeliver(card_id());
    assert_eq!(card.deliver(HolderSecrets::default()), Err(nothing));
}

#[test]
fn l1_the_window_may_repeat_itself_but_not_replace_what_is_loading() {
    let mut card = blank();
    personalise(&mut card, Authentication, 0);
    personalise(&mut card, Authentication, 0);
    let other = wrap(&key(1).pkcs8, &TRANSPORT);
    let refused = card.load_private_key(Authentication, KeyAlgorithm::Rsa2048, &other);
    let loading = CardError::LoadingAnother { slot: Authentication, what: "key" };
    assert_eq!(refused, Err(loading));
    let mut changed = certificates(&key(0).spki_der);
    *changed.ca.last_mut().expect("octets") ^= 1;
    let refused = card.load_certificates(Authentication, changed);
    let loading = CardError::LoadingAnother { slot: Authentication, what: "certificate" };
    assert_eq!(refused, Err(loading));
    assert_eq!(card.loading_public_key(Authentication), Ok(Some(key(0).spki_der.as_slice())));
}

#[test]
fn w1_an_erased_slot_is_empty_and_the_other_untouched() {
    let mut card = delivered();
    card.erase(Signature).expect("erased");
    let absent = CardError::NotDelivered { slot: Signature };
    assert_eq!(card.sign(Signature, PASSWORD, b"x"), Err(absent));
    assert!(card.sign(Authentication, PIN, b"x").is_ok());
    card.erase(Authentication).expect("erased");
    assert_eq!(card.life(), LifeState::Blank);
}

#[test]
fn c4_a_key_is_taken_only_from_its_own_wrapping() {
    let wrapped = wrap(&key(0).pkcs8, &TRANSPORT);
    let elsewhere = wrap(&key(0).pkcs8, &[1; 32]);
    let mut flipped = wrapped.clone();
    flipped[40] ^= 1;
    let not_ours = "it is not wrapped to this card";
    let unsound = "it is not a sound private key of the stated algorithm";
    let cases: [(&[u8], _, _); 7] = [
        (&elsewhere, KeyAlgorithm::Rsa2048, not_ours),
        (&flipped, KeyAlgorithm::Rsa2048, not_ours),
        (&[], KeyAlgorithm::Rsa2048, not_ours),
        (&wrapped[..17], KeyAlgorithm::Rsa2048, not_ours),
        (&key(0).pkcs8, KeyAlgorithm::Rsa2048, not_ours),
        (&wrap(b"no key at all", &TRANSPORT), KeyAlgorithm::Rsa2048, unsound),
        (&wrapped, KeyAlgorithm::Rsa1024, unsound),
    ];
    for (bytes, algorithm, rule) in cases {
        let mut card = blank();
        let refused = card.load_private_key(Signature, algorithm, bytes);
        assert_eq!(refused, Err(CardError::KeyRefused { slot: Signature, rule }));
        assert_eq!(card.life(), LifeState::Blank);
    }
}

#[test]
fn c4_each_slot_takes_its_own_algorithms() {
    let wrapped = wrap(&key(0).pkcs8, &TRANSPORT);
    for slot in CardSlot::ALL {
        for algorithm in KeyAlgorithm::ALL {
            let small = algorithm == KeyAlgorithm::Rsa1024 && slot == Signature;
            let taken = algorithm == KeyAlgorithm::Rsa2048 || small;
            let loaded = blank().load_private_key(slot, algorithm, &wrapped);
            let refused = matches!(loaded, Err(CardError::AlgorithmRefused { .. }));
            assert_eq!(refused, !taken, "{slot} {algorithm}");
        }
    }
}

#[test]
fn c1_a_certificate_is_taken_only_for_the_key_on_the_card() {
    let good = certificates(&key(0).spki_der);
    let mut longer = good.clone();
    longer.holder.push(0);
    let mut short_form = good.clone();
    short_form.ca = vec![0x30, 0x03, 2, 1, 1];
    let cases = [
        (certificates(&key(1).spki_der), "certificate", "it is not for the key on the card"),
        (longer, "certificate", "its length is not the one it states"),
        (short_form, "CA certificate", "it must be DER of 256 to 65535 octets in a SEQUENCE"),
    ];
    let mut card = blank();
    load_key(&mut card, Signature, 0);
    for (certificates, certificate, rule) in cases {
        let refused = card.load_certificates(Signature, certificates);
        let expected = CardError::CertificateRefused { slot: Signature, certificate, rule };
        assert_eq!(refused, Err(expected));
    }
    assert_eq!(card.load_certificates(Signature, good), Ok(()));
}

#[test]
fn c3_wrong_tries_block_each_slot_by_its_own_count() {
    for (slot, tries) in [(Authentication, 3), (Signature, 5)] {
        let mut card = delivered();
        let other = CardSlot::ALL.into_iter().find(|s| *s != slot).expect("another slot");
        let others_tries = card.tries_left(other);
        for tries_left in (0..tries).rev() {
            let wrong = Err(CardError::SecretWrong { slot, tries_left });
            assert_eq!(card.sign(slot, "WRONG", b"x"), wrong);
            assert_eq!(card.tries_left(slot), Ok(tries_left));
        }
        let blocked = Err(CardError::SecretBlocked { slot });
        assert_eq!(card.sign(slot, right(slot), b"x"), blocked, "not even the right one");
        assert_eq!(card.tries_left(other), others_tries, "the counters are independent");

        card.reset_secret(secret(slot, right(slot))).expect("unlocked");
        assert_eq!(card.tries_left(slot), Ok(tries));
        assert!(card.sign(slot, right(slot), b"x").is_ok());
    }
}

#[test]
fn c3_a_right_try_restores_the_counter() {
    let mut card = delivered();
    for _ in 0..4 {
        assert!(card.sign(Authentication, "0000", b"x").is_err());
        assert!(card.sign(Authentication, "", b"x").is_err());
        assert!(card.sign(Authentication, PIN, b"x").is_ok());
        assert_eq!(card.tries_left(Authentication), Ok(3));
    }
}

fn card_id() -> domain::id::CardId {
    Card::id(&blank()).clone()
}
