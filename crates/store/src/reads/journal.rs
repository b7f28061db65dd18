//! The journal's entries, sealed or not.

use domain::id::ResidentCode;
use domain::journal::EventKind;

use crate::journal::SealedEntry;
use crate::{Result, Sequence};

/// The kinds of entry that can be looked up without reading the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// [`domain::journal::EventKind::CheckpointPlaces`].
    CheckpointPlaces,
    /// [`domain::journal::EventKind::StartAccepted`].
    StartAccepted,
    /// [`domain::journal::EventKind::ClockChecked`].
    ClockChecked,
    /// [`domain::journal::EventKind::SystemStarted`].
    SystemStarted,
    /// [`domain::journal::EventKind::QuerySegmentSealed`].
    QuerySegments,
}

impl Remembered {
    /// The kind as entries have it.
    #[must_use]
    pub fn kind(self) -> EventKind {
        match self {
            Self::CheckpointPlaces => EventKind::CheckpointPlaces,
            Self::StartAccepted => EventKind::StartAccepted,
            Self::ClockChecked => EventKind::ClockChecked,
            Self::SystemStarted => EventKind::SystemStarted,
            Self::QuerySegments => EventKind::QuerySegmentSealed,
        }
    }
}

/// The journal's entries; for auditors and for what the program remembers by them.
///
/// # Contract
/// Entries come in the order of their commits, as this program wrote them. Whether one is in the signed
/// tree, [`ReadJournal::sealed_entry`] alone says.
pub trait ReadJournal: Send + Sync {
    /// Encoded journal entries from `from` on, at most `limit`, in order.
    fn journal(&self, from: Sequence, limit: usize) -> Result<Vec<(Sequence, Vec<u8>)>>;

    /// Encoded entries of a kind that is looked up ([`Remembered`]), from `from` on, at most `limit`, in
    /// order.
    fn journal_of(
        &self,
        kind: Remembered,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, Vec<u8>)>>;

    /// The last entry of a kind that is looked up.
    fn last_of(&self, kind: Remembered) -> Result<Option<(Sequence, Vec<u8>)>>;

    /// An entry that a checkpoint covers; none where there is no such entry, or none covers it yet.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for an entry that this program did not write, or that is not in the
    /// tree of the last checkpoint. Whether that one is signed by the audit key is what the sealer proves
    /// each time before it goes on.
    fn sealed_entry(&self, sequence: Sequence) -> Result<Option<SealedEntry>>;

    /// The personal part of an entry, unless its subject's key was destroyed.
    fn journal_personal(&self, sequence: Sequence) -> Result<Option<String>>;

    /// When the last entry was made that has a part under the resident's present key.
    fn last_personal(&self, resident: &ResidentCode) -> Result<Option<jiff::Timestamp>>;
}
