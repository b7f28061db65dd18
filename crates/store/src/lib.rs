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
mod heard;
pub mod journal;
mod named_file;
mod pages;
mod people;
pub mod reads;
mod room_on_disk;
mod rows;
pub mod segments;
mod sqlite;
mod standing;
mod state;
mod unit;

pub use along::Along;
pub use answered::{AnsweredBefore, RequestMark, joined};
pub use doubt::{Doubt, Doubted, Extent};
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
pub use sqlite::{
    MOST_READERS, OpenFile, OpenFiles, Options, ProofExtent, Sqlite, StateProof, StateReport,
    outside,
};
pub use standing::expect_standing;
pub use state::StateKey;
pub use unit::{Change, Entry, Personal, Unit};

use domain::id::ActorId;
use domain::rule;
use domain::rule::{Closed, Rule};
use domain::staff::Role;

use self::reads::{
    ReadCertificates, ReadGenerations, ReadJournal, ReadPeople, ReadProceedings, ReadRevoked,
    ReadVerifiers, ReadWindows,
};

/// The position of a journal entry: dense, from 0, in the order of commits.
pub type Sequence = u64;

/// Whose fault a failed unit or read is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The unit was decided on a state that is no longer there; read again and decide again.
    #[error("{what} changed meanwhile: expected {expected}, found {found}")]
    Stale {
        /// What was to change, for example `certificate jpki-auth/0a…`.
        what: String,
        /// The state the decision rested on.
        expected: String,
        /// The state in the database.
        found: String,
    },
    /// A key, serial number or id that may exist once exists already.
    #[error("{what} exists already")]
    Duplicate {
        /// What exists, in words that say which rule it is.
        what: String,
    },
    /// A unit named something that does not exist.
    #[error("{what} does not exist")]
    Missing {
        /// What was named.
        what: String,
    },
    /// What is stored cannot be read back as it was written.
    #[error("stored {what} is corrupt: {reason}")]
    Corrupt {
        /// Which row or file.
        what: String,
        /// Why it cannot be.
        reason: String,
    },
    /// Whoever acts stood elsewhere by the time of the commit: suspended, with other roles, or without
    /// what had let them in. Nothing was done, and the journal has the attempt.
    #[error("the right of {person} to act ended before it took effect")]
    StandingEnded {
        /// Who.
        person: ActorId,
    },
    /// The registry must keep so many active people of a role, and would not.
    #[error("of those who are {role} at least {least} must stay active: {rule}")]
    TooFew {
        /// The role.
        role: Role,
        /// How many there must be.
        least: u32,
        /// Why, with the clause.
        rule: &'static str,
    },
    /// Something was found for which the database must not be believed: nothing is done on it until
    /// people have set it right and the program is started again.
    #[error("the database is in doubt, and nothing is done on it: {finding}")]
    Doubted {
        /// The first thing that was found.
        finding: String,
    },
    /// A unit would begin what was stopped: nothing new is issued under a compromised key.
    #[error("stopped: {what} (A 5.7.3, S 4-14-2)")]
    Stopped {
        /// What was stopped, and why.
        what: String,
    },
    /// The database cannot take the unit now: disk full, locked, gone. Nothing was committed.
    #[error("the database refused: {0}")]
    Unavailable(String),
}

/// Which row it was, the caller alone is told.
impl Closed for Error {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::Stale { .. } => "the state changed meanwhile",
            Self::Duplicate { .. } => "it exists already",
            Self::Missing { .. } => "it does not exist",
            Self::Corrupt { .. } => "what is stored is corrupt",
            Self::Doubted { .. } => "the database is in doubt, and nothing is done on it",
            Self::Stopped { .. } => "it was stopped (A 5.7.3, S 4-14-2)",
            Self::Unavailable(_) => "the database refused",
            Self::StandingEnded { person } => {
                return rule!("the right of {} to act ended before it took effect", *person);
            }
            Self::TooFew { role, least, rule } => {
                return rule!(
                    "of those who are {} at least {} must stay active: {}",
                    *role,
                    *least,
                    *rule
                );
            }
        });
        rule.told_as(self)
    }
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

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
