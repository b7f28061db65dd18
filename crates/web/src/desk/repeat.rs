//! Operations of the desk that can be repeated: recognised by their id, answered as before.
//!
//! The windows keep the answers of their own operations. What is one unit, the desk's or a CA's,
//! commits with its answer. What takes several units, or lies outside the database, knows what it did
//! by something of its own: a request by its steps, lists by when they were begun, the register by its
//! cursor and by the operation's id. Its answer is kept in a unit after the last, and a repetition
//! after a cut between the two does nothing twice. What is done to keys has its effect in memory
//! alone, and so has its answer.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::act::Act;
use domain::hexadecimal::colon_hex;
use domain::id::{OperationId, SystemOperation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{AnsweredBefore, Change, Entry, RequestMark, Unit, joined};
use x509::digest::sha256;

use super::permission::Operation;
use crate::kept::{Kept, kept_under};
use crate::ledger::Ledger;
use crate::problem::{Fault, Problem};
use crate::turns::Turns;

/// That an operation is done once. It reads what was kept of operations, and nothing else.
pub(crate) struct Repetition {
    ledger: Ledger,
    kept: Kept,
    turns: Turns,
    recent: Recent,
}

impl Repetition {
    pub(super) fn new(ledger: &Ledger, kept: &Kept) -> Self {
        let (ledger, kept) = (ledger.clone(), kept.clone());
        Self { ledger, kept, turns: Turns::default(), recent: Recent::default() }
    }

    /// Does `work` once for the operation's id, and answers a repetition as before. For what is no one
    /// unit; cut before its answer is kept, `work` is asked again, and must know what it did.
    pub(crate) fn once<A: Serialize + DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
        work: impl FnOnce() -> Result<A, Problem>,
    ) -> Result<A, Problem> {
        let _turn = self.turns.take(act.operation.as_str());
        let request = self.request(act, operation, request)?;
        if let Some(answer) = self.answered_before(act, operation, &request)? {
            return Ok(answer);
        }
        let answer = work()?;
        let entry = Entry::new(operation.kind(), act).subject(operation.name());
        let unit = Unit::new(entry.detail("answer", "recorded"));
        self.ledger.commit(unit.change(recorded(act, &request, &answer)?))?;
        Ok(answer)
    }

    /// The same for what is one unit: it commits with its answer, so that a cut leaves both or neither.
    /// The answer that is kept has no secret in it.
    pub(crate) fn once_in_a_unit<A: Serialize + DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
        decide: impl FnOnce() -> Result<(Unit, A), Problem>,
    ) -> Result<Done<A>, Problem> {
        let _turn = self.turns.take(act.operation.as_str());
        let request = self.request(act, operation, request)?;
        if let Some(answer) = self.answered_before(act, operation, &request)? {
            return Ok(Done::Before(answer));
        }
        let (unit, answer) = decide()?;
        self.ledger.decided(act, operation, unit.change(recorded(act, &request, &answer)?))?;
        Ok(Done::Now(answer))
    }

    /// The same for what a CA or a window commits as one unit of theirs, in which the answer goes along.
    pub(crate) fn once_along<T, A: Serialize + DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
        answer: impl Fn(&T) -> Result<A, Problem>,
        work: impl FnOnce(&dyn Fn(&T) -> store::Result<Change>) -> Result<T, Problem>,
    ) -> Result<A, Problem> {
        let _turn = self.turns.take(act.operation.as_str());
        let request = self.request(act, operation, request)?;
        if let Some(answer) = self.answered_before(act, operation, &request)? {
            return Ok(answer);
        }
        let kept = |done: &T| {
            let kept = answer(done).and_then(|one| recorded(act, &request, &one));
            let what = "answer of an operation".to_owned();
            kept.map_err(|problem| store::Error::Corrupt { what, reason: problem.to_string() })
        };
        answer(&work(&kept)?)
    }

    /// Since when an operation that takes several units is under way, in seconds since 1970, if an
    /// earlier try of it was cut off; else it begins now.
    pub(crate) fn begun_before(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
    ) -> Result<Option<i64>, Problem> {
        let id = kept_under(SystemOperation::Begun, act.operation.as_str())?;
        let request = self.request(act, operation, request)?;
        if let Some(begun) = self.kept_answer(act, operation, &request, &id)? {
            return begun.parse::<i64>().map(Some).map_err(|error| Problem::broke(&error));
        }
        let begun = request.answered(&id, &act.at.as_second().to_string())?;
        let entry = Entry::new(operation.kind(), act).subject(operation.name());
        let unit = Unit::new(entry.detail("answer", "begun"));
        self.ledger.commit(unit.change(begun))?;
        Ok(None)
    }

    /// The same for what has its effect in this process alone, such as a custodian's coming: a restart
    /// forgets both.
    pub(crate) fn once_here<A: Serialize + DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
        work: impl FnOnce() -> Result<A, Problem>,
    ) -> Result<A, Problem> {
        let _turn = self.turns.take(act.operation.as_str());
        let request = self.request(act, operation, request)?;
        if let Some((before, answer)) = self.recent.find(&act.operation) {
            let same = if before == request { Ok(answer) } else { Err(taken()) };
            let answer = self.ledger.checked(act, operation, same)?;
            let entry = Entry::new(operation.kind(), act).subject(operation.name());
            self.ledger.commit(Unit::new(entry.no_op()))?;
            return read(&answer);
        }
        let answer = work()?;
        let text = serde_json::to_string(&answer).map_err(|error| Problem::broke(&error))?;
        self.recent.keep(&act.operation, request, text);
        Ok(answer)
    }

    /// Who asks for what, as it is known again.
    fn request(
        &self,
        act: &Act,
        operation: Operation,
        request: &[&str],
    ) -> Result<RequestMark, Problem> {
        Ok(self.kept.request(act, &[&["desk", operation.name()], request].concat())?)
    }

    /// What is kept under `id` of the same request; the id of another is taken.
    fn kept_answer(
        &self,
        act: &Act,
        operation: Operation,
        request: &RequestMark,
        id: &OperationId,
    ) -> Result<Option<String>, Problem> {
        let same = match self.kept.before(request, id)? {
            AnsweredBefore::No => return Ok(None),
            AnsweredBefore::Same(answer) => Ok(answer),
            AnsweredBefore::Another => Err(taken()),
        };
        self.ledger.checked(act, operation, same).map(Some)
    }

    /// The answer that was given to this operation's id before; the id of another request is taken.
    fn answered_before<A: DeserializeOwned>(
        &self,
        act: &Act,
        operation: Operation,
        request: &RequestMark,
    ) -> Result<Option<A>, Problem> {
        let answer = self.kept_answer(act, operation, request, &act.operation)?;
        let Some(answer) = answer else { return Ok(None) };
        let entry = Entry::new(operation.kind(), act).subject(operation.name());
        self.ledger.commit(Unit::new(entry.no_op()))?;
        read(&answer).map(Some)
    }
}

