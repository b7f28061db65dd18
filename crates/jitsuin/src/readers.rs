//! The readers of the windows: the cabinet of emulated cards, and readers of the machine by name.

use std::sync::Arc;

use anyhow::Context;
use ca::card_master::CardKeyring;
use card::terminal::Connection;
use card::{Cabinet, CabinetError, CardNumber};
use domain::id::CardId;
use ra::readers::{ReaderError, Readers, Wanted};

/// Cards of an installation: a named reader is one of the machine, else the cabinet serves.
pub(crate) struct CardReaders {
    cabinet: Arc<Cabinet>,
    keyring: Arc<CardKeyring>,
}

impl CardReaders {
    /// The readers over a cabinet, whose blank cards get their keys from `keyring`.
    pub(crate) fn new(cabinet: Arc<Cabinet>, keyring: Arc<CardKeyring>) -> Self {
        Self { cabinet, keyring }
    }

    /// Makes a blank emulated card under a random number.
    ///
    /// # Errors
    /// While the card master key sleeps, or when the cabinet cannot keep the card.
    pub(crate) fn make_blank(&self) -> anyhow::Result<CardId> {
        let mut number = [0; 10];
        aws_lc_rs::rand::fill(&mut number)
            .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
        let number = CardNumber(number);
        let keys = self.keyring.card_keys(&number).context("the card keys")?;
        let id = number.id();
        self.cabinet.make(&id, keys)?;
        Ok(id)
    }
}

impl Readers for CardReaders {
    fn connect(&self, wanted: &Wanted) -> Result<Box<dyn Connection>, ReaderError> {
        if let Some(name) = &wanted.reader {
            return named(name);
        }
        let id = match &wanted.card {
            Some(id) => id.clone(),
            None => self.make_blank().map_err(|error| unavailable(&format!("{error:#}")))?,
        };
        let card = self.cabinet.insert(&id).map_err(|error| match error {
            CabinetError::Unknown(_) | CabinetError::NoNumber(_) => {
                ReaderError::Refused(format!("{error}; name the reader on which it lies"))
            }
            other => unavailable(&other),
        })?;
        Ok(Box::new(card))
    }
}

/// A reader of the machine.
fn named(name: &str) -> Result<Box<dyn Connection>, ReaderError> {
    let rule = "this program was built without readers of the machine (feature pcsc)";
    Err(ReaderError::Refused(format!("{name:?}: {rule}")))
}

fn unavailable(error: &dyn std::fmt::Display) -> ReaderError {
    ReaderError::Unavailable(error.to_string())
}
