//! What can go wrong with a key, and whose fault it is.

use std::fmt;
use std::io;
use std::path::PathBuf;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::rule;
use domain::rule::{Closed, Rule};

use crate::label::KeyLabel;

/// Why a key store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The caller's fault: there is no key of this label.
    #[error("there is no key {0}")]
    UnknownLabel(KeyLabel),
    /// The store's fault: under this label it has another key than its owner's record.
    #[error(
        "the key {0} of this key store is another one: what it signs does not verify under the CA's public key"
    )]
    OtherKey(KeyLabel),
    /// The store's fault: it has none of the keys for which it is opened.
    #[error(
        "none of the CAs' keys is in this key store; where they were lost, a ceremony brings them back from a backup"
    )]
    NoneOfThem,
    /// The caller's fault: a label names one key for ever.
    #[error("the key {0} exists already; a label is never used twice")]
    LabelTaken(KeyLabel),
    /// The policy's fault: no key of this algorithm is made here.
    #[error("a key of {algorithm} is not made here: {rule}")]
    AlgorithmRefused {
        /// The algorithm asked for.
        algorithm: KeyAlgorithm,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The caller's fault: the key cannot make this signature.
    #[error("the key {label} is {key} and cannot sign with {signature}")]
    SignatureMismatch {
        /// The key.
        label: KeyLabel,
        /// What the key is.
        key: KeyAlgorithm,
        /// What was asked of it.
        signature: SignatureAlgorithm,
    },
    /// The caller's fault: checkpoints are signed with Ed25519 only.
    #[error("the key {label} is {key}; checkpoints are signed with ed25519 only")]
    NotForCheckpoints {
        /// The key.
        label: KeyLabel,
        /// What the key is.
        key: KeyAlgorithm,
    },
    /// The caller's fault: the digest is not of the signature's hash algorithm.
    #[error("a digest for {signature} has {expected} bytes, not {received}")]
    DigestLength {
        /// The signature asked for.
        signature: SignatureAlgorithm,
        /// The length of its hash, in bytes.
        expected: usize,
        /// The length received, in bytes.
        received: usize,
    },
    /// Nobody's fault: the keys are asleep until enough custodians come (A 6.2.8, 6.2.9).
    #[error("the keys are not activated; enough custodians have to come first")]
    NotActivated,
    /// The machine's fault: nothing may be signed at present, though the keys are active.
    #[error("signing is stopped: {rule}")]
    SigningStopped {
        /// Why, in words for the operator.
        rule: String,
    },
    /// The operator's fault: the store was made under another master key.
    #[error("the master key does not open the key store in {}", .0.display())]
    WrongMasterKey(PathBuf),
    /// The operator's fault: the master key file cannot serve.
    #[error("the master key file {} is refused: {rule}", path.display())]
    MasterKeyFile {
        /// The file.
        path: PathBuf,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The operator's fault: there is no key store here, or already one.
    #[error("{} {rule}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence.
        rule: &'static str,
    },
    /// The storage's fault: these files are not what was written.
    #[error("the key store has corrupt files: {}", Listed(.0))]
    Corrupt(Vec<CorruptFile>),
    /// The storage's fault: reading or writing failed; nothing was acknowledged.
    #[error("{action} {} failed: {source}", path.display())]
    Storage {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operator's fault: this backup does not bring a key back.
    #[error("the backup of {label} is refused: {rule}")]
    BackupRefused {
        /// The label that the backup names.
        label: KeyLabel,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The token's fault: it cannot wrap or unwrap keys of this kind, so there is no backup.
    #[error("this token cannot make or restore a backup of a key of {0}")]
    NoBackup(KeyAlgorithm),
    /// The operator's fault: this is no backup of a key.
    #[error("the backup cannot be read: {0}")]
    BackupUnreadable(&'static str),
    /// The token's or its driver's fault: a PKCS#11 function failed.
    #[error("the token failed at {action}: {code}")]
    Token {
        /// What was tried.
        action: &'static str,
        /// The name of the return value, as PKCS#11 has it.
        code: String,
    },
    /// The operator's fault: there is no such token, or it is not what it should be.
    #[error("the token {token} is refused: {rule}")]
    TokenRefused {
        /// The label of the token.
        token: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The custodians' fault: the token does not let anybody in with this PIN.
    #[error("the token {token} refuses the login: {rule}")]
    PinRefused {
        /// The label of the token.
        token: String,
        /// What is wrong with the PIN.
        rule: &'static str,
    },
    /// The operator's fault: this file is no PKCS#11 module that can be loaded.
    #[error("the PKCS#11 module {} cannot be loaded: {reason}", path.display())]
    TokenDriver {
        /// The file.
        path: PathBuf,
        /// What its loading or its start said.
        reason: String,
    },
    /// The provider's fault: the cryptographic library failed.
    #[error("the cryptographic provider failed at {0}")]
    Provider(&'static str),
}

impl KeyError {
    /// Whether an opening failed because there may be no store yet: making one is worth a try, and
    /// refuses by itself where there is one.
    pub fn may_lack_store(&self) -> bool {
        matches!(self, Self::Directory { .. } | Self::TokenRefused { .. })
    }
}

/// One file of a store that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorruptFile {
    /// The name of the file within the store's directory.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Which key, file or token it was, the caller alone is told.
impl Closed for KeyError {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::UnknownLabel(_) => "there is no such key",
            Self::OtherKey(_) => {
                "a key of this key store is another one: what it signs does not verify under the \
                 CA's public key"
            }
            Self::NoneOfThem => "none of the CAs' keys is in this key store",
            Self::LabelTaken(_) => "a label of a key is never used twice",
            Self::NotActivated => {
                "the keys are not activated; enough custodians have to come first"
            }
            Self::SigningStopped { .. } => "signing is stopped",
            Self::WrongMasterKey(_) => "the master key does not open the key store",
            Self::Corrupt(_) => "the key store has corrupt files",
            Self::PinRefused { rule, .. } => return rule!("the token refuses: {}", *rule),
            Self::TokenRefused { rule, .. } => return rule!("the token is refused: {}", *rule),
            Self::Provider(action) => {
                return rule!("the cryptographic provider failed at {}", *action);
            }
            Self::Token { action, .. } => {
                return rule!("the token failed at {}", *action).told_as(self);
            }
            _ => "the key store refused or failed",
        });
        rule.told_as(self)
    }
}

/// The corrupt files of a message, one after the other.
struct Listed<'a>(&'a [CorruptFile]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, file) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} ({})", file.name, file.reason)?;
        }
        Ok(())
    }
}
