//! The channel as the card keeps it: nothing without it, nothing through a broken one.

mod fixture;

use fixture::office::*;
use fixture::*;
use jitsuin_card::apdu::{Command, StatusWord};
use jitsuin_card::jpki::{self, action, instruction};
use jitsuin_card::scp03::{HostChannel, StaticKeys, session_keys};
use jitsuin_card::{CardSlot, Emulator, LifeState};

use CardSlot::Authentication;

#[test]
fn c1_nothing_is_changed_or_told_without_a_channel() {
    let mut card = delivered_on_reader();
    select(&mut card);
    for ins in [
        instruction::GET_DATA,
        instruction::STORE_DATA,
        instruction::INTERNAL_AUTHENTICATE,
        instruction::SET_STATUS,
        instruction::RESET_RETRY_COUNTER,
    ] {
        for cla in [0x80, 0x84] {
            assert_eq!(status(&mut card, &format!("{cla:02X}{ins:02X}0101")), 0x6982);
        }
    }
    assert!(!card.has_changed());
}

#[test]
fn c1_every_beginning_counts_and_gives_another_challenge() {
    let mut card = blank_on_reader();
    select(&mut card);
    let (first, _, _) = handshake(&mut card);
    assert!(card.has_changed(), "the counter is stored before the answer leaves");
    let (second, _, _) = handshake(&mut card);
    assert_eq!((first.sequence, second.sequence), ([0, 0, 1], [0, 0, 2]));
    assert_ne!(first.card_challenge, second.card_challenge);
    assert_eq!(first.number, NUMBER);
    assert_eq!(status(&mut card, "8050310008 0000000000000000 00"), 0x6A88, "key version");
    assert_eq!(status(&mut card, "8050300108 0000000000000000 00"), 0x6A86, "key id");
    assert_eq!(status(&mut card, "8050300007 00000000000000 00"), 0x6700);
}

#[test]
fn c1_who_does_not_hold_the_keys_opens_no_channel() {
    let mut card = blank_on_reader();
    select(&mut card);
    let (handshake, _, _) = handshake(&mut card);
    let forged = StaticKeys::new(&[0; 32], &[0; 32]);
    let keys = session_keys(&forged, &HOST, &handshake.card_challenge).expect("keys");
    let (_, open) = HostChannel::open(keys, &HOST, &handshake.card_challenge).expect("a channel");
    assert_eq!(exchange(&mut card, &open).status, StatusWord::AUTHENTICATION_FAILED);
    assert_eq!(exchange(&mut card, &open).status, StatusWord::CONDITIONS_NOT_SATISFIED, "once");
}

#[test]
fn c1_the_answer_to_one_beginning_opens_no_other_and_no_lower_level_is_accepted() {
    let mut card = blank_on_reader();
    select(&mut card);
    let (_, _, old) = handshake(&mut card);
    let (_, _, new) = handshake(&mut card);
    assert_eq!(exchange(&mut card, &old).status, StatusWord::AUTHENTICATION_FAILED);
    assert_eq!(exchange(&mut card, &new).status, StatusWord::CONDITIONS_NOT_SATISFIED);
    let (_, _, mut lower) = handshake(&mut card);
    lower.p1 = 0x01;
    assert_eq!(exchange(&mut card, &lower).status, StatusWord::AUTHENTICATION_FAILED);
    assert_eq!(status(&mut card, "84CADF2000"), 0x6982);
}

#[test]
fn c1_a_replayed_truncated_or_altered_message_ends_the_channel_and_changes_nothing() {
    let destroy = set_status(jpki::WHOLE_CARD, action::DESTROY);
    let spoil: [fn(&mut Command); 7] = [
        |command| command.data[0] ^= 1,
        |command| command.p2 ^= 1,
        |command| command.ins = instruction::STORE_DATA,
        |command| *command = command.clone().with_data(&command.data[1..]),
        |command| *command = command.clone().with_data(&command.data[..7]),
        |command| *command = command.clone().with_data(&[]),
        |command| *command = command.clone().with_data(&[&command.data[..], &[0]].concat()),
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut card = delivered_on_reader();
        let mut office = Office::open(&mut card);
        card.mark_stored();
        let mut message = office.0.wrap(&destroy).expect("wraps");
        let whole = message.clone();
        spoil(&mut message);
        assert_eq!(exchange(&mut card, &message).status.0, 0x6982, "{number}");
        assert_eq!(exchange(&mut card, &whole).status.0, 0x6982, "{number}: it is closed");
        assert!(!card.has_changed(), "{number}");
    }
}

#[test]
fn c1_a_message_is_good_once() {
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    let reference = jpki::secret_reference(Authentication);
    let reset = Command::new(0x80, instruction::RESET_RETRY_COUNTER, 2, reference);
    let message = office.0.wrap(&reset.with_data(PIN.as_bytes())).expect("wraps");
    assert_eq!(exchange(&mut card, &message).status, StatusWord::SUCCESS);
    assert_eq!(exchange(&mut card, &message).status.0, 0x6982);
}

#[test]
fn c1_selection_and_reset_end_the_channel() {
    let endings: [fn(&mut Emulator); 3] = [
        select,
        |card| {
            card.reset();
            select(card);
        },
        |card| drop(handshake(card)),
    ];
    for end in endings {
        let mut card = blank_on_reader();
        let mut office = Office::open(&mut card);
        end(&mut card);
        let message = office.0.wrap(&block(0x80, 0, &[])).expect("wraps");
        assert_eq!(exchange(&mut card, &message).status.0, 0x6982);
    }
}

#[test]
fn c1_plain_commands_go_beside_the_channel() {
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    assert_eq!(select_file(&mut card, jpki::file::AUTHENTICATION_PIN), 0x9000);
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
    assert_eq!(office.report(&mut card).life(), LifeState::Delivered);
}

#[test]
fn c4_no_key_and_no_secret_crosses_the_line_in_clear() {
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    let groups = complete(Authentication, 0, PIN);
    let command = block(0x80, 0, &jitsuin_card::data_group::DataGroup::encode(&groups));
    let message = office.0.wrap(&command).expect("wraps").encode();
    for group in &groups {
        let value = group.value.as_slice();
        assert!(!message.windows(value.len()).any(|part| part == value), "{group:?}");
    }
}
