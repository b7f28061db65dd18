//! What one command does to a record, and when and under which operation it was given.

use domain::act::Act;
use domain::id::{OperationId, ResidentCode};
use domain::resident::Resident;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::register::RegisterEventKind;

/// A resident's record with what certificates do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) resident: Resident,
    /// The planned date of moving out, from the notice until the resident moves in.
    pub(super) moved_out: Option<Date>,
}

/// When a command was given, and under which operation: one that was carried out under the same id
/// is not carried out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub(super) at: Timestamp,
    pub(super) operation: Option<OperationId>,
}

impl From<&Act> for Order {
    fn from(act: &Act) -> Self {
        Self { at: act.at, operation: Some(act.operation.clone()) }
    }
}

/// A command that nobody repeats.
impl From<Timestamp> for Order {
    fn from(at: Timestamp) -> Self {
        Self { at, operation: None }
    }
}

/// What one command does: its events and the record after them, `None` when it was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandEffect {
    pub(super) order: Order,
    pub(super) resident: ResidentCode,
    pub(super) kinds: Vec<RegisterEventKind>,
    pub(super) after: Option<Record>,
}
