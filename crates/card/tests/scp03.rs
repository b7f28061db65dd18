//! SCP03 against what a card of another maker answered, and both of our sides against each other.

use jitsuin_card::apdu::{Command, Response, StatusWord};
use jitsuin_card::scp03::{
    CardChannel, Challenge, ChannelError, HostChannel, SessionKeys, StaticKeys, card_challenge,
    room_for_data, session_keys,
};
use proptest::prelude::*;

fn octets(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    octets(text).try_into().expect("the length")
}

/// A session of a production eUICC with AES-256 keys at security level 33, recorded by Osmocom
/// (pySim, tests of its SCP03): numbers alone are taken from there.
struct Recorded {
    keys: StaticKeys,
    host: Challenge,
    card: Challenge,
}

impl Recorded {
    fn new() -> Self {
        let key = |first: u8| -> [u8; 32] { std::array::from_fn(|i| first + (i as u8 % 16)) };
        Self {
            keys: StaticKeys::new(&key(0x00), &key(0x10)),
            host: array("97b2055fe58599fd"),
            card: array("a8439a22cedf045f"),
        }
    }

    fn session(&self) -> SessionKeys {
        session_keys(&self.keys, &self.host, &self.card).expect("keys")
    }
}

/// A wrapped command without its Le, which the MAC does not cover.
fn sent(command: Command) -> Vec<u8> {
    Command { le: None, ..command }.encode().to_vec()
}

#[test]
fn c4_a_recorded_session_of_another_makers_card_comes_out_octet_by_octet() {
    let recorded = Recorded::new();
    let session = recorded.session();
    let cryptogram = array("a9f1903b2834f26e");
    session.verify_card(&recorded.host, &recorded.card, &cryptogram).expect("the card's proof");
    let (mut channel, open) =
        HostChannel::open(session, &recorded.host, &recorded.card).expect("a channel");
    assert_eq!(sent(open), octets("8482330010508a0fd959d2e547c6b33154a6be2057"));

    let get_eid = Command::new(0x80, 0xe2, 0x91, 0).with_data(&octets("bf3e035c015a"));
    let wrapped = sent(channel.wrap(&get_eid).expect("wrapped"));
    assert_eq!(wrapped, octets("84e29100187a5ef717eaf1e135ae92fe54429d0e465decda65f5fe5aea"));
    let answer = "ea90dbfa648a67c5eb6abc57f8530b97d0cd5647c5e8732016b55203b078dd2ace7f8bc5d1c1cd99";
    let clear = channel.unwrap(Response::success(octets(answer))).expect("authentic");
    assert_eq!(clear.data, octets("bf3e125a1089882119900000000000000000000005"));

    // Commands with data and without: the counter counts all of them.
    for (plain, wrapped) in [
        (Command::new(0x80, 0xf2, 0x20, 0x02), "84f2200208bcc5c17275545d93"),
        (Command::new(0x80, 0xca, 0x00, 0x66), "84ca00660804806aba9d543bb6"),
        (
            Command::new(0x80, 0xf2, 0x20, 0x02).with_data(&octets("4f0212345c054f9f70c5")),
            "84f2200218717222491556ec81a45f49ce48be33320024801a1c4cb0e0",
        ),
        (
            Command::new(0x80, 0xf2, 0x80, 0x02).with_data(&octets("4f00")),
            "84f2800218561f105bccd3a1642904b251ccc1228beb80a82370a86370",
        ),
    ] {
        assert_eq!(sent(channel.wrap(&plain).expect("wrapped")), octets(wrapped));
    }
}

/// The AID that the recorded card used for its challenge: its root security domain, known from the
/// GSMA's numbering (SGP.02 2.2.3).
#[test]
fn c4_a_recorded_pseudo_random_challenge_comes_out() {
    let recorded = Recorded::new();
    let aid = octets("a0000005591010ffffffff8900000100");
    let challenge = card_challenge(&recorded.keys, &array("000002"), &aid).expect("a challenge");
    assert_eq!(challenge, recorded.card);
}

fn pair() -> (HostChannel, CardChannel) {
    let recorded = Recorded::new();
    let (host, card) = (&recorded.host, &recorded.card);
    let (channel, open) = HostChannel::open(recorded.session(), host, card).expect("a channel");
    let on_card = CardChannel::open(recorded.session(), host, card, &open).expect("open");
    (channel, on_card)
}