/// The last answers of what has its effect in this process alone.
#[derive(Debug, Default)]
struct Recent(Mutex<VecDeque<(OperationId, RequestMark, String)>>);

/// More than custodians come in a day; each takes a few hundred octets.
const MOST_RECENT: usize = 256;

impl Recent {
    fn find(&self, id: &OperationId) -> Option<(RequestMark, String)> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = recent.iter().find(|(known, _, _)| known == id);
        found.map(|(_, request, answer)| (request.clone(), answer.clone()))
    }

    fn keep(&self, id: &OperationId, request: RequestMark, answer: String) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(MOST_RECENT - 1);
        recent.push_front((id.clone(), request, answer));
    }
}

/// Whether something was done by this request or by an earlier one with the same id.
pub(crate) enum Done<A> {
    /// By this one.
    Now(A),
    /// By an earlier one, whose answer this was.
    Before(A),
}

impl<A> Done<A> {
    /// The answer, the same either way.
    pub(crate) fn answer(self) -> A {
        match self {
            Self::Now(answer) | Self::Before(answer) => answer,
        }
    }
}

fn recorded<A: Serialize>(act: &Act, request: &RequestMark, answer: &A) -> Result<Change, Problem> {
    let answer = serde_json::to_string(answer).map_err(|error| Problem::broke(&error))?;
    Ok(request.answered(&act.operation, &answer)?)
}

fn taken() -> Problem {
    let detail = "operation: the id was used for another request";
    Problem::new(Fault::Conflict, detail).about("operation")
}

fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Problem> {
    serde_json::from_str(answer).map_err(|error| Problem::broke(&error))
}

/// SHA-256 of the parts.
pub(super) fn digest(parts: &[&str]) -> String {
    colon_hex(&sha256(&joined(parts)))
}
