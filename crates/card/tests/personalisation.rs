//! Host against emulator in process: personalising, delivering, and everything that can go wrong.

mod fixture;
mod line;

use domain::algorithm::KeyAlgorithm;
use fixture::{certificates, key, secret, secrets, verifies, wrap};
use jitsuin_card::apdu::StatusWord;
use jitsuin_card::terminal::{
    CardMasterError, CardTerminal, Connection, ConnectionError, Load, LoadedKey, OperationTag,
    SecuredCard, TerminalError,
};
use jitsuin_card::{CardKeys, CardSlot, LifeState, possession_statement};
use line::{DEK, NUMBER, OnReader, Side, TRANSPORT, act, keys, office};

const FIRST: OperationTag = OperationTag([1; 16]);
const SECOND: OperationTag = OperationTag([2; 16]);
const NONCE: [u8; 32] = [9; 32];

/// The numbered key with its certificates, as A's come from the CA and S's from the generator.
fn load(slot: CardSlot, number: usize, operation: OperationTag) -> Load {
    let (pkcs8, algorithm) = (&key(number).pkcs8, KeyAlgorithm::Rsa2048);
    let key_of_slot = match slot {
        CardSlot::Authentication => {
            LoadedKey::Transported { algorithm, wrapped: wrap(pkcs8, &TRANSPORT).into() }
        }
        CardSlot::Signature => {
            LoadedKey::Generated { algorithm, wrapped: wrap(pkcs8, &DEK).into() }
        }
    };
    let certificates = Some(certificates(&key(number).spki_der));
    Load { slot, operation, key: Some(key_of_slot), certificates }
}

fn both() -> [Load; 2] {
    [load(CardSlot::Authentication, 0, FIRST), load(CardSlot::Signature, 1, FIRST)]
}

fn prove(card: &mut SecuredCard, slot: CardSlot, number: usize) {
    let signature = card.prove_possession(slot, &NONCE).expect("a proof");
    let statement = possession_statement(card.id(), slot, &NONCE);
    assert!(verifies(&key(number).spki_der, &statement, &signature));
}

fn deliver_all(card: &mut SecuredCard) {
    card.stage_secrets(&FIRST, &secrets(Some("1234"), Some("SECRET99"))).expect("staged");
    for slot in CardSlot::ALL {
        card.deliver(slot, &FIRST).expect("delivered");
    }
}

/// A card with both slots delivered by the first operation.
fn delivered() -> OnReader {
    let reader = OnReader::blank();
    let mut card = reader.open();
    card.store(&both()).expect("stored");
    deliver_all(&mut card);
    reader
}

#[test]
fn c1_a_card_is_personalised_in_seven_commands_and_delivered_in_nine() {
    let reader = OnReader::blank();
    let mut card = reader.open();
    assert_eq!(card.id(), &NUMBER.id());
    assert_eq!(card.report().expect("a report").life(), LifeState::Blank);
    card.store(&both()).expect("stored");
    prove(&mut card, CardSlot::Authentication, 0);
    prove(&mut card, CardSlot::Signature, 1);
    // SELECT, two for the channel, the report, one STORE DATA, a proof for each key.
    assert_eq!(card.commands_sent(), 7);

    let mut card = reader.open();
    let report = card.report().expect("a report");
    assert_eq!(report.life(), LifeState::Unusable);
    for slot in CardSlot::ALL {
        let loading = report.slot(slot).loading.clone().expect("a key on its way");
        assert!(loading.has_certificates && !loading.has_secret && loading.operation == FIRST);
    }
    prove(&mut card, CardSlot::Authentication, 0);
    prove(&mut card, CardSlot::Signature, 1);
    deliver_all(&mut card);
    assert_eq!(card.commands_sent(), 9);
    let report = card.report().expect("a report");
    assert_eq!(report.life(), LifeState::Delivered);
    let tries = CardSlot::ALL.map(|slot| report.slot(slot).delivered.clone().map(|d| d.tries_left));
    assert_eq!(tries, [Some(3), Some(5)]);
}

