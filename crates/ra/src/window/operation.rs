//! Operations that can be repeated: recognised by their id, answered as before.

use domain::act::{Act, Actor};
use domain::application::{self, ApplicationEvent, ApplicationState};
use domain::id::{ActorId, ApplicationId, OperationId, SystemOperation};
use domain::journal::EventKind;
use serde::{Deserialize, Serialize};
use store::{Change, Entry, Unit};
use x509::fingerprint::{colon_hex, sha256};

use super::Window;
use super::application::Application;
use super::clerk::clerk;
use crate::authority::Authority;
use crate::error::{Result, WindowError};
use crate::record::{self, Record, Stage};

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
    /// SHA-256 of who asked for what, without any secret.
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

impl Window {
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

    /// What is kept under an operation's id; `request` as in [`begin`](Self::begin).
    pub(super) fn kept<'a>(&self, act: &'a Act, request: &[&str]) -> Result<Kept<'a>> {
        let fingerprint = fingerprint(act, request);
        let Some(stored) = self.store.operation(&act.operation)? else {
            return Ok(Kept::Nothing(Operation { act, fingerprint }));
        };
        let stored: StoredAnswer = serde_json::from_slice(&stored).map_err(unreadable)?;
        let is_same = stored.request == fingerprint;
        Ok(if is_same { Kept::Same(stored.answer) } else { Kept::Another })
    }

    /// One step of an application at its window: permission, repetition, the work, the answer.
    pub(super) fn step<A>(
        &self,
        act: &Act,
        (id, kind): (&ApplicationId, EventKind),
        request: &[&str],
        work: impl FnOnce(Step<'_>) -> Result<()>,
        answer: impl FnOnce(&Application) -> Result<A>,
    ) -> Result<A> {
        let _turn = self.applications.lock(id.as_str());
        let result = (|| {
            let (by, municipality) = clerk(&act.actor)?;
            let application = Application::load(&*self.store, id, municipality)?;
            let request = [&[kind.name(), id.as_str()], request].concat();
            let operation = match self.begin(act, &request)? {
                Begun::First(operation) => operation,
                Begun::Again(_) => {
                    let entry = Entry::new(kind, act).subject(id).no_op();
                    self.store.commit(Unit::new(entry))?;
                    return answer(&application);
                }
            };
            let authority = self.authority(&application.ca)?;
            work(Step { operation, kind, by, application, authority })?;
            answer(&Application::load(&*self.store, id, municipality)?)
        })();
        self.recording(act, kind, id.as_str(), result)
    }
}

/// A step under way.
pub(super) struct Step<'a> {
    pub(super) operation: Operation<'a>,
    pub(super) kind: EventKind,
    pub(super) by: ActorId,
    pub(super) application: Application,
    pub(super) authority: &'a dyn Authority,
}

impl Step<'_> {
    /// The state after `event`, if the table and the policy allow it now.
    pub(super) fn after(&self, event: ApplicationEvent) -> Result<ApplicationState> {
        let Application { kind, state, .. } = self.application;
        let second_approval = self.authority.policy().applications.second_approval;
        Ok(application::after(kind, state, event, second_approval)?)
    }

    /// The journal entry of this step.
    pub(super) fn entry(&self) -> Entry {
        let application = &self.application;
        Entry::new(self.kind, self.operation.act).ca(&application.ca).subject(&application.id)
    }

    /// The unit that takes the application to `to` and stores the operation's answer.
    pub(super) fn unit(
        &self,
        entry: Entry,
        to: ApplicationState,
        mut record: Record,
    ) -> Result<Unit> {
        let (by, at) = (self.by.clone(), self.operation.act.at);
        record.stages.push(Stage { state: to, by, at });
        let id = self.application.id.clone();
        let answer = self.operation.answered(id.as_str())?;
        let from = self.application.state;
        let record = record::encode(&record)?;
        let change = Change::SetApplication { id, from, to, record };
        Ok(Unit::new(entry).change(change).change(answer))
    }
}

/// Who asks for what, as a digest. The operation itself is not in it: it is what is looked up.
fn fingerprint(act: &Act, request: &[&str]) -> String {
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
    colon_hex(&sha256(&text))
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