#[test]
fn c4_both_sides_understand_each_other_at_every_length() {
    let (mut host, mut card) = pair();
    for length in (0..70).chain([239, 240, 255, 256, 1000, 16_000, 65_500]) {
        let text: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let command = Command::new(0x80, 0xe2, 0x80, 0).with_data(&text);
        let wrapped = host.wrap(&command).expect("wrapped");
        assert!(length == 0 || wrapped.data.windows(8).all(|w| length < 8 || w != &text[..8]));
        assert_eq!(card.unwrap(&wrapped).expect("authentic"), command);
        for status in [StatusWord::SUCCESS, StatusWord(0x6310), StatusWord(0x6283)] {
            let answer = Response { data: text.clone(), status };
            let wrapped = card.wrap(answer.clone()).expect("wrapped");
            assert_eq!(
                wrapped.data.len(),
                if length == 0 { 8 } else { (length / 16 + 1) * 16 + 8 }
            );
            assert_eq!(host.unwrap(wrapped).expect("authentic"), answer);
        }
        let refusal = card.wrap(Response { data: text, status: StatusWord::WRONG_DATA });
        let refusal = refusal.expect("wrapped");
        assert_eq!(refusal, StatusWord::WRONG_DATA.into(), "a refusal has no data");
        assert_eq!(host.unwrap(refusal.clone()).expect("a refusal"), refusal);
    }
    assert_eq!(
        host.wrap(&Command::new(0x80, 0xe2, 0, 0).with_data(&[0; 65_528])),
        Err(ChannelError::TooLong)
    );
}

#[test]
fn c4_what_room_for_data_promises_fits() {
    for longest in [255, 256, 1000, 16_384, 65_535] {
        let (mut host, mut card) = pair();
        let text = vec![7; room_for_data(longest)];
        let wrapped = host.wrap(&Command::new(0x80, 0xe2, 0, 0).with_data(&text)).expect("wrapped");
        assert!(wrapped.data.len() <= longest && wrapped.data.len() + 16 > longest);
        assert_eq!(*card.unwrap(&wrapped).expect("authentic").data, text);
    }
    assert_eq!(room_for_data(0), 0);
}

#[test]
fn c4_a_command_replayed_reordered_or_of_another_session_ends_the_channel() {
    let command = Command::new(0x80, 0xe2, 0, 0).with_data(b"once");
    let (mut host, mut card) = pair();
    let first = host.wrap(&command).expect("wrapped");
    card.unwrap(&first).expect("authentic");
    assert_eq!(card.unwrap(&first), Err(ChannelError::NotAuthentic), "replayed");
    let second = host.wrap(&command).expect("wrapped");
    assert_eq!(card.unwrap(&second), Err(ChannelError::NotAuthentic), "the channel has ended");
    assert_eq!(card.wrap(Response::success(vec![1])), Err(ChannelError::NotAuthentic));

    let (mut host, mut card) = pair();
    let _skipped = host.wrap(&command).expect("wrapped");
    let second = host.wrap(&command).expect("wrapped");
    assert_eq!(card.unwrap(&second), Err(ChannelError::NotAuthentic), "out of order");
}

#[test]
fn c4_an_answer_replayed_bare_or_with_another_status_ends_the_channel() {
    let command = Command::new(0x80, 0xca, 0xdf, 0x20);
    let answered = || {
        let (mut host, mut card) = pair();
        let wrapped = host.wrap(&command).expect("wrapped");
        card.unwrap(&wrapped).expect("authentic");
        let answer = card.wrap(Response::success(vec![1, 2, 3])).expect("wrapped");
        (host, answer)
    };
    let (mut host, answer) = answered();
    host.unwrap(answer.clone()).expect("authentic");
    host.wrap(&command).expect("wrapped");
    assert_eq!(host.unwrap(answer.clone()), Err(ChannelError::NotAuthentic), "replayed");
    assert_eq!(host.wrap(&command), Err(ChannelError::NotAuthentic), "the channel has ended");
    let bare = Response::success(Vec::new());
    let clear = Response::success(vec![1, 2, 3]);
    let other_status = Response { status: StatusWord(0x6310), ..answer.clone() };
    let refusal_with_data = Response { status: StatusWord::WRONG_DATA, ..answer };
    for forged in [bare, clear, other_status, refusal_with_data] {
        assert_eq!(answered().0.unwrap(forged), Err(ChannelError::NotAuthentic));
    }
}

