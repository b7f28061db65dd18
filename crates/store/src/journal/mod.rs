//! The journal as evidence: entries as bytes, the tree over them, checkpoints, export, verify.
//!
//! An entry's leaf is committed with the entry. The sealer adds the interior nodes and signs
//! the root; whoever holds a checkpoint and the public key can prove any later change.

mod checkpoint;
mod entry;
mod export;
pub(crate) mod hex;
mod merkle;
mod note;
mod notes;
mod personal;
mod proof;
mod seal;
mod sealed;
mod sink;
#[cfg(test)]
mod tests;
mod verify;

pub use self::checkpoint::{Checkpoint, CheckpointSigner};
pub(crate) use self::entry::encode;
pub use self::merkle::{Edge, Hash, Node, leaf_hash};
pub use self::note::{InvalidNote, VerifierKey, sign_note};
pub use self::personal::PersonalDataKey;
pub(crate) use self::personal::{KeyRing, ResidentKey};
pub use self::proof::{
    InvalidProof, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};

pub use self::export::{EntryCounter, export, export_until};
pub use self::seal::{PlaceHolds, Sealer, run_sealer};
pub use self::sealed::{SealedEntry, ToldEntry, told_of};
pub use self::sink::{SinkReading, read_sink};
pub use self::verify::{Finding, Report, verify_database, verify_export};

use jiff::Timestamp;

use crate::{Doubt, Result, Sequence};

/// A journal entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its place.
    pub sequence: Sequence,
    /// Its canonical JSON.
    pub body: Vec<u8>,
    /// The leaf hash stored with it, as stored.
    pub hash: Hash,
}

/// What sealing, export and verification need of a store. Every implementation of
/// [`crate::Store`] has it.
pub trait SealableJournal: Send + Sync {
    /// What was found for which the database must not be believed; the sealer raises more here.
    fn doubts(&self) -> &Doubt;

    /// At most `limit` entries from `from` on, in order.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] or [`crate::Error::Corrupt`]; so for every call here.
    fn leaves(&self, from: Sequence, limit: usize) -> Result<Vec<Leaf>>;

    /// The hash of a complete subtree of 2^`level` leaves, or of a leaf, if it is stored.
    fn node(&self, level: u8, place: u64) -> Result<Option<Hash>>;

    /// At most `limit` checkpoints of more than `after_size` entries, in order.
    fn checkpoints(&self, after_size: u64, limit: usize) -> Result<Vec<Checkpoint>>;

    /// The newest checkpoint.
    fn last_checkpoint(&self) -> Result<Option<Checkpoint>>;

    /// Takes note of the place that did not take the last checkpoint, if one did not: while it is so,
    /// nothing is committed that would be in no evidence.
    fn note_failing_place(&self, failure: Option<&str>);

    /// Stores what one sealing adds, all or nothing.
    fn store_seal(&self, nodes: Vec<Node>, checkpoint: Checkpoint, at: Timestamp) -> Result<()>;
}
