//! What a CA writes: one unit for each act, and an entry for each refusal.

use std::sync::Arc;

use domain::act::Act;
use domain::id::CaId;
use domain::journal::EventKind;
use domain::rule::{Closed, Rule};
use store::{Entry, Sequence, Store, Unit};

use crate::error::{Error, Result};

/// The hand by which a part of a CA commits. It reads nothing: what a part reads, its fields say.
#[derive(Clone)]
pub(crate) struct Ledger {
    ca: CaId,
    store: Arc<dyn Store>,
}

impl Ledger {
    pub(crate) fn new(ca: CaId, store: Arc<dyn Store>) -> Self {
        Self { ca, store }
    }

    /// Commits a unit, as [`Store::commit`] says.
    pub(crate) fn commit(&self, unit: Unit) -> store::Result<Sequence> {
        self.store.commit(unit)
    }

    /// Hands `result` on; when it is a refusal, the journal has it first (fails closed).
    pub(crate) fn recording<T>(
        &self,
        act: &Act,
        kind: EventKind,
        subject: impl Closed,
        result: Result<T>,
    ) -> Result<T> {
        if let Err(error) = &result
            && error.is_refusal()
        {
            // What names nothing is a text that somebody typed, and no entry is ever erased.
            let subject = match (error, Rule::of(&subject)) {
                (Error::Unknown { value, .. }, subject) if value.ends_with(subject.closed()) => {
                    "unknown".into()
                }
                (_, subject) => subject,
            };
            let entry = Entry::new(kind, act).ca(&self.ca).subject(subject.as_part());
            let entry = entry.refused(error.rule());
            self.store.commit(Unit::new(entry))?;
        }
        result
    }

    /// Puts the database in doubt: from now on nothing is committed.
    pub(crate) fn doubt(&self, reason: String) {
        self.store.doubt().raise(reason);
    }
}
