//! Why an operation was refused or failed, in words that may leave the house.

mod card;

use std::fmt;

use domain::hindrance::Hindrance;
use domain::id::InvalidId;
use domain::rule;
use domain::rule::Rule;
use keys::quorum::QuorumError;
use ra::WindowError;
use ra::authority::AuthorityError;
use ra::register::RegisterError;
use ra::register::embedded::EmbeddedError;

/// Whose fault it is, which decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller's: what was sent cannot be read.
    Malformed,
    /// The caller's: who they are is not proven.
    Unauthenticated,
    /// The caller's: they have not the right.
    NotPermitted,
    /// The caller's: there is no such thing.
    Unknown,
    /// The caller's: it is another municipality's, which they are told as they would be that there is no
    /// such thing.
    Elsewhere,
    /// The caller's: the address exists, the method does not.
    NoSuchMethod,
    /// The caller's: a body without end, or none in time.
    TooSlow,
    /// Nobody's: the state changed meanwhile, or the operation's id is taken.
    Conflict,
    /// The caller's: it is meant for another server.
    Misdirected,
    /// The caller's: more octets than the limit.
    TooLarge,
    /// The caller's: not the media type that is expected.
    MediaType,
    /// The caller's: a rule forbids it.
    Refused,
    /// Ours: something broke.
    Internal,
    /// Ours: something that is needed does not answer now; it may have been carried out.
    Unavailable,
    /// Ours: it takes longer than an answer may, and goes on.
    AtWork,
}

/// The name of [`Fault::AtWork`] in the problem type.
pub(crate) const AT_WORK: &str = "at-work";

/// A refusal or failure. Its text holds what the caller needs and nothing of the inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whose fault it is.
    pub fault: Fault,
    /// The field or thing that breaks a rule.
    pub field: Option<String>,
    /// What is wrong, with the rule.
    pub detail: String,
    /// The rule for the journal: nothing that was typed.
    pub rule: Box<Rule>,
    /// A sentence for the window's screen, where there is one.
    pub japanese: Option<String>,
    /// Under which id the log has the inner words.
    pub incident: Option<String>,
}

impl Fault {
    /// Every fault that is told apart.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::NotPermitted,
        Self::Unknown,
        Self::NoSuchMethod,
        Self::TooSlow,
        Self::Conflict,
        Self::Misdirected,
        Self::TooLarge,
        Self::MediaType,
        Self::Refused,
        Self::Internal,
        Self::Unavailable,
    ];

    /// HTTP status, name in the problem type, title (RFC 9457 3.1).
    pub fn words(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Malformed => (400, "malformed", "Malformed request"),
            Self::Unauthenticated => (401, "unauthenticated", "Authentication required"),
            Self::NotPermitted => (403, "not-permitted", "Not authorised"),
            Self::Unknown | Self::Elsewhere => (404, "unknown", "Not found"),
            Self::NoSuchMethod => (405, "no-such-method", "Method not allowed"),
            Self::TooSlow => (408, "too-slow", "Request timeout"),
            Self::Conflict => (409, "conflict", "State conflict"),
            Self::Misdirected => (421, "misdirected", "Misdirected request"),
            Self::TooLarge => (413, "too-large", "Request too large"),
            Self::MediaType => (415, "media-type", "Unsupported media type"),
            Self::Refused => (422, "refused", "Refused by a rule"),
            Self::Internal => (500, "internal", "Internal error"),
            Self::Unavailable => (503, "unavailable", "Service unavailable"),
            Self::AtWork => (503, AT_WORK, "Still at work"),
        }
    }
}

impl Problem {
    /// A problem of `fault`, told by the rule.
    pub fn new(fault: Fault, rule: impl Into<Rule>) -> Self {
        let rule = rule.into();
        let detail = rule.told();
        let rule = Box::new(rule.untold());
        Self { fault, field: None, detail, rule, japanese: None, incident: None }
    }

    /// A refusal of `field` by `rule`.
    pub fn refused(field: &'static str, rule: impl Into<Rule>) -> Self {
        Self::new(Fault::Refused, rule.into().about(field)).about(field)
    }

