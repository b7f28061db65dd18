//! That an operation is done once: what is kept under its id, of who asked for what and what was answered.

use aws_lc_rs::digest::{SHA256, digest};
use domain::act::{Act, Actor};
use domain::hexadecimal::colon_hex;
use domain::id::OperationId;
use serde::{Deserialize, Serialize};

use crate::reads::ReadWindows;
use crate::{Change, Error, Result};

/// Since this version what is stored of a request is keyed; before, it was SHA-256 of the request.
const VERSION: u8 = 2;

/// What is stored: ids and closed words, and nothing that was typed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u8,
    request: String,
    answer: String,
}

/// Who asks for what, as it is known again. The operation's id is no part of it: it is what is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMark {
    mark: String,
    /// As version 1 had it: the register's events of years ago are known by it.
    sha256: String,
}

/// What is kept under the id of an operation that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnsweredBefore {
    /// Nothing.
    No,
    /// The same was carried out, with this answer.
    Same(String),
    /// Another was carried out under the same id.
    Another,
}

impl RequestMark {
    /// The mark of what `act`'s actor asks for, in parts and without any secret.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn of(store: &dyn ReadWindows, act: &Act, request: &[&str]) -> Result<Self> {
        let actor = match &act.actor {
            Actor::WindowClerk { id, municipality } => format!("clerk {id} of {municipality}"),
            Actor::CallCentreAgent(id) => format!("call-centre agent {id}"),
            Actor::Staff(id) => format!("staff {id}"),
            Actor::Verifier(id) => format!("verifier {id}"),
            Actor::Holder { ca, serial } => format!("holder of {ca}/{serial}"),
            // Whichever part of the program acts, the system goes on from where it was.
            Actor::System(_) => "system".to_owned(),
            Actor::Anonymous => "anonymous".to_owned(),
        };
        let request = joined(&[&[actor.as_str()], request].concat());
        let mark = colon_hex(&store.request_mark(&request)?);
        Ok(Self { mark, sha256: colon_hex(digest(&SHA256, &request).as_ref()) })
    }

    /// What was carried out before under `id`, held against this.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Corrupt`] for what nobody stored so.
    pub fn before(&self, store: &dyn ReadWindows, id: &OperationId) -> Result<AnsweredBefore> {
        let Some(stored) = store.operation(id)? else { return Ok(AnsweredBefore::No) };
        let stored: Stored = serde_json::from_slice(&stored).map_err(|error| Error::Corrupt {
            what: format!("the stored answer of operation {id}"),
            reason: error.to_string(),
        })?;
        let known_by = if stored.version < VERSION { &self.sha256 } else { &self.mark };
        let is_same = stored.request == *known_by;
        Ok(if is_same { AnsweredBefore::Same(stored.answer) } else { AnsweredBefore::Another })
    }

    /// The change that keeps the answer under `id`, beside what the operation changes.
    ///
    /// # Errors
    /// [`Error::Corrupt`], for an answer that cannot be written.
    pub fn answered(&self, id: &OperationId, answer: &str) -> Result<Change> {
        let (request, answer) = (self.mark.clone(), answer.to_owned());
        let stored = serde_json::to_vec(&Stored { version: VERSION, request, answer });
        let answer = stored.map_err(|error| Error::Corrupt {
            what: format!("the answer of operation {id}"),
            reason: error.to_string(),
        })?;
        Ok(Change::RecordOperation { id: id.clone(), answer })
    }
}

/// Parts one after the other, so that they cannot run into each other.
pub fn joined(parts: &[&str]) -> Vec<u8> {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn e2_the_parts_of_a_request_do_not_run_into_each_other() {
        assert_ne!(joined(&["ab", "c"]), joined(&["a", "bc"]));
        assert_ne!(joined(&["ab", ""]), joined(&["ab"]));
        assert!(joined(&[]).is_empty());
    }
}
