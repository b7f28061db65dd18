//! Why a window did not do what it was asked, and whose fault it is.

use card::CardError;
use card::terminal::{CardMasterError, TerminalError};
use domain::application::RefusedTransition;
use domain::id::ResidentCode;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::Rule;

use crate::authority::AuthorityError;
use crate::form::FormError;
use crate::readers::ReaderError;
use crate::register::RegisterError;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The clerk's or the applicant's to mend: a field of the form. The refusal is journaled.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The caller's fault: a rule forbids it. The refusal is journaled.
    #[error("{field}: {}", .rule.told())]
    Refused {
        /// The field or thing that breaks the rule.
        field: &'static str,
        /// The rule, with its clause.
        rule: Rule,
    },
    /// The applicant's to mend: the clerk doubts who stands before them. The refusal is journaled, and
    /// why under the holder's own key.
    #[error("identity: the clerk doubts it: {doubt}")]
    Doubted {
        /// Whose card it is.
        holder: ResidentCode,
        /// What made the clerk doubt.
        doubt: String,
    },
    /// The caller has not the right: the wrong kind of actor, or another municipality's.
    #[error("this actor may not do this: {0}")]
    NotPermitted(&'static str),
    /// The caller's fault: there is no such thing. The refusal is journaled.
    #[error("{field}: not found")]
    Unknown {
        /// The field that names it.
        field: &'static str,
    },
    /// The caller's fault: it is another municipality's, which the journal is told. The caller is told
    /// that there is none such, word for word, so that nobody learns here what exists elsewhere.
    #[error("{field}: not found")]
    Elsewhere {
        /// The field that names it.
        field: &'static str,
    },
    /// The CA refused or failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The card on the reader: it refused, is not one of ours, or the way to it broke off.
    #[error(transparent)]
    Card(#[from] TerminalError),
    /// The window's key pair generator failed.
    #[error(transparent)]
    Generator(#[from] CardError),
    /// There is no connection to a card.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// The resident register gave no answer.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The database's fault, or that of somebody who changed the state meanwhile: repeat it.
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    /// What is stored or was answered does not have the form it must have.
    #[error("{what} cannot be read: {problem}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Why not.
        problem: String,
    },
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, WindowError>;

impl WindowError {
    /// A refusal by `rule`.
    pub(crate) fn refused(field: &'static str, rule: impl Into<Rule>) -> Self {
        Self::Refused { field, rule: rule.into() }
    }

    /// Whether what an entry of this kind is about does not exist: its name is what somebody typed then.
    pub(crate) fn is_of_no_such_subject(&self, kind: EventKind) -> bool {
        let is_about_a_card = matches!(kind, EventKind::CardChanged | EventKind::RecordsRead);
        match self {
            Self::Unknown { field: "application" } => true,
            Self::Unknown { field: "card" } => is_about_a_card,
            _ => false,
        }
    }

    /// The rule for the journal when the caller is at fault; it repeats nothing that was typed.
    pub(crate) fn refusal(&self) -> Option<Rule> {
        match self {
            Self::Form(error) => Some(error.rule()),
            Self::Refused { field, rule } => Some(rule.clone().about(field)),
            Self::Doubted { .. } => Some("identity: the clerk doubts it".into()),
            Self::NotPermitted(rule) => Some(rule!("this actor may not do this: {}", *rule)),
            Self::Unknown { field } => Some(rule!("{}: not found", *field)),
            Self::Elsewhere { field } => Some(rule!("the {} is another municipality's", *field)),
            Self::Authority(AuthorityError::Refused { field, rule }) => {
                Some(rule.clone().about(field))
            }
            Self::Authority(AuthorityError::Store(error @ store::Error::Duplicate { .. })) => {
                Some(Rule::of(error))
            }
            Self::Authority(AuthorityError::Unknown { field, .. }) => {
                Some(rule!("{}: not found at the CA", *field))
            }
            Self::Register(RegisterError::NotFound(_)) => {
                Some("resident: not registered (A 3.2.3.1, S 3-1-9)".into())
            }
            Self::Reader(ReaderError::Refused(rule)) => Some(rule.clone().about("reader")),
            Self::Card(
                error @ (TerminalError::AnotherMake
                | TerminalError::Destroyed
                | TerminalError::KeyVersion { .. }
                | TerminalError::NotAuthentic
                | TerminalError::Refused { .. }
                | TerminalError::Malformed(_)
                | TerminalError::SecretWrong { .. }
                | TerminalError::SecretBlocked { .. }
                | TerminalError::Unsendable(_)
                | TerminalError::Master(CardMasterError::SetBack)),
            ) => Some(Rule::of(error)),
            _ => None,
        }
    }
}

impl From<RefusedTransition> for WindowError {
    fn from(refused: RefusedTransition) -> Self {
        Self::refused("state", refused)
    }
}
