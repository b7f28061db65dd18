//! The in-memory twin of the windows' readers: a drawer of emulated cards, and readers with names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use card::terminal::{Connection, ConnectionError};
use card::{Card, CardKeys, CardNumber, Emulator, SignatureKeys};
use domain::id::{CardId, MunicipalityCode};

use super::{ReaderError, Readers, Wanted};

/// Readers that end with the process.
pub struct MemoryReaders {
    keys: Box<dyn Fn(CardNumber) -> CardKeys + Send + Sync>,
    drawer: Mutex<BTreeMap<CardId, Arc<OnReader>>>,
    bound: BTreeMap<String, MunicipalityCode>,
}

impl MemoryReaders {
    /// An empty drawer, whose cards get their keys from `keys`.
    pub fn new(keys: impl Fn(CardNumber) -> CardKeys + Send + Sync + 'static) -> Self {
        Self { keys: Box::new(keys), drawer: Mutex::default(), bound: BTreeMap::new() }
    }

    /// The same with a reader of this municipality on which no card lies.
    #[must_use]
    pub fn with_reader(mut self, name: &str, municipality: MunicipalityCode) -> Self {
        self.bound.insert(name.to_owned(), municipality);
        self
    }

    /// Makes a blank card of this number that takes these signature keys, unless there is one.
    pub fn make(&self, taken: SignatureKeys, number: CardNumber) -> CardId {
        let blank = || Card::make(number, (self.keys)(number)).with_signature_keys(taken);
        self.drawer().entry(number.id()).or_insert_with(|| OnReader::new(blank()));
        number.id()
    }

    /// A card of the drawer, as it is now.
    pub fn card(&self, id: &CardId) -> Option<Card> {
        self.reader(id).map(|reader| reader.card())
    }

    /// The reader of a card of the drawer.
    pub fn reader(&self, id: &CardId) -> Option<Arc<OnReader>> {
        self.drawer().get(id).cloned()
    }

    /// The ids of all cards, in their order.
    pub fn ids(&self) -> Vec<CardId> {
        self.drawer().keys().cloned().collect()
    }

    /// A blank card under a number that no card has.
    fn make_blank(&self) -> CardId {
        let numbers = (0_u32..).map(|count| {
            let mut number = [0; 10];
            number[6..].copy_from_slice(&count.to_be_bytes());
            CardNumber(number)
        });
        let is_free = |number: &CardNumber| !self.drawer().contains_key(&number.id());
        let number = numbers.into_iter().find(is_free).unwrap_or(CardNumber([0xff; 10]));
        self.make(SignatureKeys::Any, number)
    }

    fn drawer(&self) -> MutexGuard<'_, BTreeMap<CardId, Arc<OnReader>>> {
        self.drawer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readers for MemoryReaders {
    fn connect(
        &self,
        municipality: MunicipalityCode,
        wanted: &Wanted,
    ) -> Result<Box<dyn Connection>, ReaderError> {
        if let Some(reader) = &wanted.reader {
            return Err(match self.bound.get(reader) {
                Some(owner) if *owner == municipality => {
                    ReaderError::Unavailable("no card lies on it".to_owned())
                }
                _ => ReaderError::no_such_reader(),
            });
        }
        let id = match wanted.in_drawer()? {
            Some(id) => id.clone(),
            None => self.make_blank(),
        };
        self.reader(&id).ok_or_else(|| ReaderError::no_such_card(&id))?.connect()
    }
}

impl fmt::Debug for MemoryReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryReaders({:?})", self.ids())
    }
}

/// An emulated card on a reader of its own, for one connection at a time.
pub struct OnReader {
    card: Mutex<Emulator>,
    is_taken: AtomicBool,
}

impl OnReader {
    /// This card, which nobody is connected to.
    pub fn new(card: Card) -> Arc<Self> {
        let card = Mutex::new(Emulator::new(card));
        Arc::new(Self { card, is_taken: AtomicBool::new(false) })
    }

    /// The card inside.
    pub fn card(&self) -> Card {
        self.emulator().card().clone()
    }

    /// Powers the card on anew.
    ///
    /// # Errors
    /// [`ReaderError::Busy`] while there is another connection to it.
    pub fn connect(self: &Arc<Self>) -> Result<Box<dyn Connection>, ReaderError> {
        if self.is_taken.swap(true, Ordering::SeqCst) {
            let id = self.emulator().card().id().clone();
            return Err(ReaderError::Busy(format!("card {id} is in another reader")));
        }
        self.emulator().reset();
        Ok(Box::new(Taken(Arc::clone(self))))
    }

    fn emulator(&self) -> MutexGuard<'_, Emulator> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one connection; dropped, it lets another be made.
struct Taken(Arc<OnReader>);

impl Connection for Taken {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        Ok(self.0.emulator().transmit(command))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::SeqCst);
    }
}
