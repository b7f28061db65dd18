//! A hostile card: whatever it answers, a window gets one of our errors or what it may believe, soon.

use std::sync::{Arc, Mutex};

use jitsuin_card::apdu::{Command, Response, StatusWord};
use jitsuin_card::report::CardReport;
use jitsuin_card::scp03::{self, CardChannel, StaticKeys};
use jitsuin_card::terminal::{
    CardTerminal, Connection, ConnectionError, Handshake, SecuredCard, TerminalError,
};
use jitsuin_card::{CardSlot, jpki};

use super::{NUMBER, act, keys, office};

/// The most commands that all calls of a test may take: four certificates, each read in the smallest
/// parts there may be, and each part announced before it comes.
pub(crate) const MOST_COMMANDS: usize = 4 * 3 * 0x8000 / 128;

/// No tape makes more answers than this; they are given over and over.
const MOST_ANSWERS: usize = 16;

/// The longest data field that a tape makes, in octets.
const LONGEST_DATA: usize = 1024;

/// Plays a tape: its first octet chooses the kind of card, the rest are its answers, each as two octets
/// of length, the data, and a status word. Returns what came of everything that was asked.
pub(crate) fn play(tape: &[u8]) -> Vec<Result<(), TerminalError>> {
    let Some((kind, rest)) = tape.split_first() else { return Vec::new() };
    let says = answers(rest);
    if says.is_empty() {
        return Vec::new();
    }
    for (data, _) in &says {
        parses_alone(data);
    }
    match kind % 3 {
        0 => outside_a_channel(&says.iter().map(whole).collect::<Vec<_>>(), kind & 4 == 0),
        1 => vec![answers_select(whole(&says[0]))],
        _ => in_a_channel(says),
    }
}

fn answers(mut tape: &[u8]) -> Vec<(Vec<u8>, u16)> {
    let mut all = Vec::new();
    while let Some((length, rest)) = tape.split_first_chunk()
        && all.len() < MOST_ANSWERS
    {
        let length = usize::from(u16::from_be_bytes(*length)) % LONGEST_DATA;
        let (data, rest) = rest.split_at(length.min(rest.len()));
        // A tape that ends before the status word means success.
        let (status, rest) = rest.split_first_chunk().unwrap_or((&[0x90, 0x00], &[]));
        all.push((data.to_vec(), u16::from_be_bytes(*status)));
        tape = rest;
    }
    all
}

fn whole((data, status): &(Vec<u8>, u16)) -> Vec<u8> {
    [data.as_slice(), &status.to_be_bytes()].concat()
}

/// What is read without a card: nothing panics, and what was read is written as it was.
fn parses_alone(octets: &[u8]) {
    if let Ok(response) = Response::parse(octets) {
        assert_eq!(response.encode(), octets);
    }
    if let Ok(handshake) = Handshake::parse([7; 8], octets) {
        assert_eq!(handshake.answer(), octets);
    }
    if let Ok(report) = CardReport::parse(octets) {
        assert_eq!(CardReport::parse(&report.encode()).as_ref(), Ok(&report));
        let _ = report.life();
    }
}

/// The answer to SELECT of a card that takes this much.
pub(crate) fn information(longest: u16) -> Vec<u8> {
    let [high, low] = longest.to_be_bytes();
    let mut answer = vec![0x6f, 0x13, 0x84, 0x0a];
    answer.extend_from_slice(&jpki::AID);
    answer.extend_from_slice(&[0xa5, 0x05, 0x9f, 0x65, 0x02, high, low, 0x90, 0x00]);
    answer
}

/// A card that says this to SELECT and nothing else.
pub(crate) fn answers_select(answer: Vec<u8>) -> Result<(), TerminalError> {
    struct Once(Vec<u8>);
    impl Connection for Once {
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ConnectionError> {
            Ok(self.0.clone())
        }
    }
    CardTerminal::select(Box::new(Once(answer))).map(drop)
}

/// A card that answers SELECT well and then what it was told to, over and over.
pub(crate) struct Parrot {
    pub(crate) says: Vec<Vec<u8>>,
    pub(crate) is_extended: bool,
    pub(crate) heard: Arc<Mutex<usize>>,
}

impl Connection for Parrot {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        let mut heard = self.heard.lock().expect("no panic");
        *heard += 1;
        if *heard == 1 {
            return Ok(information(if self.is_extended { 511 } else { 255 }));
        }
        Ok(self.says[*heard % self.says.len()].clone())
    }
}

/// Asks a card that says this everything that anybody may ask, and for a channel.
pub(crate) fn outside_a_channel(
    says: &[Vec<u8>],
    is_extended: bool,
) -> Vec<Result<(), TerminalError>> {
    let heard = Arc::new(Mutex::new(0));
    let select = || {
        *heard.lock().expect("no panic") = 0;
        let parrot = Parrot { says: says.to_vec(), is_extended, heard: heard.clone() };
        CardTerminal::select(Box::new(parrot)).expect("selected")
    };
    let mut terminal = select();
    let mut came = Vec::new();
    for slot in CardSlot::ALL {
        let tries = terminal.tries_left(slot);
        came.push(tries.map(|tries| assert!(tries < 16)));
        let read = terminal.certificates(slot, Some("1234"));
        came.push(read.map(|read| {
            assert!([read.holder, read.ca].iter().all(|one| (4..=0x8000).contains(&one.len())));
        }));
        let signature = terminal.sign(slot, "1234", b"x");
        came.push(signature.map(|signature| assert!((128..=512).contains(&signature.len()))));
    }
    assert!(*heard.lock().expect("no panic") < MOST_COMMANDS);
    let opened = select().authenticate(&act(), &office(keys()));
    assert!(opened.is_err(), "nobody opens a channel by chance");
    came.push(opened.map(drop));
    came
}

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

/// Asks a genuine card that says this everything there is to ask in a channel.
pub(crate) fn in_a_channel(says: Vec<(Vec<u8>, u16)>) -> Vec<Result<(), TerminalError>> {
    let traitor = Traitor { channel: None, heard: None, says, count: 0 };
    let terminal = CardTerminal::select(Box::new(traitor)).expect("selected");
    let mut card = terminal.authenticate(&act(), &office(keys())).expect("it holds the keys");
    ask_everything(&mut card)
}

/// What comes of it is one of our errors or an answer.
fn ask_everything(card: &mut SecuredCard) -> Vec<Result<(), TerminalError>> {
    let report = card.report();
    let mut came = vec![report.map(|report| {
        let again = CardReport::parse(&report.encode());
        assert_eq!(again.as_ref(), Ok(&report), "what was read can be written");
    })];
    for slot in CardSlot::ALL {
        let key = card.loading_public_key(slot);
        came.push(key.map(|key| assert!(key.len() <= 600)));
        let signature = card.prove_possession(slot, &[0; 32]);
        came.push(signature.map(|signature| assert!((128..=512).contains(&signature.len()))));
        came.push(card.deliver(slot, &jpki::OperationTag([0; 16])));
        came.push(card.discard(slot));
    }
    came
}
