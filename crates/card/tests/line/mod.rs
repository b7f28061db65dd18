//! A line to an emulated card on which a test may listen and meddle, and an office that knows the keys.

#![allow(dead_code)] // Each test file uses its own part of it.

pub(crate) mod hostile;

use std::sync::{Arc, Mutex};

use domain::act::{Act, Actor};
use jitsuin_card::apdu::Command;
use jitsuin_card::terminal::memory::MemoryCardMaster;
use jitsuin_card::terminal::{
    CardTerminal, Connection, ConnectionError, SecuredCard, TerminalError,
};
use jitsuin_card::{Card, CardKeys, CardNumber, Emulator, TransportKey};

pub(crate) const NUMBER: CardNumber = CardNumber([0x11, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
pub(crate) const DEK: [u8; 32] = [0x2d; 32];
pub(crate) const TRANSPORT: [u8; 32] = [0x3c; 32];

pub(crate) fn keys() -> CardKeys {
    CardKeys {
        encryption: [0x0e; 32].into(),
        mac: [0x1a; 32].into(),
        data_encryption: DEK.into(),
        transport: TransportKey::new(&TRANSPORT),
    }
}

pub(crate) fn act() -> Act {
    Act {
        actor: Actor::Staff("tester".parse().expect("an actor")),
        at: "2026-11-22T03:00:00Z".parse().expect("a time"),
        operation: "operation-1".parse().expect("an operation"),
        standing: None,
        second: None,
        present: Default::default(),
    }
}

/// A card master that was told these keys of the card, and whose master key gives every other card others.
pub(crate) fn office(keys: CardKeys) -> MemoryCardMaster {
    MemoryCardMaster::new(move |number| {
        let others = || CardKeys { mac: [0x77; 32].into(), ..keys.clone() };
        if number == NUMBER { keys.clone() } else { others() }
    })
}

/// What somebody on the line does to each command and each answer, by the command's number.
pub(crate) type Meddle = Box<dyn FnMut(usize, &mut Vec<u8>, Side) + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Command,
    Answer,
}

/// An emulated card that stays when a connection to it ends.
#[derive(Clone)]
pub(crate) struct OnReader(pub(crate) Arc<Mutex<Emulator>>);

impl OnReader {
    pub(crate) fn blank() -> Self {
        Self::with(Emulator::new(Card::make(NUMBER, keys())))
    }

    pub(crate) fn blank_with_short_commands_alone() -> Self {
        Self::with(Emulator::with_max_command_data(Card::make(NUMBER, keys()), 255))
    }

    fn with(emulator: Emulator) -> Self {
        Self(Arc::new(Mutex::new(emulator)))
    }

    pub(crate) fn select(&self) -> CardTerminal {
        CardTerminal::select(self.connect(Box::new(|_, _, _| {}))).expect("the application")
    }

    pub(crate) fn open(&self) -> SecuredCard {
        self.select().authenticate(&act(), &office(keys())).expect("a channel")
    }

    /// A channel on which somebody meddles.
    pub(crate) fn open_meddled(&self, meddle: Meddle) -> Result<SecuredCard, TerminalError> {
        CardTerminal::select(self.connect(meddle))?.authenticate(&act(), &office(keys()))
    }

    pub(crate) fn connect(&self, meddle: Meddle) -> Box<dyn Connection> {
        self.0.lock().expect("no panic").reset();
        Box::new(Wire { card: self.clone(), sent: 0, meddle })
    }

    /// Whether the card differs from what it was when this was last asked.
    pub(crate) fn has_changed(&self) -> bool {
        let mut emulator = self.0.lock().expect("no panic");
        let changed = emulator.has_changed();
        emulator.mark_stored();
        changed
    }
}

struct Wire {
    card: OnReader,
    sent: usize,
    meddle: Meddle,
}

impl Connection for Wire {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        assert!(Command::parse(command).is_ok(), "the host sends commands alone");
        self.sent += 1;
        let mut command = command.to_vec();
        (self.meddle)(self.sent, &mut command, Side::Command);
        let mut emulator = self.card.0.lock().expect("no panic");
        let mut answer = emulator.transmit(&command);
        drop(emulator);
        (self.meddle)(self.sent, &mut answer, Side::Answer);
        Ok(answer)
    }
}
