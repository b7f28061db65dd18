//! What is known of the backup of a key: the digest of its file, as it was written, and on which media
//! (A 6.2.4).

use domain::id::{OperationId, SystemOperation};
use domain::medium::MediumId;
use store::{Change, Store};

use crate::error::{Result, system_operation};

/// The backup of a key, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedBackup {
    /// The SHA-256 of its file.
    pub sha256: [u8; 32],
    /// The media that it was written to when the key was made; none where an earlier program wrote it.
    pub media: Vec<MediumId>,
}

impl NotedBackup {
    /// The digest, and the octets of each medium after it.
    fn encode(&self) -> Vec<u8> {
        let media = self.media.iter().flat_map(|medium| *medium.octets());
        self.sha256.into_iter().chain(media).collect()
    }

    fn decode(octets: &[u8]) -> Option<Self> {
        let (sha256, media) = octets.split_first_chunk()?;
        let (media, []) = media.as_chunks() else { return None };
        Some(Self {
            sha256: *sha256,
            media: media.iter().copied().map(MediumId::from_octets).collect(),
        })
    }
}

/// The change that notes the backup of a key. `key` names the key: its label, and what tells it from one
/// that gave way to it under the same label.
///
/// # Errors
/// [`crate::Error::Refused`] for a name that no operation can have.
pub fn note_backup(key: &str, backup: &NotedBackup) -> Result<Change> {
    Ok(Change::RecordOperation { id: noted(key)?, answer: backup.encode() })
}

/// What was noted of the backup of a key; none for keys that were made by a program that did not note it.
///
/// # Errors
/// [`crate::Error::Store`].
pub fn noted_backup(store: &dyn Store, key: &str) -> Result<Option<NotedBackup>> {
    Ok(store.operation(&noted(key)?)?.and_then(|answer| NotedBackup::decode(&answer)))
}

fn noted(key: &str) -> Result<OperationId> {
    system_operation(SystemOperation::BackupWritten, key)
}
