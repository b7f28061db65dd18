//! The CA as the master of all cards: it opens sessions with genuine cards alone.

use std::sync::Arc;

use ca::card_master::{CardKeyring, find_or_generate_master};
use card::scp03::{self, StaticKeys};
use card::terminal::{CardMaster, CardMasterError, Handshake};
use card::{CardKeys, CardNumber, jpki};
use keys::{KeyStore, MemoryKeyStore};
use store::Store;
use testkit::{Clock, Scratch, act};

const CARD: CardNumber = CardNumber([7; 10]);

struct World {
    scratch: Scratch,
    clock: Clock,
    keys: Arc<MemoryKeyStore>,
}

impl World {
    fn new() -> Self {
        let clock = Clock::at("2026-11-22T03:00:00Z");
        Self { scratch: Scratch::new(), clock, keys: Arc::default() }
    }

    fn keyring(&self) -> CardKeyring {
        let make = &find_or_generate_master;
        let (store, keys) = (self.scratch.store.clone(), self.keys.clone());
        CardKeyring::set_up(&act(&self.clock), store, keys, make).expect("a keyring")
    }

    fn last_entry(&self) -> String {
        let last = self.scratch.store.last_sequence().expect("a read").expect("entries");
        let entry = self.scratch.store.journal(last, 1).expect("an entry").remove(0).1;
        String::from_utf8(entry).expect("JSON")
    }
}

/// What the card with these keys says at its first channel.
fn handshake(keys: &CardKeys, number: CardNumber) -> Handshake {
    let (keys, sequence, host) = (StaticKeys::from(keys), [0, 0, 1], [5; 8]);
    let card = scp03::card_challenge(&keys, &sequence, &jpki::AID).expect("a challenge");
    let session = scp03::session_keys(&keys, &host, &card).expect("keys");
    Handshake {
        number,
        key_version: scp03::KEY_VERSION,
        host_challenge: host,
        card_challenge: card,
        card_cryptogram: session.card_cryptogram(&host, &card).expect("a cryptogram"),
        sequence,
    }
}

#[test]
fn c4_a_session_is_opened_with_a_card_that_holds_the_keys_of_its_number_alone() {
    let world = World::new();
    let keyring = world.keyring();
    let genuine = handshake(&keyring.card_keys(&CARD).expect("keys"), CARD);
    let before = world.scratch.store.last_sequence().expect("a read");
    let grant = keyring.open_session(&act(&world.clock), &genuine).expect("a session");
    let (host, card) = (&genuine.host_challenge, &genuine.card_challenge);
    grant.keys.verify_card(host, card, &genuine.card_cryptogram).expect("of this session");
    assert_eq!(world.scratch.store.last_sequence().expect("a read"), before, "no entry");

    let mut wrong_cryptogram = genuine.clone();
    wrong_cryptogram.card_cryptogram[7] ^= 1;
    let mut wrong_challenge = genuine.clone();
    wrong_challenge.card_challenge[0] ^= 1;
    let mut wrong_sequence = genuine.clone();
    wrong_sequence.sequence[2] += 1;
    let other = CardNumber([8; 10]);
    let under_anothers_name = Handshake { number: other, ..genuine.clone() };
    for forged in [wrong_cryptogram, wrong_challenge, wrong_sequence, under_anothers_name] {
        let refused = keyring.open_session(&act(&world.clock), &forged).expect_err("forged");
        assert_eq!(refused, CardMasterError::NotAuthentic);
        let entry = world.last_entry();
        assert!(entry.contains("card-changed") && entry.contains("refused"), "{entry}");
        assert!(entry.contains(&forged.number.to_string()), "{entry}");
    }
}

#[test]
fn c4_cards_of_another_installation_are_strangers() {
    let (world, elsewhere) = (World::new(), World::new());
    let foreign = elsewhere.keyring().card_keys(&CARD).expect("keys");
    let keyring = world.keyring();
    assert_ne!(keyring.check().expect("a check"), elsewhere.keyring().check().expect("a check"));
    let refused = keyring.open_session(&act(&world.clock), &handshake(&foreign, CARD));
    assert_eq!(refused.expect_err("a stranger"), CardMasterError::NotAuthentic);
}

#[test]
fn k1_the_card_master_key_is_made_once_and_without_it_nothing_opens() {
    let world = World::new();
    let keyring = world.keyring();
    let (check, keys) =
        (keyring.check().expect("a check"), keyring.card_keys(&CARD).expect("keys"));
    assert_eq!(world.keyring().check().expect("a check"), check, "made once");
    assert!(world.last_entry().contains("no-op"), "{}", world.last_entry());
    let transport = keyring.transport_key(&CARD).expect("a key");
    assert_eq!(format!("{keyring:?} {transport:?} {keys:?}").matches("secret").count(), 2);
    world.keys.destroy(keyring.label()).expect("destroyed");
    let refused = keyring.open_session(&act(&world.clock), &handshake(&keys, CARD));
    assert!(matches!(refused, Err(CardMasterError::Unavailable(_))), "{refused:?}");
    assert_eq!(keyring.check().expect("a read"), None);
}
