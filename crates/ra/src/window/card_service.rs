//! What is done to a card in its holder's hands: reading it, its PIN and password, its erasure.

mod erase;
pub(super) mod read;
mod secrets;

use std::sync::Arc;

use card::terminal::SecuredCard;
use domain::act::Act;
use domain::id::CardId;
use domain::journal::EventKind;
use store::{Entry, Unit};

use super::at_reader::{AtReader, Channels, changed, subject};
use super::cards::CardRecords;
use super::clerk::clerk;
use super::operation::{Begun, Operations};
use super::slots::Slots;
use crate::error::{Result, WindowError};
use crate::readers::Wanted;
use crate::record::CardRecord;
use crate::register::ResidentRegister;

/// The service to holders of cards. It reaches the cards on the readers and the register, and has nothing
/// done by a CA or to an application.
pub struct CardService {
    operations: Operations,
    register: Arc<dyn ResidentRegister>,
    cards: CardRecords,
    channels: Arc<Channels>,
    slots: Slots,
}

impl CardService {
    pub(super) fn new(
        operations: &Operations,
        register: &Arc<dyn ResidentRegister>,
        cards: &CardRecords,
        channels: &Arc<Channels>,
        slots: &Slots,
    ) -> Self {
        Self {
            operations: operations.clone(),
            register: register.clone(),
            cards: cards.clone(),
            channels: channels.clone(),
            slots: slots.clone(),
        }
    }

    /// One thing done to a card in its holder's hands: permission, repetition, the work, the entry.
    /// `request` is what is asked, and all that it is asked with but for any secret.
    fn at_the_counter(
        &self,
        act: &Act,
        wanted: &Wanted,
        request: (&'static str, &[&str]),
        work: impl FnOnce(SecuredCard, &mut CardRecord) -> Result<Unit>,
    ) -> Result<CardId> {
        let mut told = None;
        let result = self.at_the_counter_unrecorded(act, wanted, request, work, &mut told);
        self.operations.recording(
            act,
            EventKind::CardChanged,
            subject(wanted, told.as_ref()).as_part(),
            result,
        )
    }

    fn at_the_counter_unrecorded(
        &self,
        act: &Act,
        wanted: &Wanted,
        request: (&'static str, &[&str]),
        work: impl FnOnce(SecuredCard, &mut CardRecord) -> Result<Unit>,
        told: &mut Option<CardId>,
    ) -> Result<CardId> {
        clerk(&act.actor)?;
        let about = subject(wanted, None);
        let fingerprint = [&["counter", about.closed(), request.0], request.1].concat();
        let operation = match self.operations.begin(act, &fingerprint)? {
            Begun::First(operation) => operation,
            Begun::Again(card) => {
                let card: CardId = card.parse().map_err(unreadable)?;
                self.expect_no_other(act, wanted, &card)?;
                self.operations.commit(Unit::new(changed(act, &card, request.0).no_op()))?;
                return Ok(card);
            }
        };
        // The turn is kept until the office knows.
        let AtReader { card: secured, turn: _turn, .. } = self.channels.open(act, wanted)?;
        *told = Some(secured.id().clone());
        let mut card = self.cards.known(secured.id())?;
        expect_in_hand(&card)?;
        let unit = work(secured, &mut card)?;
        self.operations.commit(unit.change(operation.answered(card.id.as_str())?))?;
        Ok(card.id)
    }

    /// A repetition means the card of the first time. None needs to lie on the reader any more, and
    /// another must not: what is asked would not be done to it.
    fn expect_no_other(&self, act: &Act, wanted: &Wanted, card: &CardId) -> Result<()> {
        match self.channels.open(act, &Wanted::card(card, wanted.reader.as_deref())) {
            Err(refused @ (WindowError::Refused { .. } | WindowError::Elsewhere { .. })) => {
                Err(refused)
            }
            _ => Ok(()),
        }
    }

    /// Notes what is about to be done to a card before the first command that changes it: whatever is
    /// cut off from here on, who asked for it, and on what evidence, is known.
    fn intend(
        &self,
        act: &Act,
        card: &CardRecord,
        change: &'static str,
        detail: impl FnOnce(Entry) -> Entry,
    ) -> Result<()> {
        self.operations.commit(Unit::new(detail(changed(act, &card.id, change))))
    }
}

fn expect_in_hand(card: &CardRecord) -> Result<()> {
    if card.is_destroyed || !card.is_handed_out {
        let rule = "it was not delivered to its holder, or is destroyed";
        return Err(WindowError::refused("card", rule));
    }
    Ok(())
}

fn unreadable(error: domain::id::InvalidId) -> WindowError {
    WindowError::Unreadable {
        what: "the stored answer of an operation",
        problem: error.to_string(),
    }
}
