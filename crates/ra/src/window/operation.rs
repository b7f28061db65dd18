//! Operations that can be repeated: recognised by their id, answered as before.

use std::sync::Arc;

use domain::act::Act;
use domain::id::{OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::rule::{Closed, Rule};
use store::{AnsweredBefore, Change, Entry, RequestMark, Store, Unit};

use crate::error::{Result, WindowError};

/// An operation that was not carried out yet.
pub(super) struct Operation<'a> {
    pub(super) act: &'a Act,
    request: RequestMark,
}

/// Whether an operation is new.
pub(super) enum Begun<'a> {
    /// It is.
    First(Operation<'a>),
    /// It was carried out before, with this answer.
    Again(String),
}

/// What is kept of an operation, held against one that is asked for.
pub(super) enum Kept<'a> {
    /// Nothing.
    Nothing(Operation<'a>),
    /// The same was carried out, with this answer.
    Same(String),
    /// Another was carried out under the same id.
    Another,
}

impl Operation<'_> {
    /// The change that stores the answer beside what the operation changed.
    pub(super) fn answered(&self, answer: &str) -> Result<Change> {
        Ok(self.request.answered(&self.act.operation, answer)?)
    }
}

/// The store as the parts of the window work with it: what was carried out before is looked up by its id,
/// what is refused is journaled, and what was decided is committed.
#[derive(Clone)]
pub(super) struct Operations {
    store: Arc<dyn Store>,
}

impl Operations {
    /// Operations on this store.
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Looks an operation up by its id; `request` is what is asked, without any secret.
    pub(super) fn begin<'a>(&self, act: &'a Act, request: &[&str]) -> Result<Begun<'a>> {
        match self.kept(act, request)? {
            Kept::Nothing(operation) => Ok(Begun::First(operation)),
            Kept::Same(answer) => Ok(Begun::Again(answer)),
            Kept::Another => {
                Err(WindowError::refused("operation", "the id was used for another request"))
            }
        }
    }

    /// Commits what was decided.
    ///
    /// # Errors
    /// What the store says; nothing is changed then.
    pub(super) fn commit(&self, unit: Unit) -> Result<()> {
        self.store.commit(unit)?;
        Ok(())
    }

    /// What is kept under an operation's id; `request` as in [`begin`](Self::begin).
    pub(super) fn kept<'a>(&self, act: &'a Act, request: &[&str]) -> Result<Kept<'a>> {
        let request = RequestMark::of(&*self.store, act, request)?;
        Ok(match request.before(&*self.store, &act.operation)? {
            AnsweredBefore::No => Kept::Nothing(Operation { act, request }),
            AnsweredBefore::Same(answer) => Kept::Same(answer),
            AnsweredBefore::Another => Kept::Another,
        })
    }

    /// Journals a refusal; without the journal's word there is no answer but the journal's error.
    pub(super) fn recording<A>(
        &self,
        act: &Act,
        kind: EventKind,
        subject: impl Closed,
        result: Result<A>,
    ) -> Result<A> {
        if let Err(error) = &result
            && let Some(rule) = error.refusal()
        {
            let kind = match error {
                WindowError::NotPermitted(_) | WindowError::Elsewhere { .. } => {
                    EventKind::AccessRefused
                }
                _ => kind,
            };
            // What names nothing is a text that somebody typed, and no entry is ever erased.
            let is_known = !error.is_of_no_such_subject(kind);
            let subject = if is_known { Rule::of(&subject) } else { "unknown".into() };
            let mut entry = Entry::new(kind, act).subject(subject.as_part()).refused(rule);
            if let WindowError::Doubted { holder, doubt } = error {
                entry = entry.personal(holder, doubt);
            }
            self.commit(Unit::new(entry))?;
        }
        result
    }
}

/// The operation id under which the office notes what it does once by itself.
pub(super) fn system_operation(what: SystemOperation, name: &str) -> Result<OperationId> {
    OperationId::of_system(what, name).map_err(|error| WindowError::Unreadable {
        what: "an operation id",
        problem: error.to_string(),
    })
}
