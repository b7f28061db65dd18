//! Whatever lies on the reader, and whatever it answers: no panic, no endless work, clear errors.

mod line;

use std::sync::{Arc, Mutex};

use jitsuin_card::apdu::{Command, Response, StatusWord};
use jitsuin_card::scp03::{self, CardChannel, StaticKeys};
use jitsuin_card::terminal::{CardTerminal, Connection, ConnectionError, Handshake, SecuredCard};
use jitsuin_card::{CardSlot, jpki};
use line::{NUMBER, Office, act, keys};
use proptest::prelude::*;

/// The answer to SELECT of a card that takes this much.
fn information(longest: u16) -> Vec<u8> {
    let [high, low] = longest.to_be_bytes();
    let mut answer = vec![0x6f, 0x13, 0x84, 0x0a];
    answer.extend_from_slice(&jpki::AID);
    answer.extend_from_slice(&[0xa5, 0x05, 0x9f, 0x65, 0x02, high, low, 0x90, 0x00]);
    answer
}

/// A card that answers SELECT well and then what it was told to, over and over.
struct Parrot {
    says: Vec<Vec<u8>>,
    heard: Arc<Mutex<usize>>,
}

impl Connection for Parrot {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        let mut heard = self.heard.lock().expect("no panic");
        *heard += 1;
        if *heard == 1 {
            return Ok(information(255 + 256 * u16::from(self.says.len().is_multiple_of(2))));
        }
        Ok(self.says[*heard % self.says.len()].clone())
    }
}

/// Answers with a good chance to be taken further: status words that mean something.
fn answers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let status = prop_oneof![
        6 => Just(vec![0x90, 0x00]),
        2 => (any::<u8>()).prop_map(|more| vec![0x61, more]),
        1 => (0..16u8).prop_map(|tries| vec![0x63, 0xc0 | tries]),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(length, rest)| {
            [&[0x30, 0x82], length.to_be_bytes().as_slice(), &rest].concat()
        }),
    ];
    prop::collection::vec((data, status).prop_map(|(d, s)| [d, s].concat()), 1..6)
}

/// The most commands that all calls of a test may take: four certificates, each read in the smallest
/// parts there may be, and each part announced before it comes.
const MOST_COMMANDS: usize = 4 * 3 * 0x8000 / 128;

/// A genuine card gone bad: it holds the keys, and answers what it likes.
struct Traitor {
    channel: Option<CardChannel>,
    heard: Option<Handshake>,
    says: Vec<(Vec<u8>, u16)>,
    count: usize,
}

impl Traitor {
    fn begin(&mut self, command: &Command) -> Vec<u8> {
        let host: [u8; 8] = command.data.as_slice().try_into().expect("a challenge");
        let (keys, sequence) = (StaticKeys::from(&keys()), [0, 0, 1]);
        let card = scp03::card_challenge(&keys, &sequence, &jpki::AID).expect("a challenge");
        let session = scp03::session_keys(&keys, &host, &card).expect("keys");
        let handshake = Handshake {
            number: NUMBER,
            key_version: scp03::KEY_VERSION,
            host_challenge: host,
            card_challenge: card,
            card_cryptogram: session.card_cryptogram(&host, &card).expect("a cryptogram"),
            sequence,
        };
        let answer = handshake.answer();
        self.heard = Some(handshake);
        answer
    }

    fn open(&mut self, command: &Command) {
        let Handshake { host_challenge: host, card_challenge: card, .. } =
            self.heard.take().expect("begun");
        let session = scp03::session_keys(&StaticKeys::from(&keys()), &host, &card).expect("keys");
        self.channel = CardChannel::open(session, &host, &card, command).ok();
    }
}

impl Connection for Traitor {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        let command = Command::parse(command).expect("a command");
        let response = match (command.ins, &mut self.channel) {
            (0xa4, _) => return Ok(information(16_384)),
            (0x50, _) => Response::success(self.begin(&command)),
            (0xc0, _) => Response::success(vec![7; 20]),
            (0x82, _) => {
                self.open(&command);
                StatusWord::SUCCESS.into()
            }
            (_, Some(channel)) => {
                channel.unwrap(&command).expect("authentic");
                self.count += 1;
                let (data, status) = self.says[self.count % self.says.len()].clone();
                let answer = Response { data, status: StatusWord(status) };
                channel.wrap(answer).expect("wrapped")
            }
            _ => StatusWord::CONDITIONS_NOT_SATISFIED.into(),
        };
        Ok(response.encode())
    }
}

