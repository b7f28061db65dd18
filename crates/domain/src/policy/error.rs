//! Why a policy file is refused: always the entry and the rule.

/// Why a policy file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML of the right shape; the text says where.
    #[error("policy file: {0}")]
    Shape(String),
    /// An entry breaks a rule.
    #[error("policy entry {entry}: {rule}")]
    Entry {
        /// Where, for example `revocation[3].reason`.
        entry: String,
        /// The rule it breaks.
        rule: String,
    },
}

pub(super) type Result<T> = std::result::Result<T, PolicyError>;

/// Refuses an entry by a rule.
pub(super) fn refuse<T>(entry: impl Into<String>, rule: impl Into<String>) -> Result<T> {
    Err(PolicyError::Entry { entry: entry.into(), rule: rule.into() })
}
