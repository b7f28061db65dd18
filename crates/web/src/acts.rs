//! Acts: what tells the time of one, and its id.

use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::id::{InvalidId, OperationId};
use jiff::{SignedDuration, Timestamp};

use crate::problem::Problem;

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An act of `actor` now; without an operation id it gets a fresh one.
///
/// # Errors
/// The random generator failed.
pub(crate) fn act_now(
    clock: &Clock,
    actor: Actor,
    operation: Option<OperationId>,
) -> Result<Act, Problem> {
    let operation = operation.map_or_else(fresh_operation, Ok)?;
    Ok(Act::new(actor, clock(), operation))
}

/// The id of an operation that nobody gave one.
pub(crate) fn fresh_operation() -> Result<OperationId, Problem> {
    let id = crate::random::id("op").ok_or_else(|| Problem::broke(&"no randomness"))?;
    id.parse().map_err(|error: InvalidId| Problem::broke(&error))
}

/// So many days after an act.
pub(crate) fn after_days(at: Timestamp, days: i64) -> Result<Timestamp, Problem> {
    let span = SignedDuration::from_hours(24 * days);
    at.checked_add(span).map_err(|error| Problem::broke(&error))
}
