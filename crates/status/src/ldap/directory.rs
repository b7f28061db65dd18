//! What the LDAP server needs to know: who may bind, and which entries there are.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use domain::id::VerifierId;
use jiff::Timestamp;

use super::attribute::AttributeDescription;
use super::dn::Dn;
use super::message::Scope;
use crate::verifier_auth::Attempt;

/// The tree of published entries and the people who may read all of it.
///
/// # Contract
/// - Every answer comes from one committed state, and [`Found::as_of`] says which: values that are
///   [`Values::Later`] belong to that same state, however late they are loaded.
/// - Entries are complete: every name between an entry and its naming context is an entry too, with
///   the attributes of its own relative name.
/// - [`Entry::withheld`] depends on the entry and the caller, never on whether the attribute is
///   there: otherwise a caller could learn from silence.
/// - Methods are called from threads that may block, by many sessions at once; they do not retry.
///   They return within seconds; what takes long belongs into [`Values::Later`].
/// - `authenticate` takes as long for an unknown name as for a wrong password.
///
/// Every implementation runs [`super::directory_findings`] in its tests.
pub trait Directory: Send + Sync {
    /// Checks a name and a password; neither is empty.
    ///
    /// # Errors
    /// [`BindRefusal`]: wrong, or cannot be told now.
    fn authenticate(
        &self,
        name: &Dn,
        password: &[u8],
        attempt: Attempt,
    ) -> Result<Identity, BindRefusal>;

    /// The entries of `scope` at `base`, parents before children, as `caller` may see them.
    ///
    /// The root name is a base that always exists and is itself no entry.
    ///
    /// # Errors
    /// [`DirectoryError`]: no such base, or no answer now.
    fn search(&self, base: &Dn, scope: Scope, caller: &Identity) -> Result<Found, DirectoryError>;

    /// The names that nothing here lies above.
    ///
    /// # Errors
    /// [`DirectoryError::Unavailable`].
    fn naming_contexts(&self) -> Result<Vec<Dn>, DirectoryError>;
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Anyone.
    Anonymous,
    /// A registered verifier (A 2.4, S 2-6-3) that gave its password.
    Verifier {
        /// Which one.
        id: VerifierId,
        /// The name it bound with.
        name: Dn,
    },
}

impl fmt::Display for Identity {
    /// The authorization identity of RFC 4513 section 5.2.1.8: empty for anonymous.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => Ok(()),
            Self::Verifier { name, .. } => write!(f, "dn:{name}"),
        }
    }
}

/// Entries from one committed state.
#[derive(Debug, Clone)]
pub struct Found {
    /// When that state was committed.
    pub as_of: Timestamp,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub dn: Dn,
    /// Its attributes, user and operational.
    pub attributes: Vec<Attribute>,
    /// The attribute types this caller may not read here, present or not, without options.
    pub withheld: Vec<AttributeDescription>,
}

impl Entry {
    /// Whether `attribute` is among those withheld, with whatever options.
    pub fn withholds(&self, attribute: &AttributeDescription) -> bool {
        self.withheld.iter().any(|withheld| attribute.same_type(withheld))
    }

    /// The attributes the caller may read.
    pub fn readable(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| !self.withholds(&attribute.description))
    }
}

/// An attribute of an entry, which has at least one value.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Type and options.
    pub description: AttributeDescription,
    /// The values.
    pub values: Values,
}

impl Attribute {
    /// An attribute of text values; `None` when `description` is not well-formed.
    pub fn text<'a>(description: &str, values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let values = values.into_iter().map(|value| Bytes::copy_from_slice(value.as_bytes()));
        let values = Values::Here(values.collect());
        Some(Self { description: AttributeDescription::parse(description)?, values })
    }
}

/// How [`Values::Later`] fetches.
pub type Load = dyn Fn() -> Result<Vec<Bytes>, DirectoryError> + Send + Sync;

/// The values of an attribute.
#[derive(Clone)]
pub enum Values {
    /// At hand.
    Here(Vec<Bytes>),
    /// Fetched when the entry is sent, and only if this attribute is; filters never fetch.
    Later(Arc<Load>),
}

impl Values {
    /// The values, fetched if need be.
    ///
    /// # Errors
    /// [`DirectoryError::Unavailable`].
    pub fn load(&self) -> Result<Vec<Bytes>, DirectoryError> {
        match self {
            Self::Here(values) => Ok(values.clone()),
            Self::Later(load) => load(),
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(values) => write!(f, "Here({} values)", values.len()),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// Why a bind fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindRefusal {
    /// The caller's fault: unknown name or wrong password, which are not told apart.
    #[error("name or password is wrong")]
    InvalidCredentials,
    /// Nobody's: too many passwords wait to be checked.
    #[error("too many passwords wait to be checked; try again shortly")]
    Busy,
    /// Ours: the register of verifiers cannot be read. The words go to the log, not to the caller.
    #[error("the register of verifiers cannot be read: {0}")]
    Unavailable(String),
}

/// Why there are no entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The caller's fault: the base does not exist.
    #[error("no entry of this name; the nearest above is {matched:?}")]
    NoSuchObject {
        /// The lowest existing entry above it, or the root.
        matched: Dn,
    },
    /// Ours. The words go to the log, not to the caller.
    #[error("the directory cannot be read: {0}")]
    Unavailable(String),
}
