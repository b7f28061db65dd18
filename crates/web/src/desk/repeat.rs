//! Operations of the desk that can be repeated: recognised by their id, answered as before.
//!
//! The windows keep the answers of their own operations. For the CA's and the register's, whose
//! units know no answer, the desk keeps it, in a unit after theirs: cut between the two, a
//! repetition asks the CA again, where what was done before is a no-op or refused.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::act::Act;
use ra::window::EVENT_OPERATIONS;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Change, Entry, Unit};
use x509::fingerprint::{colon_hex, sha256};

use super::Desk;
use super::permission::Operation;
use crate::problem::{Fault, Problem};

/// One lock for each of a few groups of operation ids: two requests of one id are of one group.
#[derive(Debug)]
pub(super) struct Turns([Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    fn take(&self, id: &str) -> MutexGuard<'_, ()> {
        let group = usize::from(sha256(id.as_bytes())[0]) % self.0.len();
        self.0[group].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is stored of an operation, in the shape the windows store theirs in, so that an id that was
/// used at one is known at the other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAnswer {
    version: u8,
    /// SHA-256 of who asked for what.
    request: String,
    answer: String,
}

impl Desk {
    /// Does `work` once for the operation's id, and answers a repetition as before.
    pub(super) fn once<A: Serialize + DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
        work: impl FnOnce() -> Result<A, Problem>,
    ) -> Result<A, Problem> {
        self.checked(act, operation, unreserved(act))?;
        let _turn = self.turns.take(act.operation.as_str());
        let fingerprint = fingerprint(act, operation, request);
        let entry = Entry::new(operation.kind(), act).subject(operation.name());
        if let Some(stored) = self.store.operation(&act.operation)? {
            let stored: StoredAnswer = read(&stored)?;
            let same = if stored.request == fingerprint { Ok(stored) } else { Err(taken()) };
            let stored = self.checked(act, operation, same)?;
            self.store.commit(Unit::new(entry.no_op()))?;
            return read(stored.answer.as_bytes());
        }
        let answer = work()?;
        let text = serde_json::to_string(&answer).map_err(|error| Problem::broke(&error))?;
        let stored = StoredAnswer { version: 1, request: fingerprint, answer: text };
        let stored = serde_json::to_vec(&stored).map_err(|error| Problem::broke(&error))?;
        let change = Change::RecordOperation { id: act.operation.clone(), answer: stored };
        self.store.commit(Unit::new(entry.detail("answer", "recorded")).change(change))?;
        Ok(answer)
    }
}

fn taken() -> Problem {
    conflict("operation: the id was used for another request")
}

/// Refuses the ids of the register's events: who took one would keep its event from being applied.
fn unreserved(act: &Act) -> Result<(), Problem> {
    if act.operation.as_str().starts_with(EVENT_OPERATIONS) {
        return Err(conflict("operation: ids of this form are the system's own"));
    }
    Ok(())
}

fn conflict(detail: &str) -> Problem {
    Problem::new(Fault::Conflict, detail).about("operation")
}

fn read<T: DeserializeOwned>(stored: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(stored).map_err(|error| Problem::broke(&error))
}

/// Who asks for what, as a digest; the parts cannot run into each other.
fn fingerprint(act: &Act, operation: Operation, request: &[&str]) -> String {
    let actor = format!("{:?}", act.actor);
    let mut text = Vec::new();
    for part in [&[actor.as_str(), "desk", operation.name()], request].concat() {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    colon_hex(&sha256(&text))
}
