//! The steps of an application, each under its lock: permission, repetition, the work, the answer.

use std::sync::Arc;

use domain::act::Act;
use domain::application::{self, ApplicationEvent, ApplicationState};
use domain::id::{ActorId, ApplicationId};
use domain::journal::EventKind;
use store::reads::ReadWindows;
use store::{Change, Entry, Unit};

use super::application::{Application, authority_of};
use super::clerk::clerk;
use super::locks::{Locks, Turn};
use super::operation::{Begun, Operation, Operations};
use crate::authority::{Authorities, Authority};
use crate::error::Result;
use crate::record::{self, Record, Stage};

/// What takes applications from one state to the next, one step of one application at a time.
pub(super) struct Steps {
    operations: Operations,
    records: Arc<dyn ReadWindows>,
    authorities: Arc<Authorities>,
    turns: Locks,
}

impl Steps {
    /// Steps of the applications in `records`, made to `authorities`.
    pub(super) fn new(
        operations: &Operations,
        records: &Arc<dyn ReadWindows>,
        authorities: &Arc<Authorities>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            records: records.clone(),
            authorities: authorities.clone(),
            turns: Locks::default(),
        }
    }

    /// Nobody else's turn at an application, until it is dropped.
    pub(super) fn turn(&self, id: &ApplicationId) -> Turn<'_> {
        self.turns.lock(id.as_str())
    }

    /// One step of an application at its window: permission, repetition, the work, the answer.
    pub(super) fn step<A>(
        &self,
        act: &Act,
        (id, kind): (&ApplicationId, EventKind),
        request: &[&str],
        work: impl FnOnce(StepUnderWay<'_>) -> Result<()>,
        answer: impl FnOnce(&Application) -> Result<A>,
    ) -> Result<A> {
        let _turn = self.turn(id);
        let result = (|| {
            let (by, municipality) = clerk(&act.actor)?;
            let application = Application::load(&*self.records, id, municipality)?;
            let request = [&[kind.name(), id.as_str()], request].concat();
            let operation = match self.operations.begin(act, &request)? {
                Begun::First(operation) => operation,
                Begun::Again(_) => {
                    let entry = Entry::new(kind, act).subject(id).no_op();
                    self.operations.commit(Unit::new(entry))?;
                    return answer(&application);
                }
            };
            let authority = authority_of(&self.authorities, &application.ca)?;
            work(StepUnderWay { operation, kind, by, application, authority })?;
            answer(&Application::load(&*self.records, id, municipality)?)
        })();
        self.operations.recording(act, kind, id, result)
    }
}

/// A step under way.
pub(super) struct StepUnderWay<'a> {
    pub(super) operation: Operation<'a>,
    pub(super) kind: EventKind,
    pub(super) by: ActorId,
    pub(super) application: Application,
    pub(super) authority: &'a dyn Authority,
}

impl StepUnderWay<'_> {
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
