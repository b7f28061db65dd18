//! The one database: state and journal in the same transaction.
//!
//! Everything that changes is a [`Unit`]: changes that were decided elsewhere, and the journal
//! entries that tell of them. A unit commits whole and durable, or not at all, and cannot exist
//! without an entry. The database's sequence, never a clock, orders what happened. A row is evidence,
//! not authority: it proves itself when it is read, and what it says is held against the journal.
//!
//! ```
//! use domain::act::{Act, Actor};
//! use domain::journal::EventKind;
//! use jitsuin_store::journal::PersonalDataKey;
//! use jitsuin_store::reads::ReadJournal;
//! use jitsuin_store::{Entry, Options, Sqlite, StateKey, Store, Unit};
//!
//! let directory = tempfile::tempdir()?;
//! let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
//! let store = Sqlite::open(directory.path().join("state.db"), options)?;
//!
//! // Who, when, under which operation id; then what happened, in the order in which it is committed.
//! let act = Act::new(Actor::Staff("operator-1".parse()?), "2026-11-22T03:00:00Z".parse()?, "op-1".parse()?);
//! let entry = Entry::new(EventKind::CaCreated, &act).refused("there is no such policy");
//! let first = store.commit(Unit::new(entry))?;
//! let next = store.commit(Unit::new(Entry::new(EventKind::CaCreated, &act)))?;
//! assert_eq!(next, first + 1);
//! let journal = store.journal(first, 10)?;
//! assert_eq!(journal.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What can be read is cut by who reads ([`reads`]); [`Store`] is all of it, and commits. The services to the
//! world are given [`Published`], by which nothing is committed and no resident's data is read.
//!
//! # Architecture invariant
//! No SQL, no row and no connection leaves this crate; nothing in here decides what is allowed.
//! PostgreSQL joins as a second implementation of [`Store`] under the same contract suite.

mod along;
mod answered;
pub mod append;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod doubt;
mod error;
mod heard;
pub mod journal;
mod named_file;
mod pages;
mod people;
pub mod reads;
mod room_on_disk;
mod rows;
pub mod segments;
mod sequence;
mod sqlite;
mod standing;
mod state;
mod unit;

pub use along::Along;
pub use answered::{AnsweredBefore, RequestMark, joined};
pub use doubt::{Doubt, Doubted, Extent};
pub use error::{Error, Result};
pub use heard::{HeardRequest, HeardRequests, Opened};
pub use pages::{CertificateFilter, LOOKED_AT, Page};
pub use people::{CredentialRow, PasskeyRow, PasswordRow, PersonRow, ProposalRow};
pub use reads::{Published, Remembered, RevokedSnapshot};
pub use room_on_disk::RoomOnDisk;
pub use rows::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CertificateRow, CompromiseRow,
    CrlKey, CrlRow, GenerationPlan, HolderRequestRow, IntentRow, IssuedBefore, NoticeRow,
    PlannedKey, SeriesKey, SeriesRow, ServiceRequestRow, StatusRow, Statuses, Tally,
    VerifierAccess, VerifierRow,
};
pub use sequence::Sequence;
pub use sqlite::{
    MOST_READERS, OpenFile, OpenFiles, Options, ProofExtent, Sqlite, StateProof, StateReport,
    outside,
};
pub use standing::expect_standing;
pub use state::StateKey;
pub use unit::{Change, Entry, Personal, Unit};

use self::reads::{
    ReadCertificates, ReadGenerations, ReadJournal, ReadPeople, ReadProceedings, ReadRevoked,
    ReadVerifiers, ReadWindows,
};

/// The database whole: whoever holds it reads everything and commits. Calls block; an implementation is
/// free to commit many callers' units together.
///
/// Contract: when [`Store::commit`] returns, the unit is on stable storage and every later read by
/// anyone sees it. Reads see committed state only.
pub trait Store:
    Published
    + ReadVerifiers
    + ReadRevoked
    + ReadGenerations
    + ReadCertificates
    + ReadWindows
    + ReadProceedings
    + ReadPeople
    + ReadJournal
{
    /// Commits a unit and returns the sequence of its first journal entry.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Duplicate`] and [`Error::Missing`] name the change that did not
    /// fit; nothing of the unit is left behind. Journal refused is unit refused (fails closed).
    fn commit(&self, unit: Unit) -> Result<Sequence>;

    /// Proves the state: that every row is as this program wrote it, and that all of them together
    /// are what the journal's entries tell of. What is found is in doubt from then on.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing is proven then, nor in doubt.
    fn prove(&self, proof: &mut StateProof, extent: ProofExtent) -> Result<StateReport>;
}