#[test]
fn c1_a_card_with_short_commands_alone_takes_the_same_in_more_of_them() {
    let reader = OnReader::blank_with_short_commands_alone();
    let mut card = reader.open();
    card.store(&both()).expect("stored");
    assert_eq!(card.loading_public_key(CardSlot::Signature).expect("a key"), key(1).spki_der);
    prove(&mut card, CardSlot::Signature, 1);
    deliver_all(&mut card);
    assert!(card.commands_sent() > 15, "{}", card.commands_sent());
    let mut holder = reader.select();
    let read = holder.certificates(CardSlot::Signature, Some("SECRET99")).expect("certificates");
    assert_eq!(read, certificates(&key(1).spki_der));
}

#[test]
fn c3_the_holder_reads_signs_and_changes_secrets_and_the_window_unlocks() {
    let reader = delivered();
    let mut holder = reader.select();
    for (slot, number, typed) in
        [(CardSlot::Authentication, 0, "1234"), (CardSlot::Signature, 1, "SECRET99")]
    {
        let signature = holder.sign(slot, typed, b"message").expect("a signature");
        assert!(verifies(&key(number).spki_der, b"message", &signature));
    }
    let mut holder = reader.select();
    let free = holder.certificates(CardSlot::Authentication, None).expect("free to read");
    assert_eq!(free, certificates(&key(0).spki_der));
    let guarded = holder.certificates(CardSlot::Signature, None);
    let not_satisfied = StatusWord::SECURITY_STATUS_NOT_SATISFIED;
    assert!(
        matches!(guarded, Err(TerminalError::Refused { status, .. }) if status == not_satisfied)
    );
    let slot = CardSlot::Authentication;
    holder.change_secret("1234", &secret(slot, "5678")).expect("changed");
    for tries_left in [2, 1, 0] {
        let wrong = holder.sign(slot, "1234", b"x").expect_err("the old one");
        assert_eq!(wrong, TerminalError::SecretWrong { slot, tries_left });
        assert_eq!(holder.tries_left(slot).expect("tries"), tries_left);
    }
    let blocked = holder.sign(slot, "5678", b"x").expect_err("blocked");
    assert_eq!(blocked, TerminalError::SecretBlocked { slot });
    assert!(matches!(holder.sign(slot, "", b"x"), Err(TerminalError::Unsendable(_))));
    reader.open().reset_secret(&secret(slot, "0000")).expect("unlocked");
    let mut holder = reader.select();
    assert_eq!(holder.tries_left(slot).expect("tries"), 3);
    holder.sign(slot, "0000", b"x").expect("a signature");
}

#[test]
fn c1_every_step_repeated_changes_nothing() {
    let reader = OnReader::blank();
    let mut card = reader.open();
    card.store(&both()).expect("stored");
    assert!(reader.has_changed());
    card.store(&both()).expect("stored again");
    assert!(!reader.has_changed());
    deliver_all(&mut card);
    reader.has_changed();
    for slot in CardSlot::ALL {
        card.deliver(slot, &FIRST).expect("again");
    }
    assert!(!reader.has_changed());
    let another = card.deliver(CardSlot::Signature, &SECOND).expect_err("another operation");
    assert!(matches!(another, TerminalError::Refused { command: "deliver a key", .. }));
}

#[test]
fn w1_a_renewal_replaces_what_is_discarded_goes_and_what_is_erased_is_gone() {
    let reader = delivered();
    let mut card = reader.open();
    let slot = CardSlot::Authentication;
    card.store(&[load(slot, 1, SECOND)]).expect("stored");
    let other = card.store(&[load(slot, 0, FIRST)]).expect_err("another is loading");
    assert!(matches!(other, TerminalError::Refused { status, .. }
        if status == StatusWord::CONDITIONS_NOT_SATISFIED));
    card.discard(slot).expect("discarded");
    assert_eq!(card.report().expect("a report").slot(slot).loading, None);
    card.store(&[load(slot, 1, SECOND)]).expect("stored");
    card.deliver(slot, &SECOND).expect("no new secret is needed");
    let signature = reader.select().sign(slot, "1234", b"x").expect("with the old PIN");
    assert!(verifies(&key(1).spki_der, b"x", &signature));
    let mut card = reader.open();
    card.erase(slot).expect("erased");
    let report = card.report().expect("a report");
    assert_eq!((&report.slot(slot).delivered, report.life()), (&None, LifeState::Delivered));
    card.destroy().expect("destroyed");
    let gone = CardTerminal::select(reader.connect(Box::new(|_, _, _| {}))).expect_err("destroyed");
    assert_eq!(gone, TerminalError::Destroyed);
}

