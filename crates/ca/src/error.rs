//! What can go wrong at the CA, and whose fault it is.

use domain::certificate::RefusedTransition;
use domain::hindrance::Hindrance;
use domain::id::{OperationId, SystemOperation};
use domain::rule;
use domain::rule::Rule;
use domain::service_request::RefusedStep;
use keys::KeyError;
use keys::quorum::QuorumError;

/// Why the CA did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's fault: a rule forbids it. The refusal is in the journal.
    #[error("{field}: {}", .rule.told())]
    Refused {
        /// The field or thing that breaks the rule.
        field: &'static str,
        /// The rule, with its clause.
        rule: Rule,
    },
    /// The caller's fault: there is no such thing here. The refusal is in the journal.
    #[error("{field}: {value} does not exist here")]
    Unknown {
        /// The field that names it.
        field: &'static str,
        /// What was named.
        value: String,
    },
    /// A step of a ceremony failed; the ceremony is interrupted, and goes on from this step when
    /// the same script is run again.
    #[error("{place} failed, and the ceremony is interrupted: {reason}")]
    Step {
        /// Which step, for example `step 3 (backup)`.
        place: String,
        /// Why, in one line.
        reason: String,
    },
    /// Our fault: the draft does not conform to its profile. Nothing was signed.
    #[error("the draft breaks {} rule(s): {}", .0.len(), .0.join("; "))]
    Nonconforming(Vec<String>),
    /// The operator's fault: the policy file is not the one that people adopted for this CA.
    #[error(
        "{ca}: the policy file is not the policy in effect, which people adopted: the file has \
         SHA-256 {found}, in effect is {adopted}; put that file back, or have this one adopted: \
         `jitsuin policy adopt`"
    )]
    NotAdopted {
        /// The CA.
        ca: String,
        /// SHA-256 of the file, in hexadecimal.
        found: String,
        /// SHA-256 of the policy in effect, in hexadecimal.
        adopted: String,
    },
    /// The database names an intent for which the journal does not vouch: it is not signed, and what
    /// becomes of it is for people to decide.
    #[error("serial {serial} is in the database, and the journal does not vouch for it: {reason}")]
    Unvouched {
        /// The serial.
        serial: String,
        /// What does not fit.
        reason: String,
    },
    /// The journal vouches for an intent that a cut left open, and it would not be issued any more by the
    /// rules in force now: it is ended, and not signed.
    #[error("serial {serial} was intended by rules that are no longer in force: {reason}")]
    Superseded {
        /// The serial.
        serial: String,
        /// Which rule is another.
        reason: String,
    },
    /// A cut left the serial possibly signed: what becomes of it is settled before anything else is
    /// done about it.
    #[error("serial {0} is being issued, or a cut left it so: it is settled first")]
    Unsettled(String),
    /// No checkpoint covers the entry of an intent yet: it is signed once one does.
    #[error("serial {serial} waits until entry {entry} of the journal is sealed")]
    Unsealed {
        /// The serial.
        serial: String,
        /// The entry of the intent.
        entry: store::Sequence,
    },
    /// The key store's fault.
    #[error("the key store: {0}")]
    Keys(#[from] keys::KeyError),
    /// The custodians' fault, or that of their record.
    #[error(transparent)]
    Quorum(#[from] keys::quorum::QuorumError),
    /// The key store's fault: what it signed is not what was asked. The CA must not go on.
    #[error("the signature over serial {0} is not that of the CA's key over the committed bytes")]
    WrongSignature(String),
    /// The database's fault, or that of somebody who changed the state meanwhile.
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    /// Bytes that could not be written or read.
    #[error("encoding: {0}")]
    Encoding(#[from] x509::Error),
    /// What is stored of a service request cannot be read back as it was written.
    #[error("stored service request: {0}")]
    Unreadable(String),
    /// The machine's fault: no randomness.
    #[error("the random generator failed")]
    Random,
    /// The machine's fault: a temporary file.
    #[error("temporary file: {0}")]
    File(#[from] std::io::Error),
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal by `rule`.
    pub fn refused(field: &'static str, rule: impl Into<Rule>) -> Self {
        Self::Refused { field, rule: rule.into() }
    }

    /// The rule for the journal; it repeats nothing that was typed.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Refused { field, rule } => rule.clone().about(field),
            Self::Unknown { field, value } => {
                rule!("{} does not exist here", *field).telling(value)
            }
            Self::Nonconforming(broken) => {
                rule!("the draft breaks {} rules", broken.len()).telling(broken.join("; "))
            }
            Self::Store(error) => Rule::of(error),
            Self::Quorum(error) => Rule::of(error),
            Self::Unvouched { reason, .. } => {
                Rule::from("the journal does not vouch for it").telling(reason)
            }
            other => Rule::from("it could not be done").telling(other),
        }
    }

    /// Whether the caller is at fault, so that the journal records a refusal.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Unknown { .. }
                | Self::Nonconforming(_)
                | Self::Store(store::Error::Stopped { .. } | store::Error::Duplicate { .. })
        ) || matches!(self, Self::Quorum(error) if !is_fault(error))
    }

    /// Why it is not done now, where that is neither a refusal nor a fault.
    #[must_use]
    pub fn hindrance(&self) -> Option<Hindrance> {
        match self {
            Self::Keys(error) | Self::Quorum(QuorumError::Key(error)) => of_keys(error),
            Self::Quorum(error @ QuorumError::ClockWentBack { .. }) => {
                Some(Hindrance::Clock(error.to_string()))
            }
            Self::Unsealed { .. } | Self::Unsettled(_) | Self::Superseded { .. } => {
                Some(Hindrance::Settling(self.to_string()))
            }
            Self::Unvouched { .. } => Some(Hindrance::InDoubt(self.to_string())),
            Self::Store(error @ store::Error::Stopped { .. }) => {
                Some(Hindrance::Stopped(error.to_string()))
            }
            Self::Store(error @ store::Error::Doubted { .. }) => {
                Some(Hindrance::InDoubt(error.to_string()))
            }
            _ => None,
        }
    }
}

/// What a key store's word means, where the key is there and not used at present.
pub(crate) fn of_keys(error: &KeyError) -> Option<Hindrance> {
    match error {
        KeyError::NotActivated => Some(Hindrance::KeysAsleep),
        KeyError::SigningStopped { rule } => Some(Hindrance::Clock(rule.clone())),
        _ => None,
    }
}

/// Whether not the custodians are at fault but the machine, or the record of their shares.
fn is_fault(error: &QuorumError) -> bool {
    use QuorumError as E;
    matches!(error, E::Key(_) | E::ClockWentBack { .. } | E::WrongSecret | E::Record(_))
}

/// The operation id under which the CA notes what it does once by itself.
///
/// # Errors
/// [`Error::Refused`] for a name that no operation can have.
pub(crate) fn system_operation(what: SystemOperation, name: &str) -> Result<OperationId> {
    OperationId::of_system(what, name)
        .map_err(|refused| Error::refused("operation id", refused.rule))
}

impl From<RefusedTransition> for Error {
    fn from(refused: RefusedTransition) -> Self {
        Self::refused("state", refused)
    }
}

impl From<RefusedStep> for Error {
    fn from(refused: RefusedStep) -> Self {
        let field = match &refused {
            RefusedStep::Order { .. } => "state",
            RefusedStep::SamePerson { .. } => "person",
            RefusedStep::Record { field, rule } => return Self::refused(field, rule),
        };
        Self::refused(field, refused)
    }
}

impl From<domain::validity::OutOfRange> for Error {
    fn from(out: domain::validity::OutOfRange) -> Self {
        Self::refused("validity", out)
    }
}
