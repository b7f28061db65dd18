//! The card at rest: it comes back as it was, and shows nobody anything.

mod fixture;

use fixture::*;
use jitsuin_card::{Card, CardError, CardSlot, LifeState, VaultKey};

use CardSlot::{Authentication, Signature};

#[test]
fn c4_a_card_comes_back_from_its_seal_as_it_was() {
    let mut renewing = delivered();
    assert!(renewing.sign(Authentication, "0000", b"x").is_err());
    personalise(&mut renewing, Authentication, 1);
    let mut opened = reopen(&renewing);
    assert_eq!(opened.id(), renewing.id());
    assert_eq!(opened.life(), LifeState::Delivered);
    assert_eq!(opened.tries_left(Authentication), Ok(2), "a spent try stays spent");
    assert_eq!(opened.certificates(Signature), renewing.certificates(Signature));
    assert_eq!(opened.loading_public_key(Authentication), Ok(Some(key(1).spki_der.as_slice())));
    for slot in CardSlot::ALL {
        let before = renewing.sign(slot, right(slot), b"message").expect("a signature");
        assert_eq!(opened.sign(slot, right(slot), b"message"), Ok(before));
    }
    opened.deliver(secrets(None, None)).expect("the renewal goes on");
}

#[test]
fn c4_every_state_of_life_survives() {
    let blank = blank();
    let mut unusable = blank.clone();
    load_key(&mut unusable, Signature, 0);
    let mut destroyed = delivered();
    destroyed.destroy().expect("destroyed");
    for card in [blank, unusable, delivered(), destroyed] {
        assert_eq!(reopen(&card).life(), card.life());
    }
}

#[test]
fn c4_no_key_and_no_secret_is_in_clear_in_a_sealed_card() {
    let card = delivered();
    let sealed = card.seal(&vault()).expect("sealed");
    for number in [0, 1] {
        // The second half of a PKCS#8 is primes and exponents: no 32 octets of it may show.
        let pkcs8 = &key(number).pkcs8;
        let mut parts = pkcs8[pkcs8.len() / 2..].windows(32);
        assert!(!parts.any(|part| contains(&sealed, part)));
    }
    assert!(!contains(&sealed, &TRANSPORT));
    assert!(!contains(&sealed, PASSWORD.as_bytes()));
    let wrapped = wrap(&key(0).pkcs8, &TRANSPORT);
    assert!(!contains(&sealed, &wrapped), "even the wrapped key is under the seal");
}

#[test]
fn c4_a_card_prints_its_number_and_state_only() {
    assert_eq!(format!("{:?}", delivered()), "Card(card-45454545454545454545, Delivered)");
}

#[test]
fn c4_another_vault_key_and_changed_bytes_are_refused() {
    let sealed = delivered().seal(&vault()).expect("sealed");
    let another = Card::open(&sealed, &VaultKey::new(&[1; 32]));
    assert_eq!(another.map(|card| card.life()), Err(CardError::SealBroken));
    // One octet in the nonce, at the beginning, the middle and the end of the text.
    for position in [15, 27, sealed.len() / 2, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        let refused = Card::open(&changed, &vault()).map(|card| card.life());
        assert_eq!(refused, Err(CardError::SealBroken), "{position}");
    }
    for bytes in [&sealed[..20], b"", b"something else"] {
        let refused = Card::open(bytes, &vault()).map(|card| card.life());
        assert!(matches!(refused, Err(CardError::Malformed(_))));
    }
    let cut = Card::open(&sealed[..sealed.len() - 1], &vault()).map(|card| card.life());
    assert_eq!(cut, Err(CardError::SealBroken));
}

fn reopen(card: &Card) -> Card {
    Card::open(&card.seal(&vault()).expect("sealed"), &vault()).expect("opened")
}

fn vault() -> VaultKey {
    VaultKey::new(&[0x99; 32])
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
