//! Cards on the readers of this machine, through PC/SC: whatever makes the card, real or emulated.

use std::ffi::{CStr, CString};
use std::time::Duration;

use pcsc::{
    Context, Error, MAX_BUFFER_SIZE_EXTENDED, Protocols, ReaderState, Scope, ShareMode, State,
};

use crate::protocol::connection::{Connection, ConnectionError};
use crate::terminal::patient::{Patient, Unopened};

/// Why no card could be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// The machine's fault: nothing serves its readers.
    #[error("the PC/SC service does not run; is pcscd installed and started?")]
    NoService,
    /// Nobody's fault: no reader is plugged in.
    #[error("there is no card reader")]
    NoReader,
    /// The caller's fault: there is no reader of this name.
    #[error("there is no card reader {0:?}")]
    UnknownReader(String),
    /// Nobody's fault: no card lies on the reader, or on any.
    #[error("there is no card on {}", .0.as_deref().unwrap_or("any reader"))]
    NoCard(Option<String>),
    /// The caller has to say which: cards lie on several readers.
    #[error("there are cards on several readers ({}); name one", .0.join(", "))]
    SeveralCards(Vec<String>),
    /// Another program's fault: it has the card.
    #[error("the card on {0} is in use by another program")]
    InUse(String),
    /// The reader's fault, or the card's: it does not answer.
    #[error("the card reader failed at {action}: {source}")]
    Failed {
        /// What was tried.
        action: &'static str,
        /// What PC/SC says.
        source: Error,
    },
}

/// A reader of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Its name, as PC/SC has it.
    pub name: String,
    /// Whether a card lies on it.
    pub has_card: bool,
}

/// The readers of this machine, in the order of PC/SC; none is no error.
///
/// # Errors
/// [`ReaderError::NoService`], [`ReaderError::Failed`].
pub fn readers() -> Result<Vec<Reader>, ReaderError> {
    match look(&establish()?) {
        Ok(found) => Ok(found.into_iter().map(|(_, reader)| reader).collect()),
        Err(ReaderError::NoReader) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// How long a card may take to connect, and for every answer. Making a signature takes a real card
/// less than a second.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A card on a reader, for this program alone until this is dropped; then the card is reset.
///
/// PC/SC knows no limit of time. So a card that does not answer within 10 seconds is given up, and
/// the thread that waits for it is left behind: it keeps the card, in use to everybody else, until
/// that is taken off the reader.
pub struct CardOnReader(Patient);

/// The connection of PC/SC, which stays in one thread.
struct Direct {
    card: pcsc::Card,
    buffer: Vec<u8>,
}

impl CardOnReader {
    /// Connects to the card on a named reader, or to the only one there is.
    ///
    /// # Errors
    /// [`ReaderError`], each for what it says.
    pub fn connect(reader: Option<&str>) -> Result<Self, ReaderError> {
        let reader = reader.map(ToOwned::to_owned);
        let opened = Patient::open(TIMEOUT, move || Direct::connect(reader.as_deref()));
        opened.map(Self).map_err(|error| match error {
            Unopened::Failed(error) => error,
            Unopened::TooSlow => failed("connecting to the card", Error::Timeout),
            Unopened::NoThread => failed("starting a thread for the card", Error::NoMemory),
        })
    }
}

impl Connection for CardOnReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        self.0.transmit(command)
    }
}

impl Direct {
    fn connect(reader: Option<&str>) -> Result<Self, ReaderError> {
        let context = establish()?;
        let (handle, name) = choose(look(&context)?, reader)?;
        // Alone: between VERIFY and a signature, nobody else's command may reach the card.
        let card = context.connect(&handle, ShareMode::Exclusive, Protocols::ANY);
        let card = card.map_err(|error| match error {
            Error::SharingViolation => ReaderError::InUse(name),
            Error::NoSmartcard | Error::RemovedCard => ReaderError::NoCard(Some(name)),
            source => failed("connecting to the card", source),
        })?;
        Ok(Self { card, buffer: vec![0; MAX_BUFFER_SIZE_EXTENDED] })
    }
}

impl Connection for Direct {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        let answer = self.card.transmit(command, &mut self.buffer);
        answer.map(<[u8]>::to_vec).map_err(|error| ConnectionError(error.to_string()))
    }
}

