//! A card in an open channel: what a window does to it.

use std::fmt;

use domain::id::CardId;

use super::card_terminal::{CardTerminal, expect_signature};
use super::load::Load;
use super::refusal::expect_success;
use super::{CardReport, OperationTag, TerminalError};
use crate::protocol::apdu::Command;
use crate::protocol::card_number::CardNumber;
use crate::protocol::data_encryption::DataEncryptionKey;
use crate::protocol::data_group::{DataGroup, GroupKind};
use crate::protocol::jpki::{self, action, instruction};
use crate::protocol::scp03::{self, HostChannel};
use crate::protocol::secret::{HolderSecret, HolderSecrets};
use crate::protocol::slot::CardSlot;

/// P1 of RESET RETRY COUNTER: the data is the new secret (ISO 7816-4 11.6.10).
const NEW_SECRET: u8 = 0x02;

/// The longest public key taken from a card: RSA-4096 as SubjectPublicKeyInfo.
const LONGEST_PUBLIC_KEY: usize = 600;

/// A card that proved to be genuine, in the channel with it.
///
/// Every command is safe to repeat after a cut, in a new channel: the same thing loaded, discarded
/// or delivered again changes nothing. When a call fails with anything but
/// [`TerminalError::Refused`], the channel may be at its end: connect again.
pub struct SecuredCard {
    terminal: CardTerminal,
    channel: HostChannel,
    id: CardId,
    dek: DataEncryptionKey,
}

impl SecuredCard {
    pub(super) fn new(
        terminal: CardTerminal,
        channel: HostChannel,
        number: CardNumber,
        dek: DataEncryptionKey,
    ) -> Self {
        Self { terminal, channel, id: number.id(), dek }
    }

    /// The card's id, which it has proved.
    pub fn id(&self) -> &CardId {
        &self.id
    }

    /// The card's data encryption key, for the window's generator.
    pub fn data_encryption_key(&self) -> &DataEncryptionKey {
        &self.dek
    }

    /// What is on the card: one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] and what the channel says.
    pub fn report(&mut self) -> Result<CardReport, TerminalError> {
        let data = self.get_data("tell what is on it", jpki::REPORT)?;
        CardReport::parse(&data).map_err(|_| TerminalError::Malformed("its report is none"))
    }

    /// The public key (SPKI DER) that is being loaded into a slot: one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] when none is.
    pub fn loading_public_key(&mut self, slot: CardSlot) -> Result<Vec<u8>, TerminalError> {
        let key = self.get_data("tell the key being loaded", jpki::loading_public_key(slot))?;
        let plausible = key.first() == Some(&0x30) && key.len() <= LONGEST_PUBLIC_KEY;
        plausible.then_some(key).ok_or(TerminalError::Malformed("it answers no public key"))
    }

    /// Loads keys and certificates, all of them or nothing: one command, or on a card with short
    /// commands alone as many as it takes.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] for what is none for this card, or while another key is being
    /// loaded; [`TerminalError::Unsendable`].
    pub fn store(&mut self, loads: &[Load]) -> Result<(), TerminalError> {
        let groups = loads.iter().map(Load::groups).collect::<Result<Vec<_>, _>>()?.concat();
        self.store_groups("load a key or certificates", &groups)
    }

    /// Puts the secrets on the card that the holder has chosen, each in the place of one staged
    /// before; they come into effect when the slot is delivered: one command, or none for no secret.
    ///
    /// A slot without a secret here keeps what was staged: see [`clear_staged`](Self::clear_staged).
    ///
    /// # Errors
    /// [`TerminalError::Refused`] for a slot into which nothing is being loaded, or by another
    /// operation.
    pub fn stage_secrets(
        &mut self,
        operation: &OperationTag,
        secrets: &HolderSecrets,
    ) -> Result<(), TerminalError> {
        let pin = secrets.authentication.clone().map(HolderSecret::Authentication);
        let password = secrets.signature.clone().map(HolderSecret::Signature);
        let groups: Vec<DataGroup> = [pin, password]
            .into_iter()
            .flatten()
            .flat_map(|new| staging(operation, new.slot(), new.text().as_bytes()))
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        self.store_groups("take a secret", &groups)
    }

    /// Takes back the secret that an earlier attempt of the operation staged for a slot, if any: at
    /// a renewal the holder then keeps the present one: one command.
    ///
    /// # Errors
    /// As [`stage_secrets`](Self::stage_secrets).
    pub fn clear_staged(
        &mut self,
        operation: &OperationTag,
        slot: CardSlot,
    ) -> Result<(), TerminalError> {
        self.store_groups("take a secret back", &staging(operation, slot, b""))
    }

