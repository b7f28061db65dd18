//! Why the store did not do what was asked, and whose fault it is.

use domain::id::ActorId;
use domain::rule;
use domain::rule::{Closed, Rule};
use domain::staff::Role;

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
