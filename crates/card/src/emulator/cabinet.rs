//! Emulated cards at rest: one sealed file each, and a lock beside it while the card is in a reader.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::id::CardId;

use crate::emulator::application::Emulator;
use crate::emulator::card::Card;
use crate::emulator::sealed::VaultKey;
use crate::error::CardError;
use crate::protocol::card_keys::CardKeys;
use crate::protocol::card_number::CardNumber;
use crate::protocol::connection::{Connection, ConnectionError};
use crate::protocol::slot::SignatureKeys;

/// What follows a card's id in the name of its file.
const EXTENSION: &str = "card";

/// Why a card cannot be taken out of the cabinet, or kept in it.
#[derive(Debug, thiserror::Error)]
pub enum CabinetError {
    /// The caller's fault: there is no such card.
    #[error("there is no card {0} in the cabinet")]
    Unknown(CardId),
    /// The caller's fault: a card of this id was made before.
    #[error("there is a card {0} in the cabinet already")]
    Exists(CardId),
    /// The caller's fault: cards of the cabinet are called by their number.
    #[error("{0} is not the id of a card with a number")]
    NoNumber(CardId),
    /// The card is in another reader, perhaps of another process.
    #[error("card {0} is in another reader")]
    InUse(CardId),
    /// The file of this card holds another one: somebody renamed it.
    #[error("the file of card {0} holds another card")]
    AnotherCard(CardId),
    /// The file does not open, or the provider failed.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The file system's fault.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A directory of emulated cards, each sealed under the vault key.
#[derive(Debug)]
pub struct Cabinet {
    directory: PathBuf,
    vault: Arc<VaultKey>,
}

impl Cabinet {
    /// The cabinet in a directory, which is made when it is not there.
    ///
    /// # Errors
    /// [`CabinetError::File`].
    pub fn open(directory: &Path, vault: VaultKey) -> Result<Self, CabinetError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|source| CabinetError::File { path: directory.to_owned(), source })?;
        Ok(Self { directory: directory.to_owned(), vault: Arc::new(vault) })
    }

    /// Makes a blank card. It is durable when this returns.
    ///
    /// # Errors
    /// [`CabinetError::NoNumber`], [`CabinetError::Exists`], [`CabinetError::InUse`],
    /// [`CabinetError::Card`], [`CabinetError::File`].
    pub fn make(&self, id: &CardId, keys: CardKeys) -> Result<(), CabinetError> {
        self.make_taking(SignatureKeys::Any, id, keys)
    }

    /// As [`make`](Self::make), a card that takes these signature keys.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn make_taking(
        &self,
        signature_keys: SignatureKeys,
        id: &CardId,
        keys: CardKeys,
    ) -> Result<(), CabinetError> {
        let number = CardNumber::of(id).ok_or_else(|| CabinetError::NoNumber(id.clone()))?;
        let place = self.place(id);
        let _lock = place.lock(id)?;
        if place.path.try_exists().map_err(|source| place.failure(source))? {
            return Err(CabinetError::Exists(id.clone()));
        }
        place.store(&Card::make(number, keys).with_signature_keys(signature_keys))
    }

    /// The ids of all cards, in their order.
    ///
    /// # Errors
    /// [`CabinetError::File`].
    pub fn ids(&self) -> Result<Vec<CardId>, CabinetError> {
        let failure = |source| CabinetError::File { path: self.directory.clone(), source };
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failure)? {
            let path = entry.map_err(failure)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                let name = path.file_stem().and_then(|stem| stem.to_str());
                ids.extend(name.and_then(|name| name.parse::<CardId>().ok()));
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// Puts a card into a reader: it has power, and is in no other until it is dropped.
    ///
    /// # Errors
    /// [`CabinetError::Unknown`], [`CabinetError::InUse`], [`CabinetError::AnotherCard`],
    /// [`CabinetError::Card`] for a file that does not open, [`CabinetError::File`].
    pub fn insert(&self, id: &CardId) -> Result<InsertedCard, CabinetError> {
        let place = self.place(id);
        if !place.path.try_exists().map_err(|source| place.failure(source))? {
            return Err(CabinetError::Unknown(id.clone()));
        }
        let lock = place.lock(id)?;
        let sealed = fs::read(&place.path).map_err(|source| place.failure(source))?;
        let card = Card::open(&sealed, &self.vault)?;
        if card.id() != id {
            return Err(CabinetError::AnotherCard(id.clone()));
        }
        Ok(InsertedCard { place, _lock: lock, emulator: Emulator::new(card), is_lost: false })
    }

    fn place(&self, id: &CardId) -> Place {
        // An id is letters, digits and hyphens: never a path.
        let path = self.directory.join(id.as_str()).with_extension(EXTENSION);
        Place { directory: self.directory.clone(), path, vault: Arc::clone(&self.vault) }
    }
}

