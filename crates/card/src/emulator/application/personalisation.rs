//! What the office does to a card in the channel: loading, proving, delivering, erasing, destroying.

use super::refusal::refusal;
use super::session::Blocks;
use super::{Emulator, Performed, slot_of};
use crate::error::CardError;
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::data_group::DataGroup;
use crate::protocol::jpki::{
    self, LAST_BLOCK, OperationTag, REPORT, WHOLE_CARD, action, instruction, secret_reference,
};
use crate::protocol::slot::CardSlot;

/// The most octets that the blocks of one STORE DATA may come to: both slots' keys and
/// certificates take less than ten thousand.
const MAX_STORED_OCTETS: usize = 16 * 1024;

impl Emulator {
    /// Performs an authentic command of the channel.
    pub(super) fn personalise(&mut self, command: &Command, blocks: &mut Blocks) -> Performed {
        if command.ins == instruction::STORE_DATA {
            return self.store_data(command, blocks);
        }
        // Blocks belong together: anything between them gives them up.
        *blocks = Blocks::default();
        match command.ins {
            instruction::GET_DATA => self.get_data(command),
            instruction::INTERNAL_AUTHENTICATE => self.prove_possession(command),
            instruction::SET_STATUS => self.set_status(command),
            instruction::RESET_RETRY_COUNTER => self.reset_secret(command),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    /// STORE DATA: the blocks are collected, and all of them applied at the last or none.
    fn store_data(&mut self, command: &Command, blocks: &mut Blocks) -> Performed {
        let mut collected = std::mem::take(blocks);
        if !matches!(command.p1, 0 | LAST_BLOCK) || usize::from(command.p2) != collected.count {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        if collected.octets.len() + command.data.len() > MAX_STORED_OCTETS {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        if collected.octets.capacity() == 0 {
            // A vector that grew would leave copies of a secret behind.
            collected.octets.reserve_exact(MAX_STORED_OCTETS);
        }
        collected.octets.extend_from_slice(&command.data);
        collected.count += 1;
        if command.p1 != LAST_BLOCK {
            *blocks = collected;
            return Ok(Vec::new());
        }
        let groups = DataGroup::parse(&collected.octets).map_err(|_| StatusWord::WRONG_DATA)?;
        self.card.load(&groups).map_err(refusal)
    }

    /// GET DATA: the report, or the public key being loaded into a slot.
    fn get_data(&self, command: &Command) -> Performed {
        let object = [command.p1, command.p2];
        if object == REPORT {
            return self.card.report().map(|report| report.encode()).map_err(refusal);
        }
        let slot = CardSlot::ALL.into_iter().find(|slot| object == jpki::loading_public_key(*slot));
        let slot = slot.ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)?;
        let loading = self.card.loading_public_key(slot).map_err(refusal)?;
        loading.map(<[u8]>::to_vec).ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)
    }

    /// INTERNAL AUTHENTICATE: the key being loaded signs the statement over a nonce.
    fn prove_possession(&self, command: &Command) -> Performed {
        if command.p1 != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let slot = slot_of(command.p2)?;
        let nonce = command.data.as_slice().try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        self.card.prove_possession(slot, nonce).map_err(refusal)
    }

    /// SET STATUS: of a slot, or of the whole card.
    ///
    /// What was done already is answered as if it were done now: an office that lost the answer may
    /// ask again.
    fn set_status(&mut self, command: &Command) -> Performed {
        if (command.p1, command.p2) == (WHOLE_CARD, action::DESTROY) {
            self.card.destroy().map_err(refusal)?;
            return Ok(Vec::new());
        }
        let slot = slot_of(command.p1)?;
        match command.p2 {
            action::DELIVER => {
                let tag = command.data.as_slice().try_into().map(OperationTag);
                let tag = tag.map_err(|_| StatusWord::WRONG_LENGTH)?;
                self.card.deliver_loaded(slot, tag).map_err(refusal)?;
            }
            action::DISCARD => match self.card.discard_loading(slot) {
                Ok(()) | Err(CardError::NothingLoading { .. }) => {}
                Err(error) => return Err(refusal(error)),
            },
            action::ERASE => self.card.erase(slot).map_err(refusal)?,
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        self.application()?.verified.set(slot, false);
        Ok(Vec::new())
    }

    /// RESET RETRY COUNTER (P1 = 02): the data is the new secret; who knew the old one must show the
    /// new one.
    fn reset_secret(&mut self, command: &Command) -> Performed {
        if command.p1 != 0x02 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let slot = CardSlot::ALL.into_iter().find(|slot| command.p2 == secret_reference(*slot));
        let slot = slot.ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)?;
        let done = self.replace_secret(slot, &command.data)?;
        self.application()?.verified.set(slot, false);
        Ok(done)
    }
}
