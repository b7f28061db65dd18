//! The holder's secrets: how many tries are left, comparing one, changing one.

use super::refusal::refusal;
use super::{Emulator, Performed};
use crate::emulator::card::Card;
use crate::error::CardError;
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::jpki::{self, instruction};
use crate::protocol::secret::HolderSecret;
use crate::protocol::slot::CardSlot;

/// No secret is longer (C3): what is longer was never meant as one, and costs no try.
const LONGEST_SECRET: usize = 16;

impl Card {
    /// Spends the try that a comparison needs.
    pub(super) fn spend_try(&mut self, slot: CardSlot) -> Result<(), CardError> {
        self.live_mut()?.delivered_mut(slot)?.secret.spend()
    }

    /// Compares what was typed, a try having been spent.
    fn compare_secret(&mut self, slot: CardSlot, typed: &[u8]) -> Result<(), CardError> {
        self.live_mut()?.delivered_mut(slot)?.secret.compare(typed)
    }
}

impl Emulator {
    /// The slot whose secret a command compares: it is VERIFY with data, on a delivered slot.
    pub(super) fn compared_secret(&self, command: &Command) -> Option<CardSlot> {
        let header = (command.cla, command.ins, command.p1, command.p2);
        let is_verify = header == (0x00, instruction::VERIFY, 0x00, jpki::SELECTED_SECRET);
        let has_secret = (1..=LONGEST_SECRET).contains(&command.data.len());
        let slot = self.selected_secret()?;
        (is_verify && has_secret).then_some(slot)
    }

    /// VERIFY: without data, always how many tries are left; with data, the comparison.
    ///
    /// Clients take the card for a broken one when the question is answered with anything else than
    /// 63Cx, also where the secret is blocked or there is none yet.
    pub(super) fn verify(&mut self, command: &Command, spent: Option<CardSlot>) -> Performed {
        if (command.p1, command.p2) != (0x00, jpki::SELECTED_SECRET) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let slot = self.selected_secret().ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)?;
        if command.data.is_empty() {
            return Err(StatusWord::tries(self.card.tries_left(slot).unwrap_or(0)));
        }
        if command.data.len() > LONGEST_SECRET {
            return Err(StatusWord::WRONG_LENGTH);
        }
        // Of the last comparison alone the state is true.
        self.application()?.verified.set(slot, false);
        if spent != Some(slot) {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        self.card.compare_secret(slot, &command.data).map_err(refusal)?;
        self.application()?.verified.set(slot, true);
        Ok(Vec::new())
    }

    /// CHANGE REFERENCE DATA (P1 = 01): the data is the new secret alone, the old one having been
    /// verified in this selection.
    pub(super) fn change_secret(&mut self, command: &Command) -> Performed {
        if (command.p1, command.p2) != (0x01, jpki::SELECTED_SECRET) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let slot = self.selected_secret().ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)?;
        if !(1..=LONGEST_SECRET).contains(&command.data.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if self.card.tries_left(slot).map_err(refusal)? == 0 {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        if !self.is_verified(slot) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        self.replace_secret(slot, &command.data)
    }

    /// Puts a new secret in the place of the old one, with all its tries.
    pub(super) fn replace_secret(&mut self, slot: CardSlot, new: &[u8]) -> Performed {
        let new = HolderSecret::from_octets(slot, new).map_err(|_| StatusWord::WRONG_DATA)?;
        self.card.reset_secret(new).map_err(refusal)?;
        Ok(Vec::new())
    }
}
