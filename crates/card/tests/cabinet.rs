//! Cards at rest: several beside each other, each in one reader, durable before every answer.

mod fixture;

use std::fs;
use std::path::Path;

use domain::id::CardId;
use fixture::office::{self, NUMBER, Office, card_keys, complete, octets};
use fixture::*;
use jitsuin_card::jpki::file;
use jitsuin_card::terminal::Connection;
use jitsuin_card::{
    Cabinet, CabinetError, Card, CardError, CardNumber, CardSlot, Emulator, InsertedCard, VaultKey,
};

use CardSlot::{Authentication, Signature};

#[test]
fn c2_cards_are_made_once_and_found_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let cabinet = open(&directory.path().join("cards"));
    assert_eq!(cabinet.ids().expect("ids"), []);
    let ids = [2, 1].map(|number| CardNumber([number; 10]).id());
    for id in &ids {
        cabinet.make(id, card_keys()).expect("made");
    }
    assert_eq!(cabinet.ids().expect("ids"), [ids[1].clone(), ids[0].clone()]);
    assert!(matches!(cabinet.make(&ids[0], card_keys()), Err(CabinetError::Exists(_))));
    let unnumbered: CardId = "0123-4567".parse().expect("an id");
    assert!(matches!(cabinet.make(&unnumbered, card_keys()), Err(CabinetError::NoNumber(_))));
    assert!(matches!(cabinet.insert(&unnumbered), Err(CabinetError::Unknown(_))));
}

#[test]
fn c2_a_card_is_in_one_reader_at_a_time_and_others_beside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let cabinet = open(directory.path());
    let ids = [1, 2].map(|number| CardNumber([number; 10]).id());
    ids.iter().for_each(|id| cabinet.make(id, card_keys()).expect("made"));
    let one = cabinet.insert(&ids[0]).expect("inserted");
    let _other = cabinet.insert(&ids[1]).expect("inserted");
    let elsewhere = open(directory.path());
    for cabinet in [&cabinet, &elsewhere] {
        assert!(matches!(cabinet.insert(&ids[0]), Err(CabinetError::InUse(_))));
    }
    drop(one);
    assert_eq!(elsewhere.insert(&ids[0]).expect("inserted").id(), &ids[0]);
}

#[test]
fn c2_a_delivered_card_is_the_same_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    put_delivered(directory.path());
    let mut card = open(directory.path()).insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_CERTIFICATE);
    let head = transmit(&mut card, "00B0000004");
    assert_eq!(head[..4], certificates(&key(0).spki_der).holder[..4]);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(transmit(&mut card, "00200080 04 31323334"), [0x90, 0x00]);
}

#[test]
fn c3_a_card_pulled_out_after_a_wrong_secret_has_lost_the_try() {
    let directory = tempfile::tempdir().expect("a directory");
    put_delivered(directory.path());
    for left in [2, 1, 0, 0] {
        let mut card = open(directory.path()).insert(&NUMBER.id()).expect("inserted");
        select(&mut card);
        select_file(&mut card, file::AUTHENTICATION_PIN);
        // Nobody waits for the answer.
        transmit(&mut card, "00200080 04 30303030");
        drop(card);
        let sealed = fs::read(card_file(directory.path())).expect("the file");
        let stored = Card::open(&sealed, &vault()).expect("the card");
        assert_eq!(stored.tries_left(Authentication), Ok(left));
        assert_eq!(stored.tries_left(Signature), Ok(5));
    }
}

/// A good VERIFY: the try is stored before the comparison, so that a card cut off between the two, or
/// one whose second storing fails, has lost it, and nobody has the verdict.
#[test]
fn c3_a_try_is_durably_gone_before_the_secret_is_compared() {
    let directory = tempfile::tempdir().expect("a directory");
    let (cards, gone) = (directory.path().join("cards"), directory.path().join("gone"));
    put_delivered(&cards);
    let tries = |cards: &Path| {
        let sealed = fs::read(card_file(cards)).expect("the file");
        Card::open(&sealed, &vault()).expect("the card").tries_left(Authentication)
    };
    let mut card = open(&cards).insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    card.receive(&octets("00200080 04 31323334")).expect("stored");
    assert_eq!(tries(&cards), Ok(2), "before the comparison");
    fs::rename(&cards, &gone).expect("moved away");
    assert!(card.answer().is_err(), "no verdict that is not stored");
    assert_eq!(tries(&gone), Ok(2));
    fs::rename(&gone, &cards).expect("moved back");
    assert!(card.transmit(&octets("00200080")).is_err(), "it is ahead of its file");
}

