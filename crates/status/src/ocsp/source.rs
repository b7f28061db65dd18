//! What the responder needs of the database.

use std::sync::Arc;

use domain::id::{CaId, SerialNumber, VerifierId};
use store::{Published, Sequence, StatusRow, Statuses, VerifierAccess};

/// States that were read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What [`StatusSource::changes`] says of what was read.
    pub changes: Option<u64>,
    /// Of each certificate, in the order asked; nothing of one that was never issued.
    pub rows: Vec<Option<StatusRow>>,
}

/// Committed state, read only.
///
/// # Contract
/// Every method sees everything that was committed before it was called, by any process.
pub trait StatusSource: Send + Sync {
    /// The states of certificates, and what [`StatusSource::changes`] says of that state; none that lists
    /// name is good.
    ///
    /// # Errors
    /// The store's own, which doubts everything where a row and the lists' index disagree.
    fn look(&self, ca: &CaId, serials: &[SerialNumber]) -> store::Result<Looked>;

    /// What each verifier may ask.
    ///
    /// # Errors
    /// The store's own.
    fn accesses(&self) -> store::Result<Vec<VerifierAccess>>;

    /// What one verifier may ask.
    ///
    /// # Errors
    /// The store's own.
    fn access(&self, id: &VerifierId) -> store::Result<Option<VerifierAccess>>;

    /// The last committed journal entry.
    ///
    /// # Errors
    /// The store's own.
    fn last_sequence(&self) -> store::Result<Option<Sequence>>;

    /// Puts everything in doubt for this finding.
    fn raise_doubt(&self, finding: &str);

    /// A number that is another one after every commit, where telling it costs far less than
    /// reading a row; `None` where it does not, and every answer then reads the row.
    fn changes(&self) -> Option<u64> {
        None
    }
}

impl StatusSource for Arc<dyn Published> {
    fn look(&self, ca: &CaId, serials: &[SerialNumber]) -> store::Result<Looked> {
        let Statuses { as_of, rows } = self.as_ref().statuses(ca, serials)?;
        let changes = as_of.filter(|_| self.as_ref().doubt().extent().is_none());
        Ok(Looked { changes, rows })
    }

    fn accesses(&self) -> store::Result<Vec<VerifierAccess>> {
        self.as_ref().accesses()
    }

    fn access(&self, id: &VerifierId) -> store::Result<Option<VerifierAccess>> {
        self.as_ref().access(id)
    }

    fn last_sequence(&self) -> store::Result<Option<Sequence>> {
        self.as_ref().last_sequence()
    }

    fn raise_doubt(&self, finding: &str) {
        self.as_ref().doubt().raise(finding);
    }

    /// The last entry: every commit has one. In doubt, every answer reads what it rests on.
    fn changes(&self) -> Option<u64> {
        match self.as_ref().doubt().extent() {
            None => self.as_ref().last_sequence().ok().flatten(),
            Some(_) => None,
        }
    }
}
