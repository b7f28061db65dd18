//! The stored shape of what a holder asked.

use domain::id::{CaId, SerialNumber};
use domain::revocation::RevocationCause;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HolderError, Result};
use crate::error::WindowError;

/// What a holder asked, and by which certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) ca: CaId,
    pub(super) serial: SerialNumber,
    pub(super) cause: RevocationCause,
    pub(super) signer: (CaId, SerialNumber),
    pub(super) received: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAsked {
    version: u8,
    ca: String,
    serial: String,
    cause: String,
    signer_ca: String,
    signer_serial: String,
    received: String,
}

pub(super) fn encode(asked: &Asked) -> Result<Vec<u8>> {
    let stored = StoredAsked {
        version: 1,
        ca: asked.ca.to_string(),
        serial: asked.serial.to_string(),
        cause: asked.cause.to_string(),
        signer_ca: asked.signer.0.to_string(),
        signer_serial: asked.signer.1.to_string(),
        received: asked.received.to_string(),
    };
    serde_json::to_vec(&stored).map_err(unreadable)
}

pub(super) fn decode(stored: &[u8]) -> Result<Asked> {
    let stored: StoredAsked = serde_json::from_slice(stored).map_err(unreadable)?;
    let cause = RevocationCause::from_name(&stored.cause);
    Ok(Asked {
        ca: stored.ca.parse().map_err(unreadable)?,
        serial: stored.serial.parse().map_err(unreadable)?,
        cause: cause.ok_or_else(|| unreadable("an unknown cause"))?,
        signer: (
            stored.signer_ca.parse().map_err(unreadable)?,
            stored.signer_serial.parse().map_err(unreadable)?,
        ),
        received: stored.received.parse().map_err(unreadable)?,
    })
}

/// The database's fault: what stands there has another shape.
pub(super) fn unreadable(problem: impl ToString) -> HolderError {
    let what = "a stored request of a holder";
    WindowError::Unreadable { what, problem: problem.to_string() }.into()
}