/// A card of the cabinet in a reader.
///
/// Whatever a command changes is durable before its answer leaves.
#[derive(Debug)]
pub struct InsertedCard {
    place: Place,
    /// Given up when the card is taken out.
    _lock: File,
    emulator: Emulator,
    /// It could not be stored: it is ahead of its file and answers no more.
    is_lost: bool,
}

impl InsertedCard {
    /// The card's id.
    pub fn id(&self) -> &CardId {
        self.emulator.card().id()
    }

    /// Takes the power away and gives it back: everything volatile is gone. Returns the ATR.
    pub fn reset(&mut self) -> Vec<u8> {
        self.emulator.reset()
    }

    /// Takes a command in, without performing it; a try that is about to be used is durably gone when
    /// this returns.
    ///
    /// # Errors
    /// [`ConnectionError`] when the card cannot be stored; it answers no more.
    pub fn receive(&mut self, command: &[u8]) -> Result<(), ConnectionError> {
        self.emulator.receive(command);
        self.keep()
    }

    /// Performs the command received and returns the answer; what it changed is durable.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn answer(&mut self) -> Result<Vec<u8>, ConnectionError> {
        let answer = self.emulator.answer();
        self.keep()?;
        Ok(answer)
    }

    fn keep(&mut self) -> Result<(), ConnectionError> {
        if !self.is_lost && !self.emulator.has_changed() {
            return Ok(());
        }
        let lost = |error: &dyn ToString| ConnectionError(error.to_string());
        if self.is_lost {
            return Err(lost(&"the card could not be stored and was taken out"));
        }
        let stored = self.place.store(self.emulator.card());
        self.is_lost = stored.is_err();
        self.emulator.mark_stored();
        stored.map_err(|error| lost(&error))
    }
}

impl Connection for InsertedCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        self.receive(command)?;
        self.answer()
    }
}

/// Where a card is kept.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    path: PathBuf,
    vault: Arc<VaultKey>,
}

impl Place {
    /// Locks the card for this process and reader; the lock goes with the file returned.
    fn lock(&self, id: &CardId) -> Result<File, CabinetError> {
        let path = self.path.with_extension("lock");
        let failure = |source| CabinetError::File { path: path.clone(), source };
        let options =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = options.map_err(failure)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(CabinetError::InUse(id.clone())),
            Err(TryLockError::Error(source)) => Err(failure(source)),
        }
    }

    /// Stores the card durably, whole or not at all.
    fn store(&self, card: &Card) -> Result<(), CabinetError> {
        let sealed = card.seal(&self.vault)?;
        self.replace(&sealed).map_err(|source| self.failure(source))
    }

    fn replace(&self, sealed: &[u8]) -> io::Result<()> {
        let partial = self.path.with_extension("partial");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&partial)?;
        file.write_all(sealed)?;
        file.sync_all()?;
        fs::rename(&partial, &self.path)?;
        // A rename is durable only when its directory is (POSIX fsync).
        File::open(&self.directory)?.sync_all()
    }

    fn failure(&self, source: io::Error) -> CabinetError {
        CabinetError::File { path: self.path.clone(), source }
    }
}