#[test]
fn l2_what_one_attempt_staged_another_replaces_or_takes_back() {
    let (reader, slot) = (delivered(), CardSlot::Authentication);
    reader.open().store(&[load(slot, 1, SECOND)]).expect("stored");
    for chosen in ["5678", "9876"] {
        let mut card = reader.open();
        card.stage_secrets(&SECOND, &secrets(Some(chosen), None)).expect("staged");
        assert!(
            card.report()
                .expect("a report")
                .slot(slot)
                .loading
                .as_ref()
                .expect("loading")
                .has_secret
        );
    }
    let mut card = reader.open();
    card.clear_staged(&SECOND, slot).expect("taken back");
    card.clear_staged(&SECOND, slot).expect("again");
    assert!(
        !card.report().expect("a report").slot(slot).loading.as_ref().expect("loading").has_secret
    );
    card.deliver(slot, &SECOND).expect("delivered");
    let mut holder = reader.select();
    let wrong = holder.sign(slot, "9876", b"x").expect_err("never confirmed");
    assert_eq!(wrong, TerminalError::SecretWrong { slot, tries_left: 2 });
    holder.sign(slot, "1234", b"x").expect("the PIN that the holder kept");
}

#[test]
fn c3_no_other_operation_stages_a_secret_or_takes_it_back() {
    let (reader, slot) = (OnReader::blank(), CardSlot::Authentication);
    let mut card = reader.open();
    card.store(&[load(slot, 0, FIRST)]).expect("stored");
    card.stage_secrets(&FIRST, &secrets(Some("1234"), None)).expect("staged");
    reader.has_changed();
    let staged = card.stage_secrets(&SECOND, &secrets(Some("9876"), None));
    let cleared = card.clear_staged(&SECOND, slot);
    let nothing_there = card.clear_staged(&FIRST, CardSlot::Signature);
    for refused in [staged, cleared, nothing_there] {
        assert!(matches!(refused, Err(TerminalError::Refused { status, .. })
            if status == StatusWord::CONDITIONS_NOT_SATISFIED));
    }
    assert!(!reader.has_changed());
    card.deliver(slot, &FIRST).expect("delivered");
    reader.select().sign(slot, "1234", b"x").expect("a signature");
}

/// One whole life in one channel, as far as the line lets it.
fn whole_life(reader: &OnReader, meddle: line::Meddle) -> Result<usize, TerminalError> {
    let mut card = reader.open_meddled(meddle)?;
    card.report()?;
    card.store(&both())?;
    card.prove_possession(CardSlot::Authentication, &NONCE)?;
    card.stage_secrets(&FIRST, &secrets(Some("1234"), Some("SECRET99")))?;
    card.deliver(CardSlot::Signature, &FIRST)?;
    card.reset_secret(&secret(CardSlot::Signature, "ANOTHER1"))?;
    card.discard(CardSlot::Authentication)?;
    card.erase(CardSlot::Signature)?;
    let sent = card.commands_sent();
    card.destroy()?;
    Ok(sent + 1)
}

/// Changes a message; the one before it is there to be replayed.
type Meddling = fn(&mut Vec<u8>, &[u8]);

/// What somebody may do to a message. Its end may be Le, which no MAC covers: a shorter one makes the
/// card hand its answer out in parts, and no more.
const MEDDLINGS: [Meddling; 4] = [
    |message, _| {
        let middle = message.len() / 2;
        message[middle] ^= 1;
    },
    |message, _| message.truncate(message.len().saturating_sub(9)),
    |message, _| message.iter_mut().skip(5).take(1).for_each(|octet| *octet ^= 0x40),
    |message, before| *message = before.to_vec(),
];

#[test]
fn c4_a_command_replayed_cut_or_altered_is_refused_and_changes_nothing() {
    let commands = whole_life(&OnReader::blank(), Box::new(|_, _, _| {})).expect("a life");
    // From EXTERNAL AUTHENTICATE on; before it, nothing is secret and nothing changes but the count.
    for number in 3..=commands {
        for (how, meddling) in MEDDLINGS.into_iter().enumerate() {
            // INITIALIZE UPDATE replayed is nobody's message: it begins another channel.
            if (number, how) == (3, 3) {
                continue;
            }
            let reader = OnReader::blank();
            let (watched, mut before) = (reader.clone(), vec![0x84, 0xca, 0xdf, 0x20, 0]);
            let failed = whole_life(
                &reader,
                Box::new(move |at, message, side| {
                    if (at, side) == (number, Side::Command) {
                        watched.has_changed();
                        meddling(message, &before);
                    } else if side == Side::Command {
                        before = message.clone();
                    }
                }),
            );
            assert!(failed.is_err(), "command {number}, meddling {how}");
            assert!(!reader.has_changed(), "command {number}, meddling {how}");
        }
    }
}

