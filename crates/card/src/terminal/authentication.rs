//! How a window and a card prove themselves to each other, and begin to speak in the secure channel.

use domain::act::Act;

use super::card_terminal::CardTerminal;
use super::refusal::{self, expect_success};
use super::{CardMaster, SecuredCard, SessionGrant, TerminalError};
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::handshake::Handshake;
use crate::protocol::jpki::instruction;
use crate::protocol::scp03::{self, HostChannel};

impl CardTerminal {
    /// Opens the secure channel with the keys that `master` grants: two commands.
    ///
    /// # Errors
    /// [`TerminalError::NotAuthentic`] for a card that does not hold the keys of its number, or
    /// changed messages; [`TerminalError::KeyVersion`], [`TerminalError::Master`],
    /// [`TerminalError::Refused`], [`TerminalError::Malformed`], [`TerminalError::Connection`].
    pub fn authenticate(
        mut self,
        act: &Act,
        master: &dyn CardMaster,
    ) -> Result<SecuredCard, TerminalError> {
        let handshake = self.begin()?;
        let SessionGrant { keys, dek } = master.open_session(act, &handshake)?;
        let Handshake { host_challenge: host, card_challenge: card, .. } = &handshake;
        keys.verify_card(host, card, &handshake.card_cryptogram)?;
        let (channel, open) = HostChannel::open(keys, host, card)?;
        let answer = self.line.exchange(&open)?;
        match answer.status {
            StatusWord::SUCCESS if !answer.data.is_empty() => Err(TerminalError::NotAuthentic),
            StatusWord::SUCCESS => Ok(SecuredCard::new(self, channel, handshake.number, dek)),
            StatusWord::SECURITY_STATUS_NOT_SATISFIED | StatusWord::AUTHENTICATION_FAILED => {
                Err(TerminalError::NotAuthentic)
            }
            status => Err(refusal::refused("open a channel", status)),
        }
    }

    /// Begins a channel (INITIALIZE UPDATE).
    fn begin(&mut self) -> Result<Handshake, TerminalError> {
        let mut host_challenge = [0; 8];
        aws_lc_rs::rand::fill(&mut host_challenge)
            .map_err(|_| TerminalError::Provider("drawing a challenge"))?;
        let begin = Command::new(0x80, instruction::INITIALIZE_UPDATE, scp03::KEY_VERSION, 0);
        let answer = self.line.exchange(&begin.with_data(&host_challenge).with_le(256))?;
        expect_success("begin a channel", &answer)?;
        let handshake = Handshake::parse(host_challenge, &answer.data)?;
        match handshake.key_version {
            scp03::KEY_VERSION => Ok(handshake),
            version => Err(TerminalError::KeyVersion { version }),
        }
    }
}
