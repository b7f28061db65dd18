//! What is noted, once for each key, of its end: that its destruction was begun, and that it is done.

use std::sync::Arc;

use domain::id::{OperationId, SystemOperation};
use keys::KeyLabel;
use store::reads::ReadWindows;
use store::{Change, Unit};

use crate::error::{Result, system_operation};

/// The hand that reads these notes, and nothing else of what stands beside them.
#[derive(Clone)]
pub(crate) struct KeyEnds(Arc<dyn ReadWindows>);

impl KeyEnds {
    pub(crate) fn new(noted: Arc<dyn ReadWindows>) -> Self {
        Self(noted)
    }

    /// Whether it is noted that the destruction of a key was begun, or done.
    pub(crate) fn is_noted(&self, label: &KeyLabel) -> Result<bool> {
        Ok(self.copies(label)?.is_some() || self.is_done(label)?)
    }

    /// Whether the destruction of a key was noted.
    pub(crate) fn is_done(&self, label: &KeyLabel) -> Result<bool> {
        Ok(self.0.operation(&destroyed(label)?)?.is_some())
    }

    /// The copies that were noted when the destruction of a key was begun; nothing where it was not.
    pub(crate) fn copies(&self, label: &KeyLabel) -> Result<Option<Vec<u8>>> {
        Ok(self.0.operation(&begun(label)?)?)
    }
}

/// The note that the destruction of a key is begun, with the copies that end with it.
pub(crate) fn note_begun(label: &KeyLabel, copies: Vec<u8>) -> Result<Change> {
    Ok(Change::RecordOperation { id: begun(label)?, answer: copies })
}

/// The note that a key was destroyed.
pub(crate) fn note_done(label: &KeyLabel) -> Result<Change> {
    let answer = label.to_string().into_bytes();
    Ok(Change::RecordOperation { id: destroyed(label)?, answer })
}

/// The same unit for as long as no end of the keys with these labels is noted: a copy of one that was made
/// after that would outlive it, and a signature by it would be one too many.
///
/// # Errors
/// [`crate::Error::Refused`] for a label that is none of a CA's key.
pub fn while_kept<'a>(unit: Unit, labels: impl IntoIterator<Item = &'a KeyLabel>) -> Result<Unit> {
    labels.into_iter().try_fold(unit, |unit, label| {
        Ok(unit.unless_noted(begun(label)?).unless_noted(destroyed(label)?))
    })
}

/// The operation under which it is noted, once for a key, that its destruction was begun.
fn begun(label: &KeyLabel) -> Result<OperationId> {
    system_operation(SystemOperation::DestructionBegun, label.as_str())
}

/// The operation under which a destruction is noted, once for a key.
fn destroyed(label: &KeyLabel) -> Result<OperationId> {
    system_operation(SystemOperation::KeyDestroyed, label.as_str())
}
