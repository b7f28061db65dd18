//! The secure channel of the selected application: beginning it, and unwrapping what comes in it.

use super::session::{Blocks, Channel};
use super::{Application, Emulator, Performed, respond};
use crate::protocol::apdu::{Command, Response, StatusWord};
use crate::protocol::card_number::CardNumber;
use crate::protocol::handshake::Handshake;
use crate::protocol::jpki::AID;
use crate::protocol::scp03::{
    self, CardChannel, Challenge, ChannelError, SessionKeys, StaticKeys, card_challenge,
    session_keys,
};

impl Emulator {
    /// INITIALIZE UPDATE (Amendment D 7.1.1): counts the channel and proves the card.
    pub(super) fn initialize_update(&mut self, command: &Command) -> Performed {
        self.application()?.channel = Channel::Closed;
        // Key version 00 asks for the keys that there are.
        if !matches!(command.p1, 0x00 | scp03::KEY_VERSION) {
            return Err(StatusWord::REFERENCED_DATA_NOT_FOUND);
        }
        if command.p2 != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let host: Challenge =
            command.data.as_slice().try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        let number = CardNumber::of(self.card.id()).ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let chip = self.card.live_mut().map_err(|_| StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let sequence = chip.next_sequence().ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let (handshake, keys) =
            begin(number, &StaticKeys::from(&chip.keys), host, sequence).map_err(failure)?;
        let card = handshake.card_challenge;
        self.application()?.channel = Channel::Begun { keys, host, card };
        Ok(handshake.answer())
    }

    /// EXTERNAL AUTHENTICATE (Amendment D 7.1.2): the host proves itself, once per beginning.
    pub(super) fn external_authenticate(&mut self, command: &Command) -> Performed {
        let begun = std::mem::take(&mut self.application()?.channel);
        let Channel::Begun { keys, host, card } = begun else {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        };
        let channel = CardChannel::open(keys, &host, &card, command)
            .map_err(|_| StatusWord::AUTHENTICATION_FAILED)?;
        self.application()?.channel = Channel::Open { channel, blocks: Blocks::default() };
        Ok(Vec::new())
    }

    /// Blocks belong together: a plain command between them gives them up, as one in the channel does.
    pub(super) fn give_blocks_up(&mut self) {
        if let Some(Application { channel: Channel::Open { blocks, .. }, .. }) = &mut self.selected
        {
            *blocks = Blocks::default();
        }
    }

    /// A command in the channel. One that is not authentic closes it and changes nothing.
    pub(super) fn perform_in_channel(&mut self, command: &Command) -> Response {
        let open = self.application().map(|selected| std::mem::take(&mut selected.channel));
        let Ok(Channel::Open { mut channel, mut blocks }) = open else {
            return StatusWord::SECURITY_STATUS_NOT_SATISFIED.into();
        };
        let command = match channel.unwrap(command) {
            Ok(command) => command,
            Err(error) => return failure(error).into(),
        };
        let answer = self.personalise(&command, &mut blocks);
        match channel.wrap(respond(answer)) {
            Ok(response) => {
                if let Ok(selected) = self.application() {
                    selected.channel = Channel::Open { channel, blocks };
                }
                response
            }
            Err(error) => failure(error).into(),
        }
    }
}

/// The answer to INITIALIZE UPDATE and the keys of the session.
fn begin(
    number: CardNumber,
    keys: &StaticKeys,
    host_challenge: Challenge,
    sequence: scp03::SequenceCounter,
) -> Result<(Handshake, SessionKeys), ChannelError> {
    let card_challenge = card_challenge(keys, &sequence, &AID)?;
    let session = session_keys(keys, &host_challenge, &card_challenge)?;
    let card_cryptogram = session.card_cryptogram(&host_challenge, &card_challenge)?;
    let key_version = scp03::KEY_VERSION;
    let handshake = Handshake {
        number,
        key_version,
        host_challenge,
        card_challenge,
        card_cryptogram,
        sequence,
    };
    Ok((handshake, session))
}

fn failure(error: ChannelError) -> StatusWord {
    match error {
        ChannelError::NotAuthentic => StatusWord::SECURITY_STATUS_NOT_SATISFIED,
        ChannelError::TooLong | ChannelError::Provider(_) => StatusWord::NO_PRECISE_DIAGNOSIS,
    }
}
