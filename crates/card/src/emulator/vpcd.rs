//! A card in a virtual reader: the client of vpcd, the reader driver of vsmartcard.
//!
//! Every message has two octets of length, big-endian, before it. One octet alone is a word about
//! the power, anything longer a command.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::emulator::cabinet::InsertedCard;
use crate::protocol::connection::{Connection as _, ConnectionError};
use crate::protocol::jpki::ATR;

/// What a message of one octet says.
mod word {
    pub(super) const POWER_OFF: u8 = 0x00;
    pub(super) const POWER_ON: u8 = 0x01;
    pub(super) const RESET: u8 = 0x02;
    pub(super) const GET_ATR: u8 = 0x04;
}

/// How long a wait for the reader lasts before it is asked whether the stay is over.
const TIMEOUT: Duration = Duration::from_millis(100);

/// How long the reader may take to accept an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a card came out of its reader.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The reader's fault, or the network's.
    #[error("the virtual reader failed: {0}")]
    Reader(#[from] io::Error),
    /// The card's fault: it could not be kept.
    #[error(transparent)]
    Card(#[from] ConnectionError),
}

/// What is agreed with whoever put a card into a reader.
#[derive(Debug, Default)]
pub struct Stay {
    over: AtomicBool,
    polls: AtomicUsize,
}

impl Stay {
    /// Has the card taken out, within a tenth of a second.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Whether the reader's clients know of the card: its service asks again and again whether one
    /// is there, and has told them of one answer before it asks for the next.
    pub fn is_noticed(&self) -> bool {
        self.polls.load(Ordering::Relaxed) > 1
    }
}

/// Leaves a card in a virtual reader until the stay is over or the reader goes away.
///
/// `stream` is connected to vpcd. The card has no power afterwards.
///
/// # Errors
/// [`AttachError`].
pub fn attach(card: &mut InsertedCard, stream: TcpStream, stay: &Stay) -> Result<(), AttachError> {
    let mut reader = Reader::new(stream, stay)?;
    let ended = serve(card, &mut reader);
    card.reset();
    ended
}

fn serve(card: &mut InsertedCard, reader: &mut Reader<'_>) -> Result<(), AttachError> {
    while let Some(message) = reader.receive()? {
        match message[..] {
            [word::POWER_OFF | word::POWER_ON | word::RESET] => {
                card.reset();
            }
            // It is how the reader asks whether a card is there: at any time, with or without power.
            [word::GET_ATR] => {
                reader.send(&ATR)?;
                reader.stay.polls.fetch_add(1, Ordering::Relaxed);
            }
            [] | [_] => {}
            _ => reader.send(&card.transmit(&message)?)?,
        }
    }
    Ok(())
}

/// The line to the virtual reader.
struct Reader<'a> {
    stream: TcpStream,
    stay: &'a Stay,
}

impl<'a> Reader<'a> {
    fn new(stream: TcpStream, stay: &'a Stay) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(Self { stream, stay })
    }

    /// The next message, which may hold a PIN, or `None` at the end of the line and when it is time
    /// to stop.
    fn receive(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        // vpcd sends length and body apart: without this the second waits for the delayed
        // acknowledgement of the first, 40 ms. The kernel forgets it again by itself.
        self.stream.set_quickack(true)?;
        let mut length = [0; 2];
        if !self.fill(&mut length)? {
            return Ok(None);
        }
        self.stream.set_quickack(true)?;
        let mut message = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(length))]);
        let is_complete = self.fill(&mut message)?;
        Ok(is_complete.then_some(message))
    }

    /// Fills the buffer; says no at the end of the line and when it is time to stop.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.stay.over.load(Ordering::Relaxed) {
                return Ok(false);
            }
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(false),
                Ok(octets) => filled += octets,
                Err(error) if is_transient(&error) => {}
                Err(error) if is_gone(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidData)?;
        // In one piece, for the same reason as above on the other side.
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A reader that is stopped resets the line when something was on its way.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
