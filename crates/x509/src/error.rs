//! What can go wrong, by whose fault it is.

use const_oid::ObjectIdentifier;

/// Why bytes could not be read, written or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sender's fault: the bytes are not the structure they should be.
    #[error("{what} is malformed: {rule}")]
    Malformed {
        /// The structure that was read.
        what: &'static str,
        /// What was wrong, in words.
        rule: String,
    },
    /// The sender's fault: the input is longer than anything legitimate.
    #[error("{what} has {length} octets, more than the {limit} allowed")]
    TooLarge {
        /// The structure that was read.
        what: &'static str,
        /// The length received, in octets (or elements, as `what` says).
        length: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// The sender's choice: well formed, but an algorithm this system does not use.
    #[error("{what} uses algorithm {oid}, which is not supported here")]
    UnsupportedAlgorithm {
        /// The structure that was read.
        what: &'static str,
        /// The algorithm's object identifier.
        oid: ObjectIdentifier,
    },
    /// The sender's fault: the signature does not belong to these bytes and this key.
    #[error("the signature of the {what} does not verify")]
    BadSignature {
        /// The structure that was signed.
        what: &'static str,
    },
    /// The caller's fault: the draft asks for what the format cannot carry.
    #[error("{what} cannot be written: {rule}")]
    Draft {
        /// The structure to be written.
        what: &'static str,
        /// The rule it breaks, with its clause.
        rule: String,
    },
    /// The store's fault: the two passes over the CRL entries saw different entries.
    #[error(
        "the CRL's entries changed between the passes: {first_count} entries of {first_length} \
         octets, then {second_count} of {second_length}"
    )]
    EntriesChanged {
        /// Entries seen by the first pass.
        first_count: u64,
        /// Octets of entries seen by the first pass.
        first_length: u64,
        /// Entries seen by the second pass (up to where it was stopped).
        second_count: u64,
        /// Octets of entries seen by the second pass.
        second_length: u64,
    },
    /// The store's fault: the entries could not be read.
    #[error("the CRL's entries could not be read")]
    Entries(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The machine's fault: the source did not give the bytes.
    #[error("the CRL could not be read")]
    Source(#[source] std::io::Error),
    /// The machine's fault: the sink did not take the bytes.
    #[error("the CRL could not be written")]
    Sink(#[from] std::io::Error),
}

impl Error {
    /// An error of the sender about `what`.
    pub(crate) fn malformed(what: &'static str, rule: impl ToString) -> Self {
        Self::Malformed { what, rule: rule.to_string() }
    }

    /// An error of the caller about `what`.
    pub(crate) fn draft(what: &'static str, rule: impl ToString) -> Self {
        Self::Draft { what, rule: rule.to_string() }
    }
}