    /// A refusal told of the field that brought it up; what is no refusal stays as it is.
    pub fn of_field(self, field: &'static str) -> Self {
        if self.is_refusal() { Self::refused(field, *self.rule) } else { self }
    }

    /// That there is no such thing as `field` names.
    pub fn unknown(field: &'static str) -> Self {
        Self::new(Fault::Unknown, rule!("{}: not found", field)).about(field)
    }

    /// The same with what was named, for who named it.
    fn unknown_one(field: &'static str, value: &str) -> Self {
        let unknown = Self::unknown(field);
        Self { detail: format!("{}: {value}", unknown.detail), ..unknown }
    }

    /// That what `field` names is another municipality's: the journal's to know.
    pub fn elsewhere(field: &'static str) -> Self {
        let rule = Box::new(rule!("the {} is another municipality's", field));
        Self { fault: Fault::Elsewhere, rule, ..Self::unknown(field) }
    }

    /// Names the field.
    #[must_use]
    pub fn about(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }

    /// Adds the sentence for the window's screen.
    #[must_use]
    pub fn in_japanese(self, sentence: String) -> Self {
        Self { japanese: Some(sentence), ..self }
    }

    /// Something broke: the log gets the inner words, the caller the incident's id.
    pub fn broke(error: &dyn fmt::Display) -> Self {
        Self::incident(Fault::Internal, "it is in the log under the incident's id", error)
    }

    /// Something does not answer now, whatever it was.
    pub fn unavailable(what: &'static str, error: &dyn fmt::Display) -> Self {
        let detail = rule!("{} does not answer; repeat it with the same operation id", what);
        Self::incident(Fault::Unavailable, detail, error)
    }

    /// It takes longer than an answer may, and goes on: whoever asks again under its id waits for it.
    pub(crate) fn at_work(error: &dyn fmt::Display) -> Self {
        let detail = "it goes on; ask for it again with the same operation id";
        Self::incident(Fault::AtWork, detail, error)
    }

    fn incident(fault: Fault, detail: impl Into<Rule>, error: &dyn fmt::Display) -> Self {
        let incident = crate::random::id("incident").unwrap_or_else(|| "incident".to_owned());
        tracing::error!(incident, %error, "an operation failed");
        Self { incident: Some(incident), ..Self::new(fault, detail) }
    }

    /// Whether the caller is at fault or too late, so that the journal records a refusal.
    pub fn is_refusal(&self) -> bool {
        !matches!(self.fault, Fault::Internal | Fault::Unavailable | Fault::AtWork)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.incident {
            Some(incident) => write!(f, "{}: {} ({incident})", self.fault.words().2, self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for Problem {}

/// Reads the identity in `field`.
pub(crate) fn parse_id<T: std::str::FromStr<Err = InvalidId>>(
    field: &'static str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error: InvalidId| Problem::refused(field, error.rule))
}

/// Whether a step of a CA's procedure was overtaken by another's, so that it may be tried again: a row changed
/// meanwhile, or a list was published just now.
pub(crate) fn was_overtaken(error: &ca::Error) -> bool {
    matches!(
        error,
        ca::Error::Refused { field: "lists", .. } | ca::Error::Store(store::Error::Stale { .. })
    )
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::Stale { .. } | store::Error::Duplicate { .. } => {
                Self::new(Fault::Conflict, error)
            }
            store::Error::Stopped { .. } => Self::new(Fault::Conflict, error),
            store::Error::Missing { .. } => Self::new(Fault::Unknown, error),
            store::Error::Corrupt { .. } => Self::broke(&error),
            store::Error::StandingEnded { .. } => Self::new(Fault::Unauthenticated, error),
            store::Error::TooFew { .. } => Self::refused("person", error),
            store::Error::Doubted { .. } => Hindrance::InDoubt(error.to_string()).into(),
            store::Error::Unavailable(_) => Self::unavailable("the database", &error),
        }
    }
}

impl From<WindowError> for Problem {
    fn from(error: WindowError) -> Self {
        match error {
            WindowError::Form(form) => {
                let problem = Self::new(Fault::Refused, form.rule()).about(form.field);
                // The characters that were typed are told, and are no part of the rule.
                Self { detail: form.to_string(), ..problem }
            }
            WindowError::Refused { field: "operation", rule } => {
                Self::new(Fault::Conflict, rule.about("operation")).about("operation")
            }
            WindowError::Refused { field, rule } => Self::refused(field, rule),
            WindowError::Doubted { doubt, .. } => {
                Self::refused("identity", Rule::from("the clerk doubts it").telling(doubt))
            }
            WindowError::NotPermitted(rule) => {
                Self::new(Fault::NotPermitted, rule!("this actor may not do this: {}", rule))
            }
            WindowError::Unknown { field } => Self::unknown(field),
            WindowError::Elsewhere { field } => Self::elsewhere(field),
            WindowError::Authority(error) => error.into(),
            WindowError::Card(error) => card::of_card(&error),
            WindowError::Reader(error) => card::of_reader(&error),
            WindowError::Register(error) => match error {
                RegisterError::NotFound(_) => Self::refused("resident", Rule::of(&error)),
                down @ (RegisterError::Unavailable(_) | RegisterError::Behind(_)) => down.into(),
            },
            WindowError::Store(error) => error.into(),
            WindowError::Unreadable { .. } | WindowError::Generator(_) => Self::broke(&error),
        }
    }
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::Refused { field, rule } => Self::refused(field, rule),
            AuthorityError::Unknown { field, value } => Self::unknown_one(field, &value),
            AuthorityError::Hindered(hindrance) => hindrance.into(),
            AuthorityError::Store(error) => error.into(),
            AuthorityError::Unavailable(_) => Self::unavailable("the CA", &error),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::NotFound(_) => Self::unknown("resident"),
            RegisterError::Unavailable(_) => Self::unavailable("the resident register", &error),
            RegisterError::Behind(_) => {
                tracing::error!(%error, "the resident register is not followed any more");
                Self::new(Fault::Unavailable, error)
            }
        }
    }
}

