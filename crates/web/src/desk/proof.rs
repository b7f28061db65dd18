//! The proof of the state from the journal, as it is asked for at the desk.

use std::sync::Arc;

use store::{ProofExtent, StateProof, StateReport, Store};

/// The hand that proves the state, and reads and commits nothing.
pub(super) struct Prover {
    store: Arc<dyn Store>,
}

impl Prover {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Every row, and what the journal's entries add up to.
    pub(super) fn whole(&self) -> store::Result<StateReport> {
        self.store.prove(&mut StateProof::default(), ProofExtent::Whole)
    }
}
