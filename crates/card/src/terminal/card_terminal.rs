//! The card application as anybody may use it: selected, without a channel, with what a holder types.

use aws_lc_rs::digest::{SHA256, digest};

use super::TerminalError;
use super::line::Line;
use super::refusal::{self, expect_success};
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::connection::Connection;
use crate::protocol::jpki::{self, file, instruction};
use crate::protocol::secret::HolderSecret;
use crate::protocol::slot::{CardSlot, Certificates};

/// P1 of SELECT: by the name of the application, by the identifier of a file in it.
const BY_NAME: u8 = 0x04;
const IN_APPLICATION: u8 = 0x02;

/// P2 of SELECT without an answer, and of VERIFY for the file that is selected.
const NO_ANSWER: u8 = 0x0C;

/// The largest offset that READ BINARY has octets for (ISO 7816-4 11.3.3), and one more.
const LONGEST_FILE: usize = 0x8000;

/// The fewest octets that READ BINARY must give while the certificate goes on: what is asked for is
/// twice as much, and a card that gives an octet at a time keeps a window for ever. No certificate
/// is shorter.
const LEAST_READ: usize = 128;

/// DigestInfo of SHA-256 before the hash (RFC 8017 9.2, note 1).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A card on a reader with the application selected.
pub struct CardTerminal {
    pub(super) line: Line,
    pub(super) limits: Limits,
}

/// What a card takes and gives in one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most octets of command data (Lc).
    pub(super) command_data: usize,
    /// The most octets of answer (Le).
    pub(super) answer_data: usize,
}

impl CardTerminal {
    /// Selects the application on whatever lies on the reader: one command.
    ///
    /// # Errors
    /// [`TerminalError::AnotherMake`], [`TerminalError::Destroyed`], [`TerminalError::Refused`],
    /// [`TerminalError::Malformed`], [`TerminalError::Connection`].
    pub fn select(connection: Box<dyn Connection>) -> Result<Self, TerminalError> {
        Self::select_on(Line::new(connection))
    }

    /// Selects the application anew, which ends a channel and forgets what was verified.
    pub(super) fn select_again(self) -> Result<Self, TerminalError> {
        Self::select_on(self.line)
    }

    fn select_on(mut line: Line) -> Result<Self, TerminalError> {
        let select = Command::new(0x00, instruction::SELECT, BY_NAME, 0);
        let answer = line.exchange(&select.with_data(&jpki::AID).with_le(256))?;
        match answer.status {
            StatusWord::SUCCESS => Ok(Self { line, limits: Limits::read(&answer.data)? }),
            StatusWord::TERMINATED => Err(TerminalError::Destroyed),
            StatusWord::FILE_NOT_FOUND => Err(TerminalError::AnotherMake),
            status => Err(refusal::refused("select the application", status)),
        }
    }

    /// How many tries the secret of a slot has left: 0 is blocked, or nothing is delivered there. Costs
    /// none.
    ///
    /// # Errors
    /// [`TerminalError::Refused`], [`TerminalError::Malformed`], [`TerminalError::Connection`].
    pub fn tries_left(&mut self, slot: CardSlot) -> Result<u8, TerminalError> {
        self.select_file(secret_file(slot))?;
        let status = self.verify_selected(b"")?;
        status.tries_left().ok_or_else(|| refusal::refused("tell the tries left", status))
    }

    /// Changes a secret by its holder, who knows the present one.
    ///
    /// # Errors
    /// [`TerminalError::SecretWrong`], [`TerminalError::SecretBlocked`], [`TerminalError::Refused`],
    /// [`TerminalError::Malformed`], [`TerminalError::Connection`].
    pub fn change_secret(&mut self, typed: &str, new: &HolderSecret) -> Result<(), TerminalError> {
        self.verify(new.slot(), typed)?;
        let change =
            Command::new(0x00, instruction::CHANGE_REFERENCE_DATA, 0x01, jpki::SELECTED_SECRET);
        let answer = self.line.exchange(&change.with_data(new.text().as_bytes()))?;
        expect_success("change a secret", &answer)
    }

    /// The certificates of the delivered key. That of the signature key comes only to whoever knows
    /// its password.
    ///
    /// # Errors
    /// As [`change_secret`](Self::change_secret); [`TerminalError::Refused`] where there are none.
    pub fn certificates(
        &mut self,
        slot: CardSlot,
        typed: Option<&str>,
    ) -> Result<Certificates, TerminalError> {
        if let Some(typed) = typed {
            self.verify(slot, typed)?;
        }
        let (holder, ca) = match slot {
            CardSlot::Authentication => {
                (file::AUTHENTICATION_CERTIFICATE, file::AUTHENTICATION_CA_CERTIFICATE)
            }
            CardSlot::Signature => (file::SIGNATURE_CERTIFICATE, file::SIGNATURE_CA_CERTIFICATE),
        };
        Ok(Certificates { holder: self.read_certificate(holder)?, ca: self.read_certificate(ca)? })
    }

