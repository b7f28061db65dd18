//! What a clerk saw of who stands at the window, held against what the policy asks to see (L5).

use domain::id::ActorId;
use domain::identity::{Evidence, Shown};
use domain::policy::IdentityRule;
use domain::rule;
use jiff::Timestamp;

use crate::error::{Result, WindowError};
use crate::form::plain_text;
use crate::record::Check;

/// The longest description or number of a document, in characters.
pub const MAX_DOCUMENT_CHARACTERS: usize = 100;

/// The longest note or doubt, in characters.
pub const MAX_NOTE_CHARACTERS: usize = 400;

/// What a clerk saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// Each document.
    pub items: Vec<EvidenceItem>,
    /// What made the clerk doubt, if anything did: it refuses the application.
    pub doubt: Option<String>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceItem {
    /// Which step of the check it serves.
    pub evidence: Shown,
    /// What was shown or handed in.
    pub document: String,
    /// Its number; may be empty.
    pub number: String,
    /// What else is worth knowing; may be empty.
    pub note: String,
}

/// The clerk's part of the checks, each text within its bounds.
pub(super) fn seen_by(
    by: &ActorId,
    at: Timestamp,
    evidence: &EvidenceRecord,
) -> Result<Vec<Check>> {
    let mut checks: Vec<Check> = Vec::new();
    for item in &evidence.items {
        let evidence = item.evidence.evidence();
        if checks.iter().any(|check| check.evidence == evidence) {
            let rule = rule!("{} is given twice", evidence);
            return Err(WindowError::refused("evidence", rule));
        }
        checks.push(Check {
            evidence,
            document: plain_text("document", &item.document, MAX_DOCUMENT_CHARACTERS)?,
            number: optional_text("number", &item.number, MAX_DOCUMENT_CHARACTERS)?,
            note: optional_text("note", &item.note, MAX_NOTE_CHARACTERS)?,
            by: by.clone(),
            at,
        });
    }
    Ok(checks)
}

fn optional_text(field: &'static str, text: &str, limit: usize) -> Result<String> {
    if text.is_empty() { Ok(String::new()) } else { Ok(plain_text(field, text, limit)?) }
}

/// Nothing is missing that people must have seen; the match with the register is the system's own.
pub(super) fn expect_complete(rule: &IdentityRule, checks: &[Check]) -> Result<()> {
    let is_seen = |evidence: &Evidence| {
        *evidence == Evidence::RegisterMatch
            || checks.iter().any(|check| check.evidence == *evidence)
    };
    match rule.evidence.iter().find(|evidence| !is_seen(evidence)) {
        None => Ok(()),
        Some(missing) => {
            Err(WindowError::refused("evidence", rule!("{} is missing ({})", missing, rule.clause)))
        }
    }
}

/// What is asked, part by part.
pub(super) fn flattened(evidence: &EvidenceRecord) -> Vec<String> {
    let item = |item: &EvidenceItem| {
        let name = item.evidence.to_string();
        [name, item.document.clone(), item.number.clone(), item.note.clone()]
    };
    evidence.items.iter().flat_map(item).chain(evidence.doubt.clone()).collect()
}
