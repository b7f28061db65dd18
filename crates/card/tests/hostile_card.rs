//! Whatever lies on the reader, and whatever it answers: no panic, no endless work, clear errors.

mod line;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use jitsuin_card::CardSlot;
use jitsuin_card::apdu::Command;
use jitsuin_card::terminal::{CardTerminal, Connection, ConnectionError};
use line::hostile::{
    MOST_COMMANDS, Parrot, answers_select, in_a_channel, information, outside_a_channel, play,
};
use proptest::prelude::*;

/// How many questions each of the fuzzer's tapes answers well.
const EXPECTED: [(&str, usize); 5] =
    [("certificate", 4), ("parts", 4), ("possession", 8), ("report", 5), ("select", 1)];

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn c1_whatever_a_card_says_outside_a_channel_is_an_answer_or_an_error(
        says in answers(), is_extended in any::<bool>(),
    ) {
        outside_a_channel(&says, is_extended);
    }

    #[test]
    fn c1_whatever_a_genuine_card_gone_bad_says_is_an_answer_or_an_error(
        says in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..700), any::<u16>()), 1..5),
        good in any::<bool>(),
    ) {
        let says = says.into_iter().map(|(d, s)| (d, if good { 0x9000 } else { s })).collect();
        in_a_channel(says);
    }

    #[test]
    fn c2_whatever_answers_select_is_an_application_or_an_error(
        answer in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(),
    ) {
        prop_assert!(answers_select(answer.clone()).is_err());
        let mut close = information(16_384);
        let at = at.index(close.len());
        close[at] ^= answer.first().copied().unwrap_or(1);
        let _ = answers_select(close);
    }

    #[test]
    fn c1_no_octets_of_a_card_make_a_window_panic(tape in prop::collection::vec(any::<u8>(), 0..600)) {
        play(&tape);
    }
}

/// The tapes that the fuzzer starts from get as far as they are meant to get.
#[test]
fn c1_the_fuzzers_tapes_are_answered_well() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/card_answers");
    let files = fs::read_dir(seeds).expect("seeds").map(|file| file.expect("a file").path());
    let mut answered = BTreeMap::new();
    for file in files {
        let came = play(&fs::read(&file).expect("a tape"));
        let good = came.iter().filter(|one| one.is_ok()).count();
        answered.insert(file.file_stem().expect("a name").display().to_string(), good);
    }
    let expected = EXPECTED.map(|(name, good)| (name.to_owned(), good));
    assert_eq!(answered, BTreeMap::from(expected));
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
        let parrot = Parrot { says: vec![part], is_extended: false, heard: heard.clone() };
        let mut terminal = CardTerminal::select(Box::new(parrot)).expect("selected");
        assert!(terminal.certificates(CardSlot::Authentication, None).is_err());
        assert!(*heard.lock().expect("no panic") < 300);
    }
}