#[test]
fn c4_an_answer_replayed_cut_or_altered_is_noticed() {
    let commands = whole_life(&OnReader::blank(), Box::new(|_, _, _| {})).expect("a life");
    for number in 2..=commands {
        for (how, meddling) in MEDDLINGS.into_iter().enumerate() {
            // EXTERNAL AUTHENTICATE answers nothing that could be replayed or cut.
            if number == 3 && how != 0 {
                continue;
            }
            let mut before = vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 0x90, 0];
            let failed = whole_life(
                &OnReader::blank(),
                Box::new(move |at, message, side| {
                    if (at, side) == (number, Side::Answer) {
                        meddling(message, &before);
                    } else if side == Side::Answer {
                        before = message.clone();
                    }
                }),
            );
            let error = failed.expect_err("noticed");
            let expected = matches!(
                error,
                TerminalError::NotAuthentic
                    | TerminalError::Refused { .. }
                    | TerminalError::Malformed(_)
            );
            assert!(expected, "command {number}, meddling {how}: {error}");
        }
    }
}

#[test]
fn c4_wrong_keys_open_nothing_on_either_side() {
    let reader = OnReader::blank();
    let mut others = keys();
    others.mac = [0x55; 32].into();
    let refused = reader.select().authenticate(&act(), &office(others.clone()));
    assert_eq!(refused.expect_err("a stranger's card"), TerminalError::NotAuthentic);
    // A window does not take a card master's word for it.
    struct Gullible(CardKeys);
    impl jitsuin_card::terminal::CardMaster for Gullible {
        fn open_session(
            &self,
            _: &domain::act::Act,
            heard: &jitsuin_card::terminal::Handshake,
        ) -> Result<jitsuin_card::terminal::SessionGrant, CardMasterError> {
            let static_keys = jitsuin_card::scp03::StaticKeys::from(&self.0);
            let (host, card) = (&heard.host_challenge, &heard.card_challenge);
            let keys = jitsuin_card::scp03::session_keys(&static_keys, host, card).expect("keys");
            Ok(jitsuin_card::terminal::SessionGrant {
                keys,
                dek: jitsuin_card::DataEncryptionKey::new(&DEK),
            })
        }
    }
    let refused = reader.select().authenticate(&act(), &Gullible(others));
    assert_eq!(refused.expect_err("the window checks"), TerminalError::NotAuthentic);
    assert_eq!(reader.open().report().expect("a report").life(), LifeState::Blank);
}

/// Answers every command alike.
struct Stub(Vec<u8>);

impl Connection for Stub {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        Ok(self.0.clone())
    }
}

#[test]
fn c2_a_card_of_another_make_is_named_as_such() {
    let select = |answer: &[u8]| CardTerminal::select(Box::new(Stub(answer.to_vec())));
    assert_eq!(select(&[0x6a, 0x82]).expect_err("refused"), TerminalError::AnotherMake);
    assert_eq!(select(&[0x62, 0x85]).expect_err("refused"), TerminalError::Destroyed);
    // No other word says what lies there: least of all that it may be taken for destroyed.
    for status in [[0x6d, 0x00], [0x6e, 0x00], [0x69, 0x99], [0x62, 0x83], [0x6f, 0x00]] {
        let refused = select(&status).expect_err("refused");
        let said = StatusWord(u16::from_be_bytes(status));
        assert!(
            matches!(refused, TerminalError::Refused { status, .. } if status == said),
            "{refused}"
        );
    }
    for answer in
        [&[][..], &[0x90], &[0x90, 0x00], &[0x6f, 0x00, 0x90, 0x00], &[0x6f, 0x85, 0x90, 0]]
    {
        let refused = select(answer).expect_err("refused");
        assert!(matches!(refused, TerminalError::Malformed(_)), "{answer:?}: {refused}");
    }
}