#[test]
fn c2_what_a_command_changes_is_stored_when_its_answer_is_there() {
    let directory = tempfile::tempdir().expect("a directory");
    put_delivered(directory.path());
    let stored = || {
        let sealed = fs::read(card_file(directory.path())).expect("the file");
        Card::open(&sealed, &vault()).expect("the card")
    };
    let mut card = open(directory.path()).insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    transmit(&mut card, "00200080 04 30303030");
    assert_eq!(stored().tries_left(Authentication), Ok(2));
    transmit(&mut card, "00200080 04 31323334");
    assert_eq!(stored().tries_left(Authentication), Ok(3), "the right one restores them");
    assert_eq!(transmit(&mut card, "00240180 04 34333231"), [0x90, 0x00]);
    assert!(stored().sign(Authentication, "4321", b"message").is_ok(), "the new PIN");
    let before = fs::read(card_file(directory.path())).expect("the file");
    transmit(&mut card, "8050300008 0000000000000000 00");
    let after = fs::read(card_file(directory.path())).expect("the file");
    assert_ne!(before, after, "the beginning of a channel is counted");
}

#[test]
fn c2_a_card_that_cannot_be_stored_answers_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let cards = directory.path().join("cards");
    put_delivered(&cards);
    let mut card = open(&cards).insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    fs::rename(&cards, directory.path().join("gone")).expect("moved away");
    for _ in 0..2 {
        assert!(card.transmit(&octets("00200080 04 31323334")).is_err());
    }
    assert!(card.transmit(&octets("00200080")).is_err(), "it is ahead of its file");
}

#[test]
fn c2_only_changes_are_written() {
    let directory = tempfile::tempdir().expect("a directory");
    put_delivered(directory.path());
    let before = fs::read(card_file(directory.path())).expect("the file");
    let mut card = open(directory.path()).insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_CERTIFICATE);
    transmit(&mut card, "00B0000000");
    transmit(&mut card, "00200080");
    let after = fs::read(card_file(directory.path())).expect("the file");
    assert_eq!(before, after);
}

#[test]
fn c2_a_file_of_another_card_or_vault_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let cabinet = open(directory.path());
    cabinet.make(&NUMBER.id(), card_keys()).expect("made");
    let another = CardNumber([9; 10]).id();
    let path = card_file(directory.path());
    fs::copy(&path, path.with_file_name(format!("{another}.card"))).expect("copied");
    assert!(matches!(cabinet.insert(&another), Err(CabinetError::AnotherCard(_))));
    let stranger = Cabinet::open(directory.path(), VaultKey::new(&[1; 32])).expect("opened");
    let refused = stranger.insert(&NUMBER.id());
    assert!(matches!(refused, Err(CabinetError::Card(CardError::SealBroken))));
    fs::write(&path, b"cut").expect("written");
    assert!(matches!(cabinet.insert(&NUMBER.id()), Err(CabinetError::Card(_))));
}

#[test]
fn c2_a_half_written_file_of_a_crash_is_no_obstacle() {
    let directory = tempfile::tempdir().expect("a directory");
    put_delivered(directory.path());
    let partial = card_file(directory.path()).with_extension("partial");
    fs::write(&partial, b"half").expect("written");
    let cabinet = open(directory.path());
    assert_eq!(cabinet.ids().expect("ids"), [NUMBER.id()]);
    let mut card = cabinet.insert(&NUMBER.id()).expect("inserted");
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(transmit(&mut card, "00200080 04 30303030"), [0x63, 0xC2]);
}

/// A cabinet with one card, delivered through a reader.
fn put_delivered(directory: &Path) {
    let cabinet = open(directory);
    cabinet.make(&NUMBER.id(), card_keys()).expect("made");
    let mut emulator = Emulator::new(Card::make(NUMBER, card_keys()));
    let mut office = Office::open(&mut emulator);
    for (slot, number, typed) in [(Authentication, 0, PIN), (Signature, 1, PASSWORD)] {
        office.store(&mut emulator, &complete(slot, number, typed)).expect("loaded");
        office.deliver(&mut emulator, slot, office::TAG).expect("delivered");
    }
    let sealed = emulator.card().seal(&vault()).expect("sealed");
    fs::write(card_file(directory), sealed).expect("written");
}

fn open(directory: &Path) -> Cabinet {
    Cabinet::open(directory, vault()).expect("a cabinet")
}

fn vault() -> VaultKey {
    VaultKey::new(&[0x77; 32])
}

fn card_file(directory: &Path) -> std::path::PathBuf {
    directory.join(format!("{}.card", NUMBER.id()))
}

fn transmit(card: &mut InsertedCard, command: &str) -> Vec<u8> {
    card.transmit(&octets(command)).expect("an answer")
}

fn select(card: &mut InsertedCard) {
    assert_eq!(transmit(card, "00A4040C 0A D392F000260100000001"), [0x90, 0x00]);
}

fn select_file(card: &mut InsertedCard, id: u16) {
    assert_eq!(transmit(card, &format!("00A4020C 02 {id:04X}")), [0x90, 0x00]);
}
