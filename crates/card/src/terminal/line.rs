//! The line to a card: commands out, whole answers back, within bounds.

use super::TerminalError;
use crate::protocol::apdu::{Command, Response, StatusWord};
use crate::protocol::connection::{Connection, ConnectionError};
use crate::protocol::jpki::instruction;

/// The longest answer taken from a card, in octets: a certificate is the longest thing it has.
const LONGEST_ANSWER: usize = 65536;

/// The most parts of an answer: the longest one in parts of 256 octets.
const MOST_PARTS: usize = LONGEST_ANSWER / 256;

/// The fewest octets of a part that is not the last: GET RESPONSE asks for twice as much.
const LEAST_PART: usize = 128;

/// A connection that puts answers together which a card hands out in parts (61xx).
pub(super) struct Line {
    connection: Box<dyn Connection>,
    sent: usize,
}

impl Line {
    pub(super) fn new(connection: Box<dyn Connection>) -> Self {
        Self { connection, sent: 0 }
    }

    /// How many commands were sent.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// Sends a command and returns the whole answer to it.
    pub(super) fn exchange(&mut self, command: &Command) -> Result<Response, TerminalError> {
        let mut answer = self.exchange_once(command)?;
        let mut data = std::mem::take(&mut answer.data);
        let mut parts = 0;
        while let Some(waiting) = answer.status.waiting() {
            let next = Command::new(0x00, instruction::GET_RESPONSE, 0, 0).with_le(waiting);
            answer = self.exchange_once(&next)?;
            if answer.status.waiting().is_some() && answer.data.len() < LEAST_PART {
                return Err(TerminalError::Malformed("its answer comes in scraps"));
            }
            data.append(&mut answer.data);
            parts += 1;
            if data.len() > LONGEST_ANSWER || parts > MOST_PARTS {
                return Err(TerminalError::Malformed("its answer does not end"));
            }
        }
        Ok(Response { data, status: answer.status })
    }

    fn exchange_once(&mut self, command: &Command) -> Result<Response, TerminalError> {
        self.sent += 1;
        let answer = self.connection.transmit(&command.encode())?;
        if answer.len() > LONGEST_ANSWER + size_of::<StatusWord>() {
            return Err(ConnectionError("an answer longer than any can be".to_owned()).into());
        }
        Response::parse(&answer).map_err(|_| TerminalError::Malformed("no status word"))
    }
}
