//! Both sides of an open channel: each wraps what it sends and unwraps what it receives.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::keys::{Challenge, SessionKeys};
use super::primitives::{self, BLOCK};
use super::{ChannelError, MAC_LENGTH, SECURITY_LEVEL};
use crate::protocol::apdu::{Command, Response, StatusWord};

/// The class octet of a command in the channel (GlobalPlatform 11.1.4: secure messaging).
const SECURE_CLASS: u8 = 0x84;

/// EXTERNAL AUTHENTICATE, the first command of a channel (Amendment D 7.1.2).
const EXTERNAL_AUTHENTICATE: u8 = 0x82;

/// The host's side of a channel.
#[derive(Debug)]
pub struct HostChannel(Chain);

/// The card's side of a channel.
#[derive(Debug)]
pub struct CardChannel(Chain);

impl HostChannel {
    /// The channel with the keys of a session, and the command that opens it on the card.
    ///
    /// The caller has verified the card's cryptogram before: [`SessionKeys::verify_card`].
    ///
    /// # Errors
    /// [`ChannelError::Provider`].
    pub fn open(
        keys: SessionKeys,
        host: &Challenge,
        card: &Challenge,
    ) -> Result<(Self, Command), ChannelError> {
        let cryptogram = keys.host_cryptogram(host, card)?;
        let mut chain = Chain::new(keys);
        let command = Command::new(SECURE_CLASS, EXTERNAL_AUTHENTICATE, SECURITY_LEVEL, 0);
        let command = chain.append_mac(command.with_data(&cryptogram))?;
        Ok((Self(chain), command))
    }

    /// The command as it crosses the reader: encrypted, with its MAC, in the class of the channel.
    ///
    /// One command is answered before the next is wrapped.
    ///
    /// # Errors
    /// [`ChannelError::TooLong`], [`ChannelError::NotAuthentic`] at the end of the channel.
    pub fn wrap(&mut self, command: &Command) -> Result<Command, ChannelError> {
        self.0.expect_open()?;
        if command.data.len() > super::room_for_data(usize::from(u16::MAX)) {
            return Err(ChannelError::TooLong);
        }
        let mut sent = command.clone();
        sent.cla = SECURE_CLASS;
        let vector = self.0.next_command_vector()?;
        if !command.data.is_empty() {
            sent.data = primitives::pad(&command.data);
            primitives::encrypt(&self.0.keys.enc, &vector, &mut sent.data)?;
        }
        let sent = self.0.append_mac(sent)?;
        // Every good answer brings a MAC at least, so that there is always an Le (ISO 7816-4 case 4).
        let extended = sent.data.len() > 255 || command.le.is_some_and(|le| le > 256);
        let longest = if extended { 65536 } else { 256 };
        Ok(sent.with_le(longest))
    }

    /// The card's answer to the last command, in clear. A refusal has no MAC: whoever stands
    /// between can forge one, as they can cut the line.
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`]; the channel is at its end.
    pub fn unwrap(&mut self, response: Response) -> Result<Response, ChannelError> {
        self.0.expect_open()?;
        if !is_protected(response.status) {
            let refusal = if response.data.is_empty() { Ok(response) } else { self.0.end() };
            return refusal;
        }
        let Some((text, mac)) = response.data.split_last_chunk::<MAC_LENGTH>() else {
            return self.0.end();
        };
        let expected = self.0.response_mac(text, response.status)?;
        if verify_slices_are_equal(&expected, mac).is_err() {
            return self.0.end();
        }
        let vector = self.0.response_vector()?;
        let Some(text) = open_text(&self.0.keys, &vector, text)? else {
            return self.0.end();
        };
        Ok(Response { data: text.to_vec(), status: response.status })
    }
}

impl CardChannel {
    /// Opens the channel by the host's EXTERNAL AUTHENTICATE, if it is authentic and asks for the
    /// one security level.
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`].
    pub fn open(
        keys: SessionKeys,
        host: &Challenge,
        card: &Challenge,
        command: &Command,
    ) -> Result<Self, ChannelError> {
        let asked = (command.cla, command.ins, command.p1, command.p2);
        if asked != (SECURE_CLASS, EXTERNAL_AUTHENTICATE, SECURITY_LEVEL, 0) {
            return Err(ChannelError::NotAuthentic);
        }
        let expected = keys.host_cryptogram(host, card)?;
        let mut chain = Chain::new(keys);
        let cryptogram = chain.verify_mac(command)?;
        verify_slices_are_equal(&expected, &cryptogram).map_err(|_| ChannelError::NotAuthentic)?;
        Ok(Self(chain))
    }

    /// A command of the host, in clear and in the class 80.
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`]; the channel is at its end.
    pub fn unwrap(&mut self, command: &Command) -> Result<Command, ChannelError> {
        self.0.expect_open()?;
        if command.cla != SECURE_CLASS {
            return self.0.end();
        }
        let text = self.0.verify_mac(command)?;
        let vector = self.0.next_command_vector()?;
        let Some(text) = open_text(&self.0.keys, &vector, &text)? else {
            return self.0.end();
        };
        Ok(Command { cla: 0x80, data: text, le: None, ..command.clone() })
    }

    /// The answer to the last command as it crosses the reader. A refusal goes as it is, without
    /// data (Amendment D 6.2.5).
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`] at the end of the channel.
    pub fn wrap(&mut self, response: Response) -> Result<Response, ChannelError> {
        self.0.expect_open()?;
        let status = response.status;
        if !is_protected(status) {
            return Ok(status.into());
        }
        let mut text = Zeroizing::new(Vec::new());
        if !response.data.is_empty() {
            text = primitives::pad(&response.data);
            let vector = self.0.response_vector()?;
            primitives::encrypt(&self.0.keys.enc, &vector, &mut text)?;
        }
        let mac = self.0.response_mac(&text, status)?;
        Ok(Response { data: [text.as_slice(), &mac].concat(), status })
    }
}