/// Asks everything there is to ask; what comes of it is one of our errors or an answer.
fn ask_everything(card: &mut SecuredCard) {
    if let Ok(report) = card.report() {
        let again = jitsuin_card::report::CardReport::parse(&report.encode());
        assert_eq!(again.as_ref(), Ok(&report), "what was read can be written");
    }
    for slot in CardSlot::ALL {
        if let Ok(key) = card.loading_public_key(slot) {
            assert!(key.len() <= 600);
        }
        if let Ok(signature) = card.prove_possession(slot, &[0; 32]) {
            assert!((128..=512).contains(&signature.len()));
        }
        let _ = card.deliver(slot, &jpki::OperationTag([0; 16]));
        let _ = card.discard(slot);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn c1_whatever_a_card_says_outside_a_channel_is_an_answer_or_an_error(says in answers()) {
        let heard = Arc::new(Mutex::new(0));
        let connect = || -> Box<dyn Connection> {
            *heard.lock().expect("no panic") = 0;
            Box::new(Parrot { says: says.clone(), heard: heard.clone() })
        };
        let mut terminal = CardTerminal::select(connect()).expect("selected");
        for slot in CardSlot::ALL {
            let tries = terminal.tries_left(slot);
            prop_assert!(tries.is_err() || tries.is_ok_and(|tries| tries < 16));
            if let Ok(read) = terminal.certificates(slot, Some("1234")) {
                prop_assert!(read.holder.len() <= 0x8000 && read.ca.len() <= 0x8000);
            }
            let _ = terminal.sign(slot, "1234", b"x");
        }
        prop_assert!(*heard.lock().expect("no panic") < MOST_COMMANDS);
        let opened = CardTerminal::select(connect()).expect("selected")
            .authenticate(&act(), &Office(keys()));
        prop_assert!(opened.is_err(), "nobody opens a channel by chance");
    }

    #[test]
    fn c1_whatever_a_genuine_card_gone_bad_says_is_an_answer_or_an_error(
        says in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..700), any::<u16>()), 1..5),
        good in any::<bool>(),
    ) {
        let says = says.into_iter().map(|(d, s)| (d, if good { 0x9000 } else { s })).collect();
        let traitor = Traitor { channel: None, heard: None, says, count: 0 };
        let mut card = CardTerminal::select(Box::new(traitor)).expect("selected")
            .authenticate(&act(), &Office(keys())).expect("it holds the keys");
        ask_everything(&mut card);
    }

    #[test]
    fn c2_whatever_answers_select_is_an_application_or_an_error(
        answer in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(),
    ) {
        struct Once(Vec<u8>);
        impl Connection for Once {
            fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ConnectionError> {
                Ok(self.0.clone())
            }
        }
        prop_assert!(CardTerminal::select(Box::new(Once(answer.clone()))).is_err());
        let mut close = information(16_384);
        let at = at.index(close.len());
        close[at] ^= answer.first().copied().unwrap_or(1);
        let _ = CardTerminal::select(Box::new(Once(close)));
    }
}

/// A card whose file is as long as any may be, and which hands it out in parts of so many octets, each
/// part in pieces of so many.
struct Dawdler {
    part: usize,
    piece: usize,
    at: usize,
    left: usize,
    heard: Arc<Mutex<usize>>,
}

impl Connection for Dawdler {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        *self.heard.lock().expect("no panic") += 1;
        let command = Command::parse(command).expect("a command");
        Ok(match (command.ins, command.p1) {
            (0xa4, 4) => information(255),
            (0xb0, _) => {
                (self.at, self.left) =
                    (0x100 * usize::from(command.p1) + usize::from(command.p2), self.part);
                vec![0x61, 0x00]
            }
            (0xc0, _) => {
                let octets = self.piece.min(self.left);
                self.left -= octets;
                let more = if self.left > 0 { [0x61, 0x00] } else { [0x90, 0x00] };
                let head = [0x30, 0x82, 0x7f, 0xfc];
                let octet = |at| head.get(self.at + at).copied().unwrap_or(7);
                (0..octets).map(octet).chain(more).collect()
            }
            _ => vec![0x90, 0x00],
        })
    }
}

#[test]
fn c1_a_card_that_hands_a_file_out_in_scraps_is_left_soon() {
    for (part, piece, is_read) in
        [(256, 256, true), (128, 128, true), (127, 127, false), (256, 127, false), (256, 0, false)]
    {
        let heard = Arc::new(Mutex::new(0));
        let dawdler = Dawdler { part, piece, at: 0, left: 0, heard: heard.clone() };
        let mut terminal = CardTerminal::select(Box::new(dawdler)).expect("selected");
        let read = terminal.certificates(CardSlot::Authentication, None);
        assert_eq!(read.is_ok(), is_read, "{part} octets, {piece} at a time");
        let heard = *heard.lock().expect("no panic");
        assert!(heard < if is_read { MOST_COMMANDS } else { 10 }, "{heard} commands");
    }
}

#[test]
fn c1_a_card_that_announces_more_for_ever_is_left_soon() {
    let heard = Arc::new(Mutex::new(0));
    for part in [vec![0x61, 0x00], [vec![7; 256], vec![0x61, 0x00]].concat()] {
        *heard.lock().expect("no panic") = 0;
        let parrot = Parrot { says: vec![part], heard: heard.clone() };
        let mut terminal = CardTerminal::select(Box::new(parrot)).expect("selected");
        assert!(terminal.certificates(CardSlot::Authentication, None).is_err());
        assert!(*heard.lock().expect("no panic") < 300);
    }
}
