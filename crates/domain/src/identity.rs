//! What a window checks before it believes somebody: evidence, and who brings it (L5).

use std::fmt;
use std::str::FromStr;

use crate::named::{Named, UnknownName, named};

named! {
    /// Who stands at the window.
    Applicant {
        /// The resident.
        Resident = "resident",
        /// An agent with a power of attorney (代理人).
        Agent = "agent",
    }
}

named! {
    /// One step of an identity check.
    Evidence {
        /// The four attributes agree with the resident register (existence, 実在性).
        RegisterMatch = "register-match",
        /// The resident's document with a photograph (identity, 本人性).
        PhotoDocument = "photo-document",
        /// The agent's document with a photograph.
        AgentPhotoDocument = "agent-photo-document",
        /// The power of attorney, signed and sealed by the resident (委任状).
        PowerOfAttorney = "power-of-attorney",
        /// The certificate of the seal on the power of attorney (印鑑登録証明書; S 3-1-10).
        SealCertificate = "seal-certificate",
        /// The resident's answer to the written inquiry (照会回答書).
        InquiryAnswer = "inquiry-answer",
        /// The documents the mayor finds suitable.
        SuitableDocument = "suitable-document",
    }
}

/// A step of an identity check that somebody does who sees a document: every one but the match with the
/// register, which is the system's own.
/// ```
/// use jitsuin_domain::identity::{Evidence, Shown};
///
/// let shown: Shown = "photo-document".parse()?;
/// assert_eq!(shown.evidence(), Evidence::PhotoDocument);
/// assert!("register-match".parse::<Shown>().is_err());
/// # Ok::<(), jitsuin_domain::named::UnknownName>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown(Evidence);

impl Shown {
    /// The step, where somebody does it.
    pub fn of(evidence: Evidence) -> Option<Self> {
        (evidence != Evidence::RegisterMatch).then_some(Self(evidence))
    }

    /// The step.
    pub fn evidence(self) -> Evidence {
        self.0
    }
}

impl Named for Shown {
    const NAMES: &'static [&'static str] = match Evidence::NAMES.split_first() {
        Some((_register_match, others)) => others,
        None => &[],
    };
}

impl FromStr for Shown {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let step = Evidence::from_name(text).and_then(Self::of);
        step.ok_or(UnknownName { names: Self::NAMES })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_every_step_but_the_match_with_the_register_is_somebodys() {
        let all = Evidence::ALL.into_iter().filter_map(Shown::of).map(|step| step.to_string());
        assert_eq!(all.collect::<Vec<_>>(), Shown::NAMES);
        assert_eq!(Shown::NAMES.len(), Evidence::ALL.len() - 1);
        assert_eq!(Shown::of(Evidence::RegisterMatch), None);
    }
}