/// What both sides carry from message to message.
struct Chain {
    keys: SessionKeys,
    /// The whole MAC of the last command (Amendment D 6.2.3).
    mac: [u8; BLOCK],
    /// How many commands there were since EXTERNAL AUTHENTICATE.
    commands: u128,
    open: bool,
}

impl Chain {
    fn new(keys: SessionKeys) -> Self {
        Self { keys, mac: [0; BLOCK], commands: 0, open: true }
    }

    fn expect_open(&self) -> Result<(), ChannelError> {
        if self.open { Ok(()) } else { Err(ChannelError::NotAuthentic) }
    }

    fn end<T>(&mut self) -> Result<T, ChannelError> {
        self.open = false;
        Err(ChannelError::NotAuthentic)
    }

    /// The vector for the next command's data; a command without data counts as well (Amendment D
    /// 6.2.6).
    fn next_command_vector(&mut self) -> Result<[u8; BLOCK], ChannelError> {
        self.commands += 1;
        primitives::initial_vector(&self.keys.enc, self.commands.to_be_bytes())
    }

    /// The vector for the answer to the last command: its number, with the first bit set
    /// (Amendment D 6.2.7).
    fn response_vector(&self) -> Result<[u8; BLOCK], ChannelError> {
        let number = self.commands | 1 << 127;
        primitives::initial_vector(&self.keys.enc, number.to_be_bytes())
    }

    /// Appends the MAC to a command (Amendment D 6.2.4).
    fn append_mac(&mut self, mut command: Command) -> Result<Command, ChannelError> {
        self.mac = self.command_mac(&command, &command.data)?;
        let mut data = Zeroizing::new(Vec::with_capacity(command.data.len() + MAC_LENGTH));
        data.extend_from_slice(&command.data);
        data.extend_from_slice(&self.mac[..MAC_LENGTH]);
        command.data = data;
        Ok(command)
    }

    /// Takes the MAC off a command's data, if it is the right one; else the channel ends.
    fn verify_mac(&mut self, command: &Command) -> Result<Vec<u8>, ChannelError> {
        let Some((text, received)) = command.data.split_last_chunk::<MAC_LENGTH>() else {
            return self.end();
        };
        let mac = self.command_mac(command, text)?;
        if verify_slices_are_equal(&mac[..MAC_LENGTH], received).is_err() {
            return self.end();
        }
        self.mac = mac;
        Ok(text.to_vec())
    }

    fn command_mac(&self, command: &Command, text: &[u8]) -> Result<[u8; BLOCK], ChannelError> {
        let length = text.len() + MAC_LENGTH;
        let short = u8::try_from(length).map(|length| vec![length]);
        let extended =
            u16::try_from(length).map(|length| [&[0][..], &length.to_be_bytes()].concat());
        let length = short.or(extended).map_err(|_| ChannelError::TooLong)?;
        let header = [command.cla, command.ins, command.p1, command.p2];
        primitives::mac(&self.keys.mac, &[&self.mac, &header, &length, text])
    }

    /// The MAC of an answer, chained to that of its command (Amendment D 6.2.5).
    fn response_mac(
        &self,
        text: &[u8],
        status: StatusWord,
    ) -> Result<[u8; MAC_LENGTH], ChannelError> {
        let status = status.0.to_be_bytes();
        let whole = primitives::mac(&self.keys.rmac, &[&self.mac, text, &status])?;
        Ok(std::array::from_fn(|i| whole[i]))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} commands, open: {})", self.commands, self.open)
    }
}

/// The text of a message whose MAC was right, or `None` where it is no encryption of anything.
fn open_text(
    keys: &SessionKeys,
    vector: &[u8; BLOCK],
    encrypted: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, ChannelError> {
    if encrypted.is_empty() {
        return Ok(Some(Zeroizing::default()));
    }
    if !encrypted.len().is_multiple_of(BLOCK) {
        return Ok(None);
    }
    let mut text = Zeroizing::new(encrypted.to_vec());
    primitives::decrypt(&keys.enc, vector, &mut text)?;
    let length = primitives::unpadded_length(&text);
    Ok(length.map(|length| {
        text.truncate(length);
        text
    }))
}

/// Successes and warnings are protected, refusals are not (Amendment D 6.2.5).
fn is_protected(status: StatusWord) -> bool {
    matches!(status.0 >> 8, 0x90 | 0x62 | 0x63)
}
