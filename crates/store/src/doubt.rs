//! Doubt: something was found for which the database must not be believed, and work on it stops.
//!
//! It is raised by whoever finds it (a reader whose row does not fit its authenticator, the sealer
//! whose journal does not continue its checkpoints, the proof of the whole state) and stays until
//! the program is started again over a database that was set right by people.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Result};

/// How many findings are kept; the first says where to look.
const MOST: usize = 20;

/// How much is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What the finding names and no more: everything else still proves itself when it is read.
    Named = 1,
    /// Everything: rows that are missing, or put back, cannot be told from those that are right.
    Everything = 2,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubted {
    /// How much is in doubt.
    pub extent: Extent,
    /// The findings in the order in which they came, at most twenty.
    pub findings: Vec<String>,
}

/// The doubt of one open database, shared by everybody who reads or writes it.
#[derive(Debug, Clone, Default)]
pub struct Doubt(Arc<Raised>);

#[derive(Debug, Default)]
struct Raised {
    /// The greatest extent so far, 0 for none: asked before every answer, so without a lock.
    extent: AtomicU8,
    findings: Mutex<Vec<String>>,
}

impl Doubt {
    /// Puts everything in doubt: nothing is committed, and no certificate is called good.
    pub fn raise(&self, finding: impl Into<String>) {
        self.note(Extent::Everything, finding.into());
    }

    /// Puts what the finding names in doubt: nothing is committed any more.
    pub fn raise_named(&self, finding: impl Into<String>) {
        self.note(Extent::Named, finding.into());
    }

    /// How much is in doubt, if anything is.
    pub fn extent(&self) -> Option<Extent> {
        match self.0.extent.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Extent::Named),
            _ => Some(Extent::Everything),
        }
    }

    /// What was found, if anything was.
    pub fn standing(&self) -> Option<Doubted> {
        let extent = self.extent()?;
        let findings = self.0.findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(Doubted { extent, findings })
    }

    /// Refuses to do anything on a database that is in doubt.
    ///
    /// # Errors
    /// [`Error::Doubted`] with the first finding.
    pub fn permit(&self) -> Result<()> {
        match self.standing() {
            None => Ok(()),
            Some(doubted) => Err(Error::Doubted {
                finding: doubted.findings.into_iter().next().unwrap_or_default(),
            }),
        }
    }

    /// Refuses to say anything that only the whole state can vouch for.
    ///
    /// # Errors
    /// [`Error::Doubted`] where everything is in doubt.
    pub fn permit_answers(&self) -> Result<()> {
        match self.extent() {
            Some(Extent::Everything) => self.permit(),
            _ => Ok(()),
        }
    }

    fn note(&self, extent: Extent, finding: String) {
        let mut findings = self.0.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.len() < MOST && !findings.contains(&finding) {
            tracing::error!(%finding, "the database is in doubt");
            findings.push(finding);
        }
        self.0.extent.fetch_max(extent as u8, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_doubt_grows_and_never_shrinks() {
        let doubt = Doubt::default();
        assert_eq!(doubt.standing(), None);
        doubt.raise_named("row a");
        assert_eq!(doubt.extent(), Some(Extent::Named));
        doubt.raise("the tree");
        doubt.raise_named("row b");
        doubt.raise_named("row b");
        let findings = ["row a", "the tree", "row b"].map(String::from).to_vec();
        assert_eq!(doubt.standing(), Some(Doubted { extent: Extent::Everything, findings }));
    }
}
