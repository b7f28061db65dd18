//! Why a path does not hold, by certificate and rule.

use crate::error::Error;

/// Why there is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The target itself, or every way that began, fails.
    #[error("no path holds: {}", joined(.0))]
    Broken(Vec<Fault>),
    /// Nothing that is at hand certified the target or a certificate above it.
    #[error("nothing at hand certified {0}")]
    NoIssuer(String),
    /// The search went beyond its bounds.
    #[error("the search for a path went beyond {0}")]
    Budget(&'static str),
}

/// A rule that a certificate breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The certificate, by its subject and serial.
    pub certificate: String,
    /// The rule, with its source.
    pub rule: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.certificate, self.rule)
    }
}

impl Fault {
    pub(super) fn new(certificate: &crate::read::Certificate, rule: impl ToString) -> Self {
        Self { certificate: shown(certificate), rule: rule.to_string() }
    }

    pub(super) fn unreadable(certificate: &crate::read::Certificate) -> impl Fn(Error) -> Self {
        move |error| Self::new(certificate, error)
    }
}

/// A certificate in words: subject and serial.
pub(super) fn shown(certificate: &crate::read::Certificate) -> String {
    let serial = domain::hexadecimal::hex(&certificate.tbs.serial);
    format!("{} ({serial})", certificate.tbs.subject)
}

fn joined(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
