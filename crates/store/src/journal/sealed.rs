//! An entry that a signed checkpoint covers, read back: what the journal vouches for.

use domain::journal::EventKind;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Checkpoint, Hash, Leaf, inclusion_proof, verify_inclusion};
use crate::reads::ReadJournal;
use crate::{Error, Remembered, Result, Sequence};

/// What an entry says that is not asked whether it is sealed: for what watches, not for what signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldEntry {
    /// When, by the clock of then.
    pub at: Timestamp,
    /// Whether it was done, and not refused or done before.
    pub is_done: bool,
    /// The rule, where it was refused.
    pub rule: Option<String>,
    /// What it happened to.
    pub subject: Option<String>,
    /// Further facts, in their order.
    pub details: Vec<(String, String)>,
}

impl ToldEntry {
    /// Reads an entry's canonical JSON.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is none.
    pub fn parse(sequence: Sequence, body: &[u8]) -> Result<Self> {
        let corrupt = || Error::Corrupt {
            what: format!("entry {sequence}"),
            reason: "it cannot be read".to_owned(),
        };
        let stored: Stored = serde_json::from_slice(body).map_err(|_| corrupt())?;
        Ok(Self {
            at: stored.at.parse().map_err(|_| corrupt())?,
            is_done: stored.outcome.result == "done",
            rule: stored.outcome.rule,
            subject: stored.subject,
            details: stored.details,
        })
    }

    /// The facts of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.details.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Entries that [`told_of`] reads at once.
const PAGE: usize = 1000;

/// What the entries of a kind that is looked up tell was done, in their order.
///
/// Each is an error where it cannot be read; nothing comes after an error.
pub fn told_of(
    journal: &dyn ReadJournal,
    kind: Remembered,
) -> impl Iterator<Item = Result<(Sequence, ToldEntry)>> {
    let (mut from, mut is_last) = (0, false);
    let mut page = Vec::<(Sequence, Vec<u8>)>::new().into_iter();
    let mut next = move || -> Result<Option<(Sequence, ToldEntry)>> {
        loop {
            for (sequence, body) in page.by_ref() {
                from = sequence + 1;
                let told = ToldEntry::parse(sequence, &body)?;
                if told.is_done {
                    return Ok(Some((sequence, told)));
                }
            }
            if is_last {
                return Ok(None);
            }
            let more = journal.journal_of(kind, from, PAGE)?;
            is_last = more.len() < PAGE;
            page = more.into_iter();
        }
    };
    let mut has_failed = false;
    std::iter::from_fn(move || {
        let told = if has_failed { None } else { next().transpose() };
        has_failed |= matches!(told, Some(Err(_)));
        told
    })
}

/// What a sealed entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEntry {
    /// Its place.
    pub sequence: Sequence,
    /// What happened.
    pub kind: EventKind,
    /// Whether it was done, and not refused or done before.
    pub is_done: bool,
    /// The CA concerned.
    pub ca: Option<String>,
    /// What it happened to.
    pub subject: Option<String>,
    details: Vec<(String, String)>,
}

impl SealedEntry {
    /// The fact of this name.
    pub fn detail(&self, name: &str) -> Option<&str> {
        let found = self.details.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads an entry that is in the tree of a checkpoint.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is not in the tree, or cannot be read.
    pub(crate) fn of(
        leaf: &Leaf,
        checkpoint: &Checkpoint,
        node: impl Fn(u8, u64) -> Result<Option<Hash>>,
    ) -> Result<Self> {
        let corrupt = |reason: &str| Error::Corrupt {
            what: format!("entry {}", leaf.sequence),
            reason: reason.to_owned(),
        };
        let proof = inclusion_proof(leaf.sequence, checkpoint.size, node)?;
        verify_inclusion(&leaf.hash, leaf.sequence, checkpoint.size, &checkpoint.root, &proof)
            .map_err(|_| corrupt("it is not in the tree that was sealed"))?;
        let stored: Stored =
            serde_json::from_slice(&leaf.body).map_err(|_| corrupt("it cannot be read"))?;
        Ok(Self {
            sequence: leaf.sequence,
            kind: EventKind::from_name(&stored.kind).ok_or_else(|| corrupt("it is of no kind"))?,
            is_done: stored.outcome.result == "done",
            ca: stored.ca,
            subject: stored.subject,
            details: stored.details,
        })
    }
}

#[derive(Deserialize)]
struct Stored {
    kind: String,
    at: String,
    outcome: StoredOutcome,
    ca: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    details: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct StoredOutcome {
    result: String,
    rule: Option<String>,
}
