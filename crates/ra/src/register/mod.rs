//! The link to the Basic Resident Register (住民基本台帳): existence, attributes, events (W8).

pub mod embedded;

#[cfg(test)]
mod contract;

use domain::id::{MunicipalityCode, ResidentCode};
use domain::resident::{BasicAttribute, BasicFour, Resident};
use domain::rule::{Closed, Rule};
use jiff::Timestamp;
use jiff::civil::Date;

/// The resident register as this system may see it: it asks, and never writes.
///
/// # Contract
/// - An answer is the register's state at one moment; nothing is cached here.
/// - A resident whose record was removed is not found any more.
/// - Sequence numbers begin at 1, rise by one and are never given twice, over restarts too.
///   Asking again with the same number gives the same events, so a reader that crashed between
///   taking an event and acting on it loses nothing.
/// - An event can be read as soon as the call that caused it returned, and its effect on the
///   record is visible with it.
/// - Only [`RegisterError::Unavailable`] is worth a retry, and the caller decides when.
pub trait ResidentRegister: Send + Sync {
    /// The record of a resident: the existence check of A 3.2.3 and S 3-1-9.
    ///
    /// # Errors
    /// `NotFound` when there is no record, or none any more; `Unavailable`.
    fn find(&self, code: &ResidentCode) -> Result<Resident, RegisterError>;

    /// Every resident who answers to these four attributes, in the order of their codes; empty
    /// when there is none (A 4.9.13: holds by phone).
    ///
    /// # Errors
    /// `Unavailable`.
    fn search(&self, asked: &BasicFour) -> Result<Vec<Resident>, RegisterError>;

    /// The first `limit` events after `sequence`, in order; 0 asks from the beginning.
    ///
    /// # Errors
    /// `Unavailable`.
    fn events_after(
        &self,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<RegisterEvent>, RegisterError>;
}

/// Why the register gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// There is no such resident: the asker's fault, or the end of a record.
    #[error("no resident is registered under this code")]
    NotFound(ResidentCode),
    /// The register or the way to it is down: nobody can tell who is registered.
    #[error("the resident register cannot be reached: {0}")]
    Unavailable(String),
    /// The register does not have the event up to which it was followed, or has another under its number:
    /// an older copy was put back, or its end was lost. What happens in it from now on would be taken for
    /// applied.
    #[error(
        "the resident register is older than what was followed of it: event {0} was applied, and \
         the register does not have it"
    )]
    Behind(u64),
}

/// It repeats nothing of a record.
impl Closed for RegisterError {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::NotFound(_) => "no resident is registered under this code",
            Self::Unavailable(_) => "the resident register cannot be reached",
            Self::Behind(_) => "the resident register is older than what was followed of it",
        });
        rule.told_as(self)
    }
}

/// Something that happened to a record and that certificates may depend on (A 4.9.1.1(2), S 4-4-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterEvent {
    /// The place in the stream, from 1.
    pub sequence: u64,
    /// When the register recorded it.
    pub at: Timestamp,
    /// Whose record it is.
    pub resident: ResidentCode,
    /// What happened.
    pub kind: RegisterEventKind,
}

/// What happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterEventKind {
    /// The record was removed (住民票の消除).
    Removed(Removal),
    /// These of the four basic attributes changed; never empty.
    Changed(Vec<BasicAttribute>),
    /// The resident gave notice of moving out (転出届).
    MovedOut {
        /// The planned date, from which thirty days run (A 4.9.3).
        planned: Date,
    },
    /// The resident was recorded at a municipality after moving out (転入届); the change of the
    /// address follows as an event of its own.
    MovedIn {
        /// The new municipality.
        municipality: MunicipalityCode,
    },
    /// The record was found wrong or incomplete (記録の誤り又は記録漏れ).
    RecordingError,
}

/// Why a record was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Removal {
    /// The resident died.
    Death,
    /// The resident left the country.
    Departure,
    /// The municipality struck the record off, having found that nobody lives there (職権消除).
    Official,
}

impl Removal {
    /// Every kind of removal.
    pub const ALL: [Self; 3] = [Self::Death, Self::Departure, Self::Official];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::Departure => "departure",
            Self::Official => "official",
        }
    }

    /// The removal with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }
}