    /// The card's signature over [`possession_statement`](crate::possession_statement) with the key
    /// being loaded: one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] when none is.
    pub fn prove_possession(
        &mut self,
        slot: CardSlot,
        nonce: &[u8; 32],
    ) -> Result<Vec<u8>, TerminalError> {
        let command = Command::new(0x80, instruction::INTERNAL_AUTHENTICATE, 0, jpki::octet(slot));
        let signature = self.ask("prove possession of a key", command.with_data(nonce))?;
        expect_signature(signature)
    }

    /// Gives what an operation loaded into a slot to the holder: one command. What the operation
    /// delivered before stays delivered.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] before the certificates are loaded, or at a first delivery before
    /// the secret is; when another operation is loading.
    pub fn deliver(
        &mut self,
        slot: CardSlot,
        operation: &OperationTag,
    ) -> Result<(), TerminalError> {
        let command = set_status(jpki::octet(slot), action::DELIVER).with_data(&operation.0);
        self.ask("deliver a key", command).map(drop)
    }

    /// Gives up what is being loaded into a slot, if anything is; a delivered key stays as it is: one
    /// command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`].
    pub fn discard(&mut self, slot: CardSlot) -> Result<(), TerminalError> {
        self.ask("discard what is being loaded", set_status(jpki::octet(slot), action::DISCARD))
            .map(drop)
    }

    /// Erases a slot: keys, certificates and secret (W1): one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`].
    pub fn erase(&mut self, slot: CardSlot) -> Result<(), TerminalError> {
        self.ask("erase a slot", set_status(jpki::octet(slot), action::ERASE)).map(drop)
    }

    /// Destroys the card: its keys are gone, and with them the channel: one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`].
    pub fn destroy(mut self) -> Result<(), TerminalError> {
        self.ask("destroy itself", set_status(jpki::WHOLE_CARD, action::DESTROY)).map(drop)
    }

    /// Sets a secret anew and unlocks the slot; the window has checked the holder's identity (C3):
    /// one command.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] where nothing is delivered.
    pub fn reset_secret(&mut self, new: &HolderSecret) -> Result<(), TerminalError> {
        let reference = jpki::secret_reference(new.slot());
        let command = Command::new(0x80, instruction::RESET_RETRY_COUNTER, NEW_SECRET, reference);
        self.ask("set a secret anew", command.with_data(new.text().as_bytes())).map(drop)
    }

    /// Ends the channel and goes on as anybody may: one command.
    ///
    /// # Errors
    /// As [`CardTerminal::select`].
    pub fn close(self) -> Result<CardTerminal, TerminalError> {
        self.terminal.select_again()
    }

    /// How many commands were sent to the card, with those that opened the channel.
    pub fn commands_sent(&self) -> usize {
        self.terminal.line.sent()
    }

    fn get_data(
        &mut self,
        what: &'static str,
        [high, low]: [u8; 2],
    ) -> Result<Vec<u8>, TerminalError> {
        self.ask(what, Command::new(0x80, instruction::GET_DATA, high, low))
    }

    /// Sends groups in as few blocks as the card takes (GlobalPlatform 11.11.2.1).
    fn store_groups(
        &mut self,
        what: &'static str,
        groups: &[DataGroup],
    ) -> Result<(), TerminalError> {
        let octets = DataGroup::encode(groups);
        let room = scp03::room_for_data(self.terminal.limits.command_data);
        let last = octets.len().div_ceil(room).saturating_sub(1);
        let last = u8::try_from(last)
            .map_err(|_| TerminalError::Unsendable("it takes more blocks than can be counted"))?;
        for (number, block) in (0..=last).zip(octets.chunks(room)) {
            let p1 = if number == last { jpki::LAST_BLOCK } else { 0 };
            let command = Command::new(0x80, instruction::STORE_DATA, p1, number);
            self.ask(what, command.with_data(block))?;
        }
        Ok(())
    }

    /// Sends a command through the channel and returns the data of the answer, which must be a
    /// success.
    fn ask(&mut self, what: &'static str, command: Command) -> Result<Vec<u8>, TerminalError> {
        let command = command.with_le(self.terminal.limits.answer_data);
        let wrapped = self.channel.wrap(&command)?;
        let answer = self.terminal.line.exchange(&wrapped)?;
        let answer = self.channel.unwrap(answer)?;
        expect_success(what, &answer)?;
        Ok(answer.data)
    }
}

impl fmt::Debug for SecuredCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecuredCard({})", self.id)
    }
}

/// A secret with the operation that it is staged for; an empty one takes back what is staged.
fn staging(operation: &OperationTag, slot: CardSlot, text: &[u8]) -> [DataGroup; 2] {
    [(GroupKind::Operation, operation.0.as_slice()), (GroupKind::Secret, text)]
        .map(|(kind, value)| DataGroup::new(slot, kind, value))
}

fn set_status(of: u8, action: u8) -> Command {
    Command::new(0x80, instruction::SET_STATUS, of, action)
}
