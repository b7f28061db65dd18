//! Why a command to the embedded register was refused or failed.

use domain::id::ResidentCode;
use domain::rule;
use domain::rule::{Closed, Rule};

/// Why a command to the register was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// There is no such resident: the caller's fault.
    #[error("no resident is registered under the code {0}")]
    NotFound(ResidentCode),
    /// Two residents to begin with have one code: the caller's fault.
    #[error("two residents have the code {0}")]
    CodeTaken(ResidentCode),
    /// A field is empty, or its value does not exist: the caller's fault.
    #[error("{field}: {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The command would leave the record as it is: the caller's fault.
    #[error("the correction changes nothing")]
    NothingChanged,
    /// Moving in needs a notice of moving out: the caller's fault.
    #[error("the resident has not given notice of moving out")]
    NotMovedOut,
    /// The notice was already given: the caller's fault.
    #[error("the resident has already given notice of moving out")]
    AlreadyMovedOut,
    /// Another process keeps the register open.
    #[error("the register in {0} is in use by another process")]
    InUse(String),
    /// A file of the register does not keep its form.
    #[error("{file}, line {line}: {problem}")]
    Corrupt {
        /// The file's name.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The disk refused; nothing of what was to be written stays.
    #[error("the register's files cannot be used")]
    Storage(#[from] std::io::Error),
    /// The register was switched off by [`set_available`](super::EmbeddedRegister::set_available).
    #[error("the register is switched off")]
    Off,
}

/// Of a command it repeats nothing but the field.
impl Closed for EmbeddedError {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::NotFound(_) => "no resident is registered under the code",
            Self::CodeTaken(_) => "two residents have the code",
            Self::Field { field, rule } => return rule!("{}: {}", *field, *rule),
            Self::NothingChanged => "the correction changes nothing",
            Self::NotMovedOut => "the resident has not given notice of moving out",
            Self::AlreadyMovedOut => "the resident has already given notice of moving out",
            Self::InUse(_) => "the register is in use by another process",
            Self::Corrupt { .. } => "a file of the register does not keep its form",
            Self::Storage(_) => "the register's files cannot be used",
            Self::Off => "the register is switched off",
        });
        rule.told_as(self)
    }
}