    /// Signs for the holder: sha256WithRSAEncryption, PKCS#1 v1.5, over `message`.
    ///
    /// # Errors
    /// As [`change_secret`](Self::change_secret).
    pub fn sign(
        &mut self,
        slot: CardSlot,
        typed: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, TerminalError> {
        self.verify(slot, typed)?;
        self.select_file(match slot {
            CardSlot::Authentication => file::AUTHENTICATION_KEY,
            CardSlot::Signature => file::SIGNATURE_KEY,
        })?;
        let hash = digest(&SHA256, message);
        let info = [&SHA256_INFO, hash.as_ref()].concat();
        let sign = Command {
            cla: 0x80,
            ..Command::new(0, instruction::PERFORM_SECURITY_OPERATION, 0, 0x80)
        };
        let answer = self.line.exchange(&sign.with_data(&info).with_le(256))?;
        expect_success("sign", &answer)?;
        expect_signature(answer.data)
    }

    /// How many commands were sent to the card.
    pub fn commands_sent(&self) -> usize {
        self.line.sent()
    }

    fn verify(&mut self, slot: CardSlot, typed: &str) -> Result<(), TerminalError> {
        // No data would ask for the tries instead; more than 16 octets are no secret of any slot:
        // the card refuses them, and no try is spent.
        if typed.is_empty() || typed.len() > 255 {
            return Err(TerminalError::Unsendable("a secret has 1 to 255 octets"));
        }
        self.select_file(secret_file(slot))?;
        match self.verify_selected(typed.as_bytes())? {
            StatusWord::SUCCESS => Ok(()),
            StatusWord::AUTHENTICATION_METHOD_BLOCKED => Err(TerminalError::SecretBlocked { slot }),
            status => match status.tries_left() {
                Some(tries_left) => Err(TerminalError::SecretWrong { slot, tries_left }),
                None => Err(refusal::refused("verify a secret", status)),
            },
        }
    }

    fn verify_selected(&mut self, typed: &[u8]) -> Result<StatusWord, TerminalError> {
        let verify = Command::new(0x00, instruction::VERIFY, 0, jpki::SELECTED_SECRET);
        Ok(self.line.exchange(&verify.with_data(typed))?.status)
    }

    fn select_file(&mut self, identifier: u16) -> Result<(), TerminalError> {
        let select = Command::new(0x00, instruction::SELECT, IN_APPLICATION, NO_ANSWER);
        let answer = self.line.exchange(&select.with_data(&identifier.to_be_bytes()))?;
        expect_success("select a file", &answer)
    }

    /// Reads a file as long as the certificate in it states, which begins `30 82 hh ll`.
    fn read_certificate(&mut self, identifier: u16) -> Result<Vec<u8>, TerminalError> {
        self.select_file(identifier)?;
        let mut content = self.read_binary(0, LEAST_READ)?;
        let [0x30, 0x82, high, low, ..] = content[..] else {
            return Err(TerminalError::Malformed("a file holds no certificate"));
        };
        let length = 4 + usize::from(u16::from_be_bytes([high, low]));
        if length > LONGEST_FILE {
            return Err(TerminalError::Malformed("a certificate is longer than a file can be"));
        }
        while content.len() < length {
            let least = LEAST_READ.min(length - content.len());
            content.append(&mut self.read_binary(content.len(), least)?);
        }
        content.truncate(length);
        Ok(content)
    }

    /// At least so many octets of the selected file from an offset below [`LONGEST_FILE`].
    fn read_binary(&mut self, offset: usize, least: usize) -> Result<Vec<u8>, TerminalError> {
        let [.., high, low] = offset.to_be_bytes();
        let read = Command::new(0x00, instruction::READ_BINARY, high, low);
        let answer = self.line.exchange(&read.with_le(self.limits.answer_data))?;
        expect_success("read a file", &answer)?;
        if answer.data.len() < least {
            let rule = "a file ends before the certificate in it, or comes in scraps";
            return Err(TerminalError::Malformed(rule));
        }
        Ok(answer.data)
    }
}

impl std::fmt::Debug for CardTerminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardTerminal({:?})", self.limits)
    }
}

impl Limits {
    /// The limits in the answer to SELECT: `6F { 84 AID, A5 { 9F65 octets } }` (GlobalPlatform
    /// 11.9.3.1), all lengths in one octet.
    fn read(information: &[u8]) -> Result<Self, TerminalError> {
        let malformed = |rule| TerminalError::Malformed(rule);
        let (body, []) = object(&[jpki::tag::FCI], information)
            .ok_or(malformed("SELECT answers no file control information"))?
        else {
            return Err(malformed("SELECT answers more than file control information"));
        };
        let (name, rest) =
            object(&[jpki::tag::NAME], body).ok_or(malformed("SELECT names nothing"))?;
        if name != jpki::AID {
            return Err(malformed("SELECT names another application"));
        }
        let stated = object(&[jpki::tag::PROPRIETARY], rest)
            .filter(|(_, rest)| rest.is_empty())
            .and_then(|(proprietary, _)| object(&jpki::tag::MAX_COMMAND_DATA, proprietary))
            .and_then(|(stated, _)| <[u8; 2]>::try_from(stated).ok())
            .map(|stated| usize::from(u16::from_be_bytes(stated)));
        match stated {
            // What every card takes, a short command, is the least.
            Some(command_data @ 255..) => {
                let answer_data = if command_data > 255 { 65536 } else { 256 };
                Ok(Self { command_data, answer_data })
            }
            _ => Err(malformed("SELECT states no usable length of command data")),
        }
    }
}

/// The value of the data object that `bytes` begin with, if it has this tag, and what follows it.
fn object<'a>(tag: &[u8], bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    match bytes.strip_prefix(tag)? {
        [length @ 0..0x80, rest @ ..] => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

/// A signature of RSA with 1024 to 4096 bits.
pub(super) fn expect_signature(data: Vec<u8>) -> Result<Vec<u8>, TerminalError> {
    let plausible = (128..=512).contains(&data.len());
    plausible.then_some(data).ok_or(TerminalError::Malformed("it answers no signature"))
}

fn secret_file(slot: CardSlot) -> u16 {
    match slot {
        CardSlot::Authentication => file::AUTHENTICATION_PIN,
        CardSlot::Signature => file::SIGNATURE_PASSWORD,
    }
}
