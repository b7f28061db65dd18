//! How far operations have come that take long, for whoever asked for them and waits.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::{ActorId, OperationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permission::Operation as Permitted;
use crate::entrance::principal::Principal;
use crate::operation::{Call, Listed, Needs, Operation, Spec, text};
use crate::problem::Problem;

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[Listed::of::<ShowProgress>()];

/// Who asks for an operation, if a person does, and under which id.
type Key = (Option<ActorId>, OperationId);

/// The last step of each operation that is at work and has told one.
#[derive(Debug, Default)]
pub(crate) struct Steps(Mutex<HashMap<Key, String>>);

/// That an operation is at work; once this is dropped, however it ended, nothing is told of it.
pub(crate) struct AtWork<'a> {
    steps: &'a Steps,
    act: &'a Principal,
    /// Most operations tell no step, and leave nothing to be forgotten.
    has_told: Cell<bool>,
}

impl Steps {
    /// Of an act that begins.
    pub(crate) fn begin<'a>(&'a self, act: &'a Principal) -> AtWork<'a> {
        AtWork { steps: self, act, has_told: Cell::new(false) }
    }

    fn last(&self, act: &Principal, operation: &OperationId) -> Option<String> {
        self.lock().get(&key(act, operation)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(act: &Principal, operation: &OperationId) -> Key {
    (act.id().cloned(), operation.clone())
}

impl AtWork<'_> {
    /// Tells a step that was done, in the place of the one before.
    pub(crate) fn tell(&self, step: impl Into<String>) {
        self.has_told.set(true);
        self.steps.lock().insert(key(self.act, &self.act.operation), step.into());
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if self.has_told.get() {
            self.steps.lock().remove(&key(self.act, &self.act.operation));
        }
    }
}

/// Shows how far an operation of one's own has come that is at work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowProgress {
    /// The id under which it was asked for.
    pub operation: text::Operation,
}

impl Operation for ShowProgress {
    const SPEC: Spec = Spec::get(
        Permitted::ShowProgress,
        "/api/v1/me/operations/{operation}",
        "sessions",
        "How far it has come.",
    )
    .needing(Needs::People);

    type Answer = ProgressBody;

    /// No record is read by it, and so it is no entry.
    fn run(self, call: &Call<'_>) -> Result<ProgressBody, Problem> {
        Ok(ProgressBody { step: call.desk().steps().last(call.act(), &self.operation) })
    }
}

/// How far an operation has come.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProgressBody {
    /// The last step that it told; none of what is not at work, or tells none.
    pub step: Option<String>,
}