/// The recorded card accepted this EXTERNAL AUTHENTICATE, all of it right, at level 03.
#[test]
fn c4_a_lower_security_level_is_refused_however_right_its_message() {
    let (host, card) = (array("c6066990fc426e1d"), array("8682cd81bbd8919f"));
    let session = || session_keys(&Recorded::new().keys, &host, &card).expect("keys");
    let proof = array("2de3f2664581f118");
    session().verify_card(&host, &card, &array("8682cd81bbd8919f")).expect_err("no proof");
    session().verify_card(&host, &card, &proof).expect("the card's proof");
    let lower = octets("848203001077c493b632edadaf865a1e64acc07ce9");
    let lower = Command::parse(&lower).expect("a command");
    let opened = CardChannel::open(session(), &host, &card, &lower);
    assert_eq!(opened.map(drop), Err(ChannelError::NotAuthentic));
    let (_, ours) = HostChannel::open(session(), &host, &card).expect("a channel");
    assert_eq!(ours.data[..8], lower.data[..8], "the same cryptogram, another level");
}

#[test]
fn c4_a_card_opens_for_the_right_keys_alone() {
    let recorded = Recorded::new();
    let (host, card) = (&recorded.host, &recorded.card);
    let open = |command: &Command| CardChannel::open(recorded.session(), host, card, command);
    let (_, right) = HostChannel::open(recorded.session(), host, card).expect("a channel");
    assert!(open(&right).is_ok());
    let other_keys = StaticKeys::new(&[1; 32], &[2; 32]);
    let session = session_keys(&other_keys, host, card).expect("keys");
    let (_, stranger) = HostChannel::open(session, host, card).expect("a channel");
    let mut short = right.clone();
    short.data.truncate(7);
    for command in [stranger, short, Command::new(0x84, 0x82, 0x33, 0)] {
        assert_eq!(open(&command).map(drop), Err(ChannelError::NotAuthentic), "{command:?}");
    }
    for at in 0..right.data.len() {
        let mut changed = right.clone();
        changed.data[at] ^= 0x80;
        assert_eq!(open(&changed).map(drop), Err(ChannelError::NotAuthentic), "octet {at}");
    }
}

#[test]
fn c4_no_key_of_the_channel_prints_itself() {
    let recorded = Recorded::new();
    let (host, card) = pair();
    let text = format!("{:?} {:?} {host:?} {card:?}", recorded.keys, recorded.session());
    assert!(!text.contains("17") && text.contains("secret"), "{text}");
}

proptest! {
    #[test]
    fn c4_one_changed_octet_anywhere_is_noticed(
        text in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(),
        bit in 0..8u8, in_header in 0..4usize,
    ) {
        let (mut host, mut card) = pair();
        let wrapped = host.wrap(&Command::new(0x80, 0xe2, 0x80, 0).with_data(&text)).expect("wrapped");
        let mut changed = wrapped.clone();
        let header = [&mut changed.cla, &mut changed.ins, &mut changed.p1, &mut changed.p2];
        *header.into_iter().nth(in_header).expect("four octets") ^= 1 << bit;
        prop_assert_eq!(pair().1.unwrap(&changed), Err(ChannelError::NotAuthentic));
        let mut changed = wrapped.clone();
        let at = at.index(changed.data.len());
        changed.data[at] ^= 1 << bit;
        prop_assert_eq!(pair().1.unwrap(&changed), Err(ChannelError::NotAuthentic));
        let mut cut = wrapped.clone();
        cut.data.truncate(at);
        prop_assert_eq!(pair().1.unwrap(&cut), Err(ChannelError::NotAuthentic));
        prop_assert_eq!(&*card.unwrap(&wrapped).expect("authentic").data, &text);
        let mut answer = card.wrap(Response::success(text)).expect("wrapped");
        let at = at % answer.data.len();
        answer.data[at] ^= 1 << bit;
        prop_assert_eq!(host.unwrap(answer), Err(ChannelError::NotAuthentic));
    }
}
