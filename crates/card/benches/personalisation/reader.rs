//! A reader with an emulated card on it, which counts what goes over the line.

use std::sync::{Arc, Mutex};

use jitsuin_card::terminal::{Connection, ConnectionError};
use jitsuin_card::{Card, CardKeys, CardNumber, Emulator, TransportKey};

pub(crate) const NUMBER: CardNumber = CardNumber([0x11, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
pub(crate) const TRANSPORT: [u8; 32] = [0x3c; 32];
pub(crate) const DATA_ENCRYPTION: [u8; 32] = [0x2d; 32];

pub(crate) fn keys() -> CardKeys {
    CardKeys {
        encryption: [0x0e; 32].into(),
        mac: [0x1a; 32].into(),
        data_encryption: DATA_ENCRYPTION.into(),
        transport: TransportKey::new(&TRANSPORT),
    }
}

/// The commands that a card takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// Extended length too.
    Extended,
    /// Up to 255 octets of data, answers of 256.
    Short,
}

/// What went over the line.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The octets of each command and of its answer.
    pub(crate) exchanges: Vec<(usize, usize)>,
}

impl Tally {
    pub(crate) fn sent(&self) -> usize {
        self.exchanges.iter().map(|(sent, _)| sent).sum()
    }

    pub(crate) fn received(&self) -> usize {
        self.exchanges.iter().map(|(_, received)| received).sum()
    }
}

/// A card that stays when a connection to it ends.
pub(crate) struct Reader(Arc<Mutex<Inside>>);

struct Inside {
    card: Emulator,
    tally: Tally,
}

impl Reader {
    pub(crate) fn with_blank_card(length: Length) -> Self {
        let card = Card::make(NUMBER, keys());
        let card = match length {
            Length::Extended => Emulator::new(card),
            Length::Short => Emulator::with_max_command_data(card, 255),
        };
        Self(Arc::new(Mutex::new(Inside { card, tally: Tally::default() })))
    }

    pub(crate) fn connect(&self) -> Box<dyn Connection> {
        self.0.lock().unwrap().card.reset();
        Box::new(Wire(Arc::clone(&self.0)))
    }

    /// What went over the line since this was last asked.
    pub(crate) fn taken_tally(&self) -> Tally {
        std::mem::take(&mut self.0.lock().unwrap().tally)
    }
}

struct Wire(Arc<Mutex<Inside>>);

impl Connection for Wire {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        let mut inside = self.0.lock().unwrap();
        inside.card.receive(command);
        keep(&mut inside.card);
        let answer = inside.card.answer();
        keep(&mut inside.card);
        inside.tally.exchanges.push((command.len(), answer.len()));
        Ok(answer)
    }
}

/// What a cabinet does, but for the writing.
fn keep(card: &mut Emulator) {
    if card.has_changed() {
        card.mark_stored();
    }
}
