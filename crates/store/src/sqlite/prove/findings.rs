//! How much is proven, and what that found.

use crate::{Doubt, Error, Result, Sequence};

/// How many findings are told; the first says where to look.
pub(super) const MOST: usize = 20;

/// How much of the state is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofExtent {
    /// The tables that hold rights, keys and plans, whole, and the entries since the last proof: what
    /// takes no time however much is stored. The first of a series also holds all that lists name
    /// against its sums, from an index; and from then on, no row is believed that bears what one of
    /// the remembered entries replaced.
    Recent,
    /// Every row of every table with the octets that belong to it, the database file itself, and
    /// all entries that this proof has not read yet.
    Whole,
}

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReport {
    /// How many entries the journal had.
    pub entries: Sequence,
    /// How many it had when everything was proven whole, the last time; 0 if it never was.
    pub verified: Sequence,
    /// How many rows were read.
    pub rows: u64,
    /// How many rows all tables hold together, as their digests tell.
    pub stored: u64,
    /// What does not prove itself, at most twenty; they are in doubt now.
    pub findings: Vec<String>,
}

/// What was found so far, each raised as doubt at once.
pub(super) struct Findings<'a> {
    pub(super) doubt: &'a Doubt,
    pub(super) told: Vec<String>,
}

impl Findings<'_> {
    /// The report where the digests themselves cannot be believed.
    pub(super) fn nothing_read(self) -> StateReport {
        StateReport { entries: 0, verified: 0, rows: 0, stored: 0, findings: self.told }
    }

    pub(super) fn everything(&mut self, finding: String) {
        self.doubt.raise(finding.clone());
        self.note(finding);
    }

    pub(super) fn named(&mut self, finding: String) {
        self.doubt.raise_named(finding.clone());
        self.note(finding);
    }

    /// Takes something that cannot be read as a finding, and hands everything else on.
    pub(super) fn keep<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error @ Error::Corrupt { .. }) => {
                self.named(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn note(&mut self, finding: String) {
        if self.told.len() < MOST && !self.told.contains(&finding) {
            self.told.push(finding);
        }
    }
}
