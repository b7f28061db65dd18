//! What is kept under the ids of operations: their answers, and what the system notes once beside them.

use std::sync::Arc;

use domain::act::Act;
use domain::hexadecimal::{colon_hex, hex};
use domain::id::{OperationId, SystemOperation};
use store::reads::ReadWindows;
use store::{AnsweredBefore, RequestMark, joined};
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

    /// What `act`'s actor asks for, as it is known again.
    pub(crate) fn request(&self, act: &Act, parts: &[&str]) -> store::Result<RequestMark> {
        RequestMark::of(&*self.store, act, parts)
    }

    /// What was carried out before under an operation's id, held against what is asked for.
    pub(crate) fn before(
        &self,
        request: &RequestMark,
        operation: &OperationId,
    ) -> store::Result<AnsweredBefore> {
        request.before(&*self.store, operation)
    }

    /// What these parts are known again by, of which nobody learns them who has the database alone.
    pub(crate) fn mark(&self, parts: &[&str]) -> store::Result<String> {
        Ok(colon_hex(&self.store.request_mark(&joined(parts))?))
    }
}

/// Under which operation is kept what the system notes once about what `named` names.
pub(crate) fn kept_under(what: SystemOperation, named: &str) -> Result<OperationId, Problem> {
    let name = hex(&sha256(named.as_bytes())[..16]);
    OperationId::of_system(what, &name).map_err(|error| Problem::broke(&error))
}
