//! The CA as the master of all cards: it opens sessions with genuine cards alone.

use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use ca::NotedBackup;
use ca::card_master::{CardKeyring, dangerous_set_up_without_backup};
use ca::ceremony::MediumFact;
use card::scp03::{self, StaticKeys};
use card::terminal::{CardMaster, CardMasterError, Handshake};
use card::{CardKeys, CardNumber, jpki};
use domain::medium::MediumId;
use keys::{Administer, BackupKey, MakeCardMasters, MemoryKeyStore};
use store::reads::{ReadHead, ReadJournal};
use testkit::{Clock, Scratch, act};

use super::faulty;

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
        let (store, keys) = (self.scratch.store.clone(), self.keys.clone());
        dangerous_set_up_without_backup(&act(&self.clock), store, keys).expect("a keyring")
    }

    fn last_entry(&self) -> String {
        let last = self.scratch.store.last_sequence().expect("a read").expect("entries");
        let entry = self.scratch.store.journal(last, 1).expect("an entry").remove(0).1;
        String::from_utf8(entry).expect("JSON")
    }
}

/// What the card with these keys says at its first channel.
fn handshake(keys: &CardKeys, number: CardNumber) -> Handshake {
    nth_handshake(keys, number, [0, 0, 1])
}

/// What it says when its counter has come so far.
fn nth_handshake(keys: &CardKeys, number: CardNumber, sequence: [u8; 3]) -> Handshake {
    let (keys, host) = (StaticKeys::from(keys), [5; 8]);
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
fn c4_the_keyring_keeps_what_windows_rely_on() {
    let world = World::new();
    let keyring = world.keyring();
    let keys = |number| keyring.card_keys(&number).expect("keys");
    card::contract::check(&keyring, &keys, &act(&world.clock));
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
    let after = world.scratch.store.last_sequence().expect("a read");
    assert_eq!(after, before.map(|entry| entry + 1), "an entry of its own");

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
fn c4_the_keys_of_a_past_session_are_never_granted_again() {
    let world = World::new();
    let keyring = world.keyring();
    let keys = keyring.card_keys(&CARD).expect("keys");
    let open = |keyring: &CardKeyring, sequence| {
        keyring.open_session(&act(&world.clock), &nth_handshake(&keys, CARD, sequence)).map(drop)
    };
    open(&keyring, [0, 1, 0]).expect("a session");
    let restarted = world.keyring();
    for (past, keyring) in [([0, 1, 0], &keyring), ([0, 0, 255], &keyring), ([0, 1, 0], &restarted)]
    {
        assert_eq!(open(keyring, past), Err(CardMasterError::SetBack), "{past:?}");
        let entry = world.last_entry();
        assert!(entry.contains("card-changed") && entry.contains("set back"), "{entry}");
        assert!(entry.contains(&CARD.to_string()), "{entry}");
    }
    open(&restarted, [1, 0, 0]).expect("a newer session");
    // A forgery moves no counter.
    let mut forged = nth_handshake(&keys, CARD, [9, 0, 0]);
    forged.card_cryptogram[0] ^= 1;
    let refused = keyring.open_session(&act(&world.clock), &forged).map(drop);
    assert_eq!(refused, Err(CardMasterError::NotAuthentic));
    open(&keyring, [1, 0, 1]).expect("the next session");
}

#[test]
fn c4_no_keys_leave_before_their_session_is_remembered() {
    let world = World::new();
    let keys = world.keyring().card_keys(&CARD).expect("keys");
    for lost in [true, false] {
        let left = Arc::new(AtomicI32::new(i32::from(!lost)));
        let store = Arc::new(faulty::cutting(world.scratch.store.clone(), left, lost));
        let keyring = CardKeyring::new(store, world.keys.clone()).expect("a keyring");
        let refused = keyring.open_session(&act(&world.clock), &handshake(&keys, CARD)).map(drop);
        assert!(matches!(refused, Err(CardMasterError::Unavailable(_))), "{refused:?}");
    }
    let refused = world.keyring().open_session(&act(&world.clock), &handshake(&keys, CARD));
    assert_eq!(refused.map(drop), Err(CardMasterError::SetBack), "remembered by the second");
}

#[test]
fn k1_the_making_of_the_card_master_key_is_told_once_whatever_is_cut() {
    for lost in [true, false] {
        let world = World::new();
        let label = "cards-1".parse().expect("a label");
        let backup_key = BackupKey::new(&[1; 32]);
        let id = MediumId::from_octets([5; 16]);
        let media = [MediumFact { id, place: "/media/a".to_owned() }];
        let made = world.keys.generate_card_master(&label, &backup_key).expect("a key").check;
        let left = Arc::new(AtomicI32::new(i32::from(!lost)));
        let cut = Arc::new(faulty::cutting(world.scratch.store.clone(), left, lost));
        let keyring = CardKeyring::new(cut, world.keys.clone()).expect("a keyring");
        keyring.journal_making(&act(&world.clock), made, [7; 32], &media).expect_err("cut off");
        for _ in 0..2 {
            let (store, keys) = (world.scratch.store.clone(), world.keys.clone());
            let keyring = CardKeyring::new(store, keys).expect("a keyring");
            keyring.journal_making(&act(&world.clock), made, [7; 32], &media).expect("told");
        }
        let journal = world.scratch.store.journal(0, 9).expect("a read");
        let told: Vec<_> =
            journal.into_iter().map(|(_, body)| String::from_utf8(body).expect("JSON")).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("key-generated") && told[0].contains(&made.to_string()));
        assert!(told[1].contains("key-backed-up") && told[1].contains(&made.to_string()));
        let noted = ca::noted_backup(&*world.scratch.store, "cards-1").expect("a read");
        assert_eq!(noted, Some(NotedBackup { sha256: [7; 32], media: vec![id] }));
        assert!(told[1].contains(&format!("{id} /media/a")), "{told:?}");
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
    assert_eq!(world.scratch.store.last_sequence().expect("a read"), Some(0), "told once");
    let transport = keyring.transport_key(&CARD).expect("a key");
    assert_eq!(format!("{keyring:?} {transport:?} {keys:?}").matches("secret").count(), 2);
    world.keys.destroy(keyring.label()).expect("destroyed");
    let refused = keyring.open_session(&act(&world.clock), &handshake(&keys, CARD));
    assert!(matches!(refused, Err(CardMasterError::Unavailable(_))), "{refused:?}");
    assert_eq!(keyring.check().expect("a read"), None);
}
