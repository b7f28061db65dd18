//! The store on SQLite: WAL, every commit flushed, one writer thread, readers beside it.

mod apply;
mod begin;
mod fault;
mod gate;
#[cfg(test)]
mod heard;
mod inspect;
mod ledger;
mod log_index;
mod map;
mod migrate;
mod next;
mod options;
mod place;
mod pool;
mod prove;
mod read;
mod reads;
mod seen;
mod sums;
mod table;
#[cfg(test)]
mod tests;
mod torture;
mod writer;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use domain::staff::Floor;
use jiff::Timestamp;

use self::gate::Failing;
pub(crate) use self::inspect::ReadOnlyJournal;
pub use self::options::Options;
pub use self::place::{OpenFile, OpenFiles};
pub use self::pool::MOST_READERS;
use self::pool::Pool;
pub use self::prove::{ProofExtent, StateProof, StateReport};
use self::seen::Seen;
pub use self::torture::outside;
use self::writer::{Sealing, Writer};
use crate::journal::{Checkpoint, Hash, KeyRing, Leaf, Node, SealableJournal};
use crate::state::Replaced;
use crate::unit::Unit;
use crate::{Doubt, Error, Result, Sequence, Store};

/// The store in one SQLite file.
pub struct Sqlite {
    pool: Pool,
    ring: KeyRing,
    writer: Writer,
    doubt: Doubt,
    sealing: Failing,
    failing: Mutex<Option<String>>,
}

impl Sqlite {
    /// Opens the database at `path`, creates it when there is none, and brings its schema up
    /// to date.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the file cannot be opened, belongs to a newer program
    /// or was made under another personal data key; [`crate::Error::Corrupt`] when its state digest
    /// is not this program's, or not of the journal beside it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        let doubt = Doubt::default();
        let ring = KeyRing::new(options.personal_data_key.clone());
        let key = options.state_key.clone();
        let (replaced, seen) = (Replaced::default(), Seen::default());
        let (readers, sealing) = (options.readers, Failing::default());
        let (told, known) = (sealing.clone(), (replaced.clone(), seen.clone()));
        let writer = Writer::start(path, options, replaced, seen, doubt.clone(), told)?;
        let pool = Pool::new(path, &writer.place, readers, key, known, doubt.clone());
        Ok(Self { pool, ring, writer, doubt, sealing, failing: Mutex::default() })
    }

    /// Keeps how far everything was proven whole, if `proof` found nothing: the next start verifies
    /// what came after. Whoever lacks the state key cannot make such a position, and to put an older
    /// one back only has the next start read more.
    ///
    /// # Errors
    /// [`crate::Error::Doubted`] when something was found meanwhile; [`crate::Error::Unavailable`].
    pub fn keep_proven(&self, proof: &StateProof) -> Result<()> {
        match proof.whole() {
            Some(digests) => self.writer.keep_proven(digests.clone()),
            None => Ok(()),
        }
    }

    /// Keeps so many active people of a role from here on, as [`Options::keeping`] does from the
    /// opening: for a number that the database itself tells.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the writer has stopped.
    pub fn keep(&self, floor: Floor) -> Result<()> {
        self.writer.keep(floor)
    }
}

impl Sqlite {
    /// The files that are open, which whoever else has the same database open has open as well.
    pub fn open_files(&self) -> &OpenFiles {
        &self.writer.place
    }

    /// The last entry that this process committed or read, by its place and hash.
    pub fn last_seen(&self) -> Option<(Sequence, Hash)> {
        self.pool.last_seen()
    }

    /// Whether this entry, which some process has seen, is there.
    ///
    /// # Errors
    /// [`Error`]; it is not known then.
    pub fn has_entry(&self, (place, hash): (Sequence, Hash)) -> Result<bool> {
        self.pool.read(|view| Ok(seen::at(view.connection, place)? == Some(hash)))
    }

    /// Why the last commit failed, if the database could not take it.
    pub fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

impl Store for Sqlite {
    fn commit(&self, unit: Unit) -> Result<Sequence> {
        let outcome = self.writer.commit(unit);
        let failing = match &outcome {
            Err(Error::Unavailable(told)) => Some(told.clone()),
            _ => None,
        };
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
        outcome
    }

    fn prove(&self, proof: &mut StateProof, extent: ProofExtent) -> Result<StateReport> {
        let gone = self.writer.place.gone(&self.doubt);
        let mut report = self.pool.read(|view| prove::prove(view, proof, extent))?;
        let other = self.pool.read(|view| apply::journal::other_ring(view.connection, &self.ring));
        if let Some(told) = other? {
            self.doubt.raise(told);
            report.findings.push(told.to_owned());
        }
        report.findings.extend(gone);
        Ok(report)
    }
}

impl SealableJournal for Sqlite {
    fn doubts(&self) -> &Doubt {
        &self.doubt
    }

    fn leaves(&self, from: Sequence, limit: usize) -> Result<Vec<Leaf>> {
        self.pool.read(|c| read::journal::own_leaves(c, from, limit))
    }

    fn node(&self, level: u8, place: u64) -> Result<Option<Hash>> {
        self.pool.read(|c| read::journal::node(c.connection, level, place))
    }

    fn checkpoints(&self, after_size: u64, limit: usize) -> Result<Vec<Checkpoint>> {
        self.pool.read(|c| read::journal::checkpoints(c.connection, after_size, limit))
    }

    fn last_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.pool.read(|c| read::journal::last_checkpoint(c.connection))
    }

    fn note_failing_place(&self, failure: Option<&str>) {
        self.sealing.note(failure);
    }

    fn store_seal(&self, nodes: Vec<Node>, checkpoint: Checkpoint, at: Timestamp) -> Result<()> {
        self.writer.seal(Sealing { nodes, checkpoint, at })
    }
}
