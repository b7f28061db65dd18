//! What is known of the backup of a key: the digest of its file, as it was written (A 6.2.4).

use domain::id::{OperationId, SystemOperation};
use store::{Change, Store};

use crate::error::{Result, system_operation};

/// The change that notes the SHA-256 of the file of a backup. `key` names the key: its label, and
/// what tells it from one that gave way to it under the same label.
///
/// # Errors
/// [`crate::Error::Refused`] for a name that no operation can have.
pub fn note_backup(key: &str, sha256: [u8; 32]) -> Result<Change> {
    Ok(Change::RecordOperation { id: noted(key)?, answer: sha256.to_vec() })
}

/// The digest that was noted of the backup of a key; none for keys that were made by a program
/// that did not note it.
///
/// # Errors
/// [`crate::Error::Store`].
pub fn noted_backup(store: &dyn Store, key: &str) -> Result<Option<[u8; 32]>> {
    Ok(store.operation(&noted(key)?)?.and_then(|answer| answer.try_into().ok()))
}

fn noted(key: &str) -> Result<OperationId> {
    system_operation(SystemOperation::BackupWritten, key)
}
