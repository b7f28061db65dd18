//! The record of what was asked: written before an answer leaves, or the answer does not leave.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::directory::Identity;
use super::message::{Operation, ResultCode, Scope};
use crate::query_log::cut;

/// Keeps the record of operations.
///
/// # Contract
/// When `record` returns `Ok`, the record outlives the process. It is called before the first octet
/// of the answer is sent, from threads that may block; when it fails the operation answers
/// `unavailable` and does nothing. Nobody retries: the implementation does, or refuses.
pub trait QueryLog: Send + Sync {
    /// Records one operation with its result.
    ///
    /// # Errors
    /// [`LogUnavailable`] when the record could not be kept.
    fn record(&self, query: &Query) -> Result<(), LogUnavailable>;
}

/// One operation and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// When it was answered.
    pub at: Timestamp,
    /// Where it came from.
    pub peer: SocketAddr,
    /// Who asked; for a bind, who the session is afterwards.
    pub identity: Identity,
    /// What was asked.
    pub asked: Asked,
    /// The result.
    pub result: ResultCode,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A bind with this name.
    Bind {
        /// As received.
        name: String,
    },
    /// A search.
    Search {
        /// The base, as received.
        base: String,
        /// The scope.
        scope: Scope,
        /// The attributes asked for, as received.
        attributes: Vec<String>,
        /// How many entries the answer holds.
        entries: usize,
    },
    /// A comparison.
    Compare {
        /// The entry, as received.
        entry: String,
        /// The attribute, as received.
        attribute: String,
    },
    /// An extended operation, by OID as received.
    Extended(String),
    /// A request that is refused whatever it holds: a write, or content without meaning.
    Refused(Operation),
    /// Octets that are no request; the session ends.
    Malformed(String),
}

impl Asked {
    /// The same, its texts cut to what a record keeps ([`cut`]): each of them, and all attributes
    /// together as one, because there may be as many as fit into a request.
    pub(crate) fn cut(&self) -> Self {
        let cut = |text: &str| cut(text).into_owned();
        match self {
            Self::Bind { name } => Self::Bind { name: cut(name) },
            Self::Search { base, scope, attributes, entries } => {
                let attributes = match attributes.iter().map(|name| name.len() + 1).sum::<usize>() {
                    0..=256 => attributes.clone(),
                    _ => vec![cut(&attributes.join(" "))],
                };
                Self::Search { base: cut(base), scope: *scope, attributes, entries: *entries }
            }
            Self::Compare { entry, attribute } => {
                Self::Compare { entry: cut(entry), attribute: cut(attribute) }
            }
            Self::Extended(oid) => Self::Extended(cut(oid)),
            Self::Refused(operation) => Self::Refused(*operation),
            Self::Malformed(words) => Self::Malformed(cut(words)),
        }
    }
}

/// The record is not kept, and so there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogUnavailable {
    /// It cannot be written. The words go to the program's log, not to the caller.
    #[error("the query log cannot be written: {0}")]
    Failed(String),
    /// The disk is short, and what is left of it is not for strangers' records.
    #[error("the disk's reserve is for verifiers")]
    Reserved,
}

impl LogUnavailable {
    /// Whether something does not work. A stranger who is turned away is no fault, and no line of the log: it
    /// would take of the disk what their record may not.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// The in-memory twin.
#[derive(Debug, Default)]
pub struct MemoryQueryLog {
    queries: Mutex<Vec<Query>>,
}

impl MemoryQueryLog {
    /// What was recorded so far, in order.
    pub fn queries(&self) -> Vec<Query> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl QueryLog for MemoryQueryLog {
    fn record(&self, query: &Query) -> Result<(), LogUnavailable> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner).push(query.clone());
        Ok(())
    }
}
