//! The rehearsal of a renewal: every path is built before anything is signed with a real key.
//!
//! What it cannot see: relying parties that do not know the new algorithm, and those that never
//! fetch links or the new root. It names both.

use std::fmt;
use std::sync::Arc;

use domain::certificate::CertificateKind;
use domain::rule::Rule;
use domain::validity;
use jiff::Timestamp;

use super::model::Model;
use super::path::{RehearsedPath, Trust, walk};
use super::samples;
use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::sequence::SubjectSequence;

/// What a rehearsal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// Every path that a relying party takes, with its outcome.
    pub paths: Vec<RehearsedPath>,
    /// What should be known before the renewal.
    pub findings: Vec<Finding>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The renewal goes as it should; this is what it changes.
    Note,
    /// Some relying parties or holders are hit.
    Beware,
    /// A path that must hold does not: the renewal is refused.
    Breaks,
}

/// Something that should be known before the renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Note => "note",
            Weight::Beware => "beware",
            Weight::Breaks => "breaks",
        };
        write!(f, "{weight}: {}", self.text)
    }
}

impl Rehearsal {
    /// Whether every path that RFC 5280 wants to hold does.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight != Weight::Breaks)
    }

    /// Refuses a renewal that would break a path.
    ///
    /// # Errors
    /// [`Error::Refused`] with the first that breaks.
    pub(super) fn expect_sound(&self) -> Result<()> {
        match self.findings.iter().find(|finding| finding.weight == Weight::Breaks) {
            Some(first) => {
                let rule = Rule::from("a path of relying parties breaks").telling(&first.text);
                Err(Error::refused("rehearsal", rule))
            }
            None => Ok(()),
        }
    }
}

/// Rehearsals of renewals. They read which key stands, and neither commit anything nor have a key of the
/// CA's.
pub struct Rehearsals {
    policy: Arc<PolicyInEffect>,
    generations: Arc<Generations>,
    sequence: Arc<SubjectSequence>,
}

impl Rehearsals {
    pub(crate) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            generations: hands.generations.clone(),
            sequence: hands.sequence.clone(),
        }
    }

    /// Carries out a renewal at `now` in memory, with throwaway keys and by the present policy, and
    /// validates every path that relying parties take from the move at `issues_from` on: from
    /// either root to what either generation signed, with links, lists and responders.
    ///
    /// # Errors
    /// [`Error::Unknown`] before the first key; what drafting, linting and the throwaway keys say.
    pub fn rehearse(&self, now: Timestamp, issues_from: Timestamp) -> Result<Rehearsal> {
        let missing = || Error::Unknown { field: "ca key", value: self.policy.id().to_string() };
        let real = self.generations.all().last().cloned().ok_or_else(missing)?;
        let issues_from = validity::whole_second(issues_from);
        let model = Model::new(
            (&self.policy, &self.sequence),
            &real,
            validity::whole_second(now),
            issues_from,
        )?;
        let samples = samples::certificates(&model, issues_from)?;
        let lists = samples::lists(&model, issues_from)?;
        let paths = walk(&model, &samples, &lists, issues_from);
        let mut findings = broken(&paths);
        findings.extend(self.about_time(&model, issues_from)?);
        findings.extend(about_algorithms(&model));
        Ok(Rehearsal { paths, findings })
    }

    /// Who is hit by the end of the old root, and whether the renewal is late.
    fn about_time(&self, model: &Model<'_>, issues_from: Timestamp) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let before = issues_from - jiff::SignedDuration::from_secs(1);
        let ends = model.old.ends;
        if let Some(last) = samples::longest_user(model, before)?.filter(|last| *last > ends) {
            findings.push(Finding {
                weight: Weight::Beware,
                text: format!(
                    "users whose certificates would last until {last} are refused until the move, because the old root ends at {ends} (A 6.3.2)"
                ),
            });
        }
        let due = validity::renewal_due(model.old.made_at, self.policy.keys.ca_renewal_years)?;
        if due < issues_from {
            findings.push(Finding {
                weight: Weight::Beware,
                text: format!("it is late: the key was due by {due} (A 5.6, S 4-13)"),
            });
        }
        findings.push(Finding {
            weight: Weight::Note,
            text: format!(
                "who holds only root {} validates nothing after {ends}: give out root {} before",
                model.old.number, model.new.number
            ),
        });
        Ok(findings)
    }
}

/// The paths that do not hold, told once for each way of reading and each kind.
fn broken(paths: &[RehearsedPath]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in paths.iter().filter(|path| path.outcome.is_err()) {
        let finding = match path.trust {
            Trust::ByKey => Finding { weight: Weight::Breaks, text: path.to_string() },
            Trust::ByKeyAndSerial if path.anchor != path.issued_by => across(path.target),
            Trust::ByKeyAndSerial => Finding { weight: Weight::Breaks, text: path.to_string() },
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// What OpenSSL does at links.
fn across(target: CertificateKind) -> Finding {
    Finding {
        weight: Weight::Beware,
        text: format!(
            "certificates of kind {target} name their root by issuer and serial too, which a link does not have: relying parties that compare them (OpenSSL) need both roots and cannot use the links"
        ),
    }
}

fn about_algorithms(model: &Model<'_>) -> Vec<Finding> {
    let told = |generation: &Generation| (generation.key_algorithm, generation.signature);
    let ((old_key, old_signature), (new_key, new_signature)) = (told(&model.old), told(&model.new));
    if (old_key, old_signature) == (new_key, new_signature) {
        return Vec::new();
    }
    vec![Finding {
        weight: Weight::Beware,
        text: format!(
            "the algorithm moves from {old_key} with {old_signature} to {new_key} with {new_signature}: who does not know it validates neither what is new nor, from the new root, what is old"
        ),
    }]
}
