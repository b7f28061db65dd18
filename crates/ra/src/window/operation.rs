//! Operations that can be repeated: recognised by their id, answered as before.

use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::hexadecimal::colon_hex;
use domain::id::{OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::rule::{Closed, Rule};
use serde::{Deserialize, Serialize};
use store::{Change, Entry, Store, Unit};

use crate::error::{Result, WindowError};

const WHAT: &str = "the stored answer of an operation";

/// An operation that was not carried out yet.
pub(super) struct Operation<'a> {
    pub(super) act: &'a Act,
    fingerprint: String,
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

/// What is stored of an operation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAnswer {
    version: u8,
    /// What who asked for what is known again by, without any secret.
    request: String,
    answer: String,
}

impl Operation<'_> {
    /// The change that stores the answer beside what the operation changed.
    pub(super) fn answered(&self, answer: &str) -> Result<Change> {
        let request = self.fingerprint.clone();
        let stored = StoredAnswer { version: 1, request, answer: answer.to_owned() };
        let answer = serde_json::to_vec(&stored).map_err(unreadable)?;
        Ok(Change::RecordOperation { id: self.act.operation.clone(), answer })
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
        let fingerprint = self.fingerprint(act, request)?;
        let Some(stored) = self.store.operation(&act.operation)? else {
            return Ok(Kept::Nothing(Operation { act, fingerprint }));
        };
        let stored: StoredAnswer = serde_json::from_slice(&stored).map_err(unreadable)?;
        let is_same = stored.request == fingerprint;
        Ok(if is_same { Kept::Same(stored.answer) } else { Kept::Another })
    }

    fn fingerprint(&self, act: &Act, request: &[&str]) -> Result<String> {
        Ok(colon_hex(&self.store.request_mark(&asked(act, request))?))
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

/// Who asks for what. The operation itself is not in it: it is what is looked up.
fn asked(act: &Act, request: &[&str]) -> Vec<u8> {
    let actor = match &act.actor {
        Actor::WindowClerk { id, municipality } => format!("clerk {id} of {municipality}"),
        Actor::CallCentreAgent(id) => format!("call-centre agent {id}"),
        Actor::Staff(id) => format!("staff {id}"),
        Actor::Verifier(id) => format!("verifier {id}"),
        Actor::Holder { ca, serial } => format!("holder of {ca}/{serial}"),
        // Whichever part of the program acts, the system goes on from where it was.
        Actor::System(_) => "system".to_owned(),
        Actor::Anonymous => "anonymous".to_owned(),
    };
    let mut text = Vec::new();
    for part in [&[actor.as_str()], request].concat() {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    text
}

/// The operation id under which the office notes what it does once by itself.
pub(super) fn system_operation(what: SystemOperation, name: &str) -> Result<OperationId> {
    OperationId::of_system(what, name).map_err(|error| WindowError::Unreadable {
        what: "an operation id",
        problem: error.to_string(),
    })
}

fn unreadable(error: serde_json::Error) -> WindowError {
    WindowError::Unreadable { what: WHAT, problem: error.to_string() }
}