impl std::fmt::Debug for CardOnReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardOnReader")
    }
}

fn establish() -> Result<Context, ReaderError> {
    Context::establish(Scope::User).map_err(|source| failed("reaching the service", source))
}

/// All readers with their handles, and whether a card lies on each.
fn look(context: &Context) -> Result<Vec<(CString, Reader)>, ReaderError> {
    let names = context.list_readers_owned().map_err(|source| failed("listing readers", source))?;
    if names.is_empty() {
        return Err(ReaderError::NoReader);
    }
    let unaware = |name| ReaderState::new(name, State::UNAWARE);
    let mut states: Vec<ReaderState> = names.into_iter().map(unaware).collect();
    context
        .get_status_change(Duration::ZERO, &mut states)
        .map_err(|source| failed("asking the readers", source))?;
    Ok(states
        .iter()
        .map(|state| {
            let has_card = state.event_state().contains(State::PRESENT);
            (state.name().to_owned(), Reader { name: readable(state.name()), has_card })
        })
        .collect())
}

fn choose(
    found: Vec<(CString, Reader)>,
    wanted: Option<&str>,
) -> Result<(CString, String), ReaderError> {
    if let Some(wanted) = wanted {
        let named = found.into_iter().find(|(_, reader)| reader.name == wanted);
        return match named {
            None => Err(ReaderError::UnknownReader(wanted.to_owned())),
            Some((_, reader)) if !reader.has_card => Err(ReaderError::NoCard(Some(reader.name))),
            Some((handle, reader)) => Ok((handle, reader.name)),
        };
    }
    let mut with_card: Vec<_> = found.into_iter().filter(|(_, reader)| reader.has_card).collect();
    match (with_card.pop(), with_card.is_empty()) {
        (None, _) => Err(ReaderError::NoCard(None)),
        (Some((handle, reader)), true) => Ok((handle, reader.name)),
        (Some(last), false) => {
            let all = with_card.into_iter().chain([last]);
            Err(ReaderError::SeveralCards(all.map(|(_, reader)| reader.name).collect()))
        }
    }
}

fn failed(action: &'static str, source: Error) -> ReaderError {
    match source {
        Error::NoService | Error::ServiceStopped => ReaderError::NoService,
        Error::NoReadersAvailable | Error::UnknownReader | Error::ReaderUnavailable => {
            ReaderError::NoReader
        }
        source => ReaderError::Failed { action, source },
    }
}

fn readable(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cards: &[bool]) -> Vec<(CString, Reader)> {
        let reader = |(number, has_card): (usize, &bool)| {
            let name = format!("Reader {number:02}");
            let handle = CString::new(name.clone()).expect("no zero octet");
            (handle, Reader { name, has_card: *has_card })
        };
        cards.iter().enumerate().map(reader).collect()
    }

    fn chosen(cards: &[bool], wanted: Option<&str>) -> Result<String, ReaderError> {
        choose(found(cards), wanted).map(|(_, name)| name)
    }

    #[test]
    fn c2_the_only_card_is_taken_and_of_several_the_named_one() {
        assert_eq!(chosen(&[false, true], None).as_deref(), Ok("Reader 01"));
        assert_eq!(chosen(&[true, true], Some("Reader 00")).as_deref(), Ok("Reader 00"));
        let both = vec!["Reader 00".to_owned(), "Reader 01".to_owned()];
        assert_eq!(chosen(&[true, true], None), Err(ReaderError::SeveralCards(both)));
        assert_eq!(chosen(&[false, false], None), Err(ReaderError::NoCard(None)));
        let empty = Err(ReaderError::NoCard(Some("Reader 00".to_owned())));
        assert_eq!(chosen(&[false, true], Some("Reader 00")), empty);
        let unknown = Err(ReaderError::UnknownReader("Reader".to_owned()));
        assert_eq!(chosen(&[true], Some("Reader")), unknown);
    }

    #[test]
    fn c2_errors_say_what_to_do() {
        let several = ReaderError::SeveralCards(vec!["A".to_owned(), "B".to_owned()]);
        assert_eq!(several.to_string(), "there are cards on several readers (A, B); name one");
        assert_eq!(ReaderError::NoCard(None).to_string(), "there is no card on any reader");
        assert_eq!(failed("x", Error::ServiceStopped), ReaderError::NoService);
    }
}
