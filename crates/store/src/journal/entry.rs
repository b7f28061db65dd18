//! The canonical bytes of an entry: one JSON object, its fields always in the same order.

use aws_lc_rs::digest::{SHA256, digest};
use domain::act::Actor;
use domain::journal::Outcome;
use serde::{Deserialize, Serialize};

use super::hex;
use crate::state::Changes;
use crate::unit::Entry;
use crate::{Error, Result, Sequence};

/// The version of the stored shape: since 2 an entry names the rows that its unit changed.
const VERSION: u32 = 2;

/// An entry as it is stored and exported. Fields that are absent are left out.
#[derive(Serialize)]
struct StoredEntry<'a> {
    version: u32,
    sequence: Sequence,
    kind: &'a str,
    at: String,
    actor: StoredActor<'a>,
    operation: &'a str,
    outcome: StoredOutcome<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [(&'static str, String)],
    /// SHA-256 of the encrypted personal part: it commits to it, and survives its erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    personal_sha256: Option<String>,
    /// The rows that the unit changed, in its first entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<&'a Changes>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "kebab-case")]
enum StoredActor<'a> {
    WindowClerk { id: &'a str, municipality: &'a str },
    CallCentreAgent { id: &'a str },
    Staff { id: &'a str },
    Verifier { id: &'a str },
    Holder { ca: &'a str, serial: String },
    System { id: &'a str },
    Anonymous,
}

#[derive(Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
enum StoredOutcome<'a> {
    Done,
    NoOp,
    Refused { rule: &'a str },
}

/// The bytes of `entry` at its place.
pub(crate) fn encode(
    entry: &Entry,
    sequence: Sequence,
    personal_ciphertext: Option<&[u8]>,
    changes: Option<&Changes>,
) -> Result<Vec<u8>> {
    let stored = StoredEntry {
        version: VERSION,
        sequence,
        kind: entry.kind.name(),
        at: entry.at.to_string(),
        actor: actor(&entry.actor),
        operation: entry.operation.as_str(),
        outcome: match &entry.outcome {
            Outcome::Done => StoredOutcome::Done,
            Outcome::NoOp => StoredOutcome::NoOp,
            Outcome::Refused { rule } => StoredOutcome::Refused { rule: rule.closed() },
        },
        ca: entry.ca.as_ref().map(|ca| ca.as_str()),
        subject: entry.subject.as_deref(),
        details: &entry.details,
        personal_sha256: personal_ciphertext
            .map(|text| hex::encode(digest(&SHA256, text).as_ref())),
        rows: changes.filter(|changes| !changes.is_empty()),
    };
    serde_json::to_vec(&stored)
        .map_err(|e| Error::Unavailable(format!("encoding a journal entry: {e}")))
}

fn actor(actor: &Actor) -> StoredActor<'_> {
    match actor {
        Actor::WindowClerk { id, municipality } => {
            StoredActor::WindowClerk { id: id.as_str(), municipality: municipality.as_str() }
        }
        Actor::CallCentreAgent(id) => StoredActor::CallCentreAgent { id: id.as_str() },
        Actor::Staff(id) => StoredActor::Staff { id: id.as_str() },
        Actor::Verifier(id) => StoredActor::Verifier { id: id.as_str() },
        Actor::Holder { ca, serial } => {
            StoredActor::Holder { ca: ca.as_str(), serial: serial.to_string() }
        }
        Actor::System(id) => StoredActor::System { id: id.as_str() },
        Actor::Anonymous => StoredActor::Anonymous,
    }
}

/// The place a stored entry says it has, if its bytes can be read at all.
pub(super) fn claimed_sequence(body: &[u8]) -> Option<Sequence> {
    #[derive(Deserialize)]
    struct Place {
        sequence: Sequence,
    }
    serde_json::from_slice::<Place>(body).ok().map(|place| place.sequence)
}
