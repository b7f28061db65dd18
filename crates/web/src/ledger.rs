//! What the desk itself writes: what was decided, what it refused, and that something was read.

use std::sync::Arc;

use domain::act::Act;
use domain::journal::EventKind;
use store::{Entry, Sequence, Store, Unit};

use crate::desk::permission::Operation;
use crate::entrance::principal::Principal;
use crate::problem::{Fault, Problem};

/// The hand by which a part of the desk commits. It reads nothing: what a part reads, its fields say.
#[derive(Clone)]
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
}

impl Ledger {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Commits a unit, as [`Store::commit`] says.
    pub(crate) fn commit(&self, unit: Unit) -> store::Result<Sequence> {
        self.store.commit(unit)
    }

    /// Lets the principal pass if the table permits; else the journal has the attempt first.
    ///
    /// # Errors
    /// 403 with the rule.
    pub(crate) fn admit(&self, act: &Principal, operation: Operation) -> Result<(), Problem> {
        let Some(rule) = operation.refusal(act) else { return Ok(()) };
        let entry = Entry::new(EventKind::AccessRefused, act).subject(operation.name());
        self.store.commit(Unit::new(entry.refused(rule.clone())))?;
        Err(Problem::new(Fault::NotPermitted, rule))
    }

    /// Hands `result` on; a refusal by the desk is in the journal first.
    ///
    /// # Errors
    /// Those of `result`; the journal's.
    pub(crate) fn checked<T>(
        &self,
        act: &Act,
        operation: Operation,
        result: Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Err(problem) = &result
            && problem.is_refusal()
        {
            let kind = match problem.fault {
                Fault::NotPermitted | Fault::Elsewhere => EventKind::AccessRefused,
                _ => operation.kind(),
            };
            let entry =
                Entry::new(kind, act).subject(operation.name()).refused((*problem.rule).clone());
            self.store.commit(Unit::new(entry))?;
        }
        result
    }

    /// Commits what was decided. What the commit itself refuses, because the state or a right changed
    /// meanwhile, is in the journal as any refusal is.
    ///
    /// # Errors
    /// What the commit refuses; the journal's.
    pub(crate) fn decided(
        &self,
        act: &Act,
        operation: Operation,
        unit: Unit,
    ) -> Result<(), Problem> {
        let committed = self.store.commit(unit).map(drop).map_err(Problem::from);
        self.checked(act, operation, committed)
    }

    /// Journals that records were read; only then may they be shown.
    ///
    /// # Errors
    /// The journal's.
    pub(crate) fn read(&self, entry: Entry) -> Result<(), Problem> {
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }
}

/// The entry of a reading.
pub(crate) fn reading(act: &Act, operation: Operation) -> Entry {
    Entry::new(EventKind::RecordsRead, act).detail("operation", operation.name())
}