impl From<EmbeddedError> for Problem {
    fn from(error: EmbeddedError) -> Self {
        use EmbeddedError as E;
        match error {
            E::NotFound(_) => Self::unknown("resident"),
            E::Field { field, rule } => Self::refused(field, rule),
            E::NothingChanged | E::NotMovedOut | E::AlreadyMovedOut | E::CodeTaken(_) => {
                Self::refused("resident", error)
            }
            E::InUse(_) | E::Off => Self::unavailable("the resident register", &error),
            E::Corrupt { .. } | E::Storage(_) => Self::broke(&error),
        }
    }
}

impl From<Hindrance> for Problem {
    fn from(hindrance: Hindrance) -> Self {
        let japanese = hindrance.japanese().to_owned();
        Self::new(Fault::Unavailable, hindrance).in_japanese(japanese)
    }
}

impl From<ca::Error> for Problem {
    fn from(error: ca::Error) -> Self {
        // A stop is the state of one key, and told as a conflict to those who know of it.
        if let ca::Error::Store(error) = error {
            return error.into();
        }
        if let Some(hindrance) = error.hindrance() {
            return hindrance.into();
        }
        match error {
            ca::Error::Store(error) => error.into(),
            ca::Error::Refused { field, rule } => Self::refused(field, rule),
            ca::Error::Unknown { field, value } => Self::unknown_one(field, &value),
            ca::Error::NotAdopted { .. } => {
                let rule = Rule::from("the policy file is not the policy in effect");
                Self::new(Fault::Unavailable, rule.telling(error))
            }
            ca::Error::Quorum(QuorumError::Key(_)) | ca::Error::Keys(_) => {
                Self::unavailable("the key store", &error)
            }
            ca::Error::Quorum(QuorumError::WrongSecret | QuorumError::Record(_)) => {
                Self::broke(&error)
            }
            ca::Error::Quorum(error) => Self::refused("custodians", error),
            ca::Error::Unsealed { .. }
            | ca::Error::Unsettled(_)
            | ca::Error::Unvouched { .. }
            | ca::Error::Superseded { .. }
            | ca::Error::Nonconforming(_)
            | ca::Error::WrongSignature(_)
            | ca::Error::Encoding(_)
            | ca::Error::Unreadable(_)
            | ca::Error::Random
            | ca::Error::Step { .. }
            | ca::Error::File(_) => Self::broke(&error),
        }
    }
}
