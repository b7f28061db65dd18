//! What is kept under the ids of operations: their answers, and what the system notes once beside them.

use std::sync::Arc;

use domain::hexadecimal::hex;
use domain::id::{OperationId, SystemOperation};
use store::reads::ReadWindows;
use x509::digest::sha256;

use crate::problem::Problem;

/// The hand that reads what was kept under an operation's id, and nothing else of the store.
#[derive(Clone)]
pub(crate) struct Kept {
    store: Arc<dyn ReadWindows>,
}

impl Kept {
    pub(crate) fn new(store: Arc<dyn ReadWindows>) -> Self {
        Self { store }
    }

    /// What was kept under this id, if anything was.
    pub(crate) fn of(&self, operation: &OperationId) -> store::Result<Option<Vec<u8>>> {
        self.store.operation(operation)
    }
}

/// Under which operation is kept what the system notes once about what `named` names.
pub(crate) fn kept_under(what: SystemOperation, named: &str) -> Result<OperationId, Problem> {
    let name = hex(&sha256(named.as_bytes())[..16]);
    OperationId::of_system(what, &name).map_err(|error| Problem::broke(&error))
}
