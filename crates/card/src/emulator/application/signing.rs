//! PERFORM SECURITY OPERATION: the holder's signature over a hash.

use super::refusal::refusal;
use super::{Emulator, Performed};
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::digest_info::DigestInfo;

impl Emulator {
    /// Signs a DigestInfo with the selected key, its secret having been verified in this selection.
    pub(super) fn sign(&mut self, command: &Command) -> Performed {
        if (command.p1, command.p2) != (0x00, 0x80) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let slot = self.selected_key().ok_or(StatusWord::COMMAND_NOT_ALLOWED)?;
        let chip = self.card.live().map_err(refusal)?;
        chip.delivered(slot).map_err(refusal)?;
        if !self.is_verified(slot) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let digest = DigestInfo::parse(&command.data).ok_or(StatusWord::WRONG_DATA)?;
        chip.sign_digest(slot, &digest).map_err(refusal)
    }
}
