//! Reading of one request from received octets, with every bound checked before the parser sees them.

mod extension;
mod limits;
mod structure;
mod translate;

pub use limits::{DecodeError, MAX_CONTROLS, MAX_ELEMENTS, MAX_FILTER_DEPTH, MAX_MESSAGE_BYTES};

use super::message::{Message, Operation, Request, ResultCode};
use structure::{Envelope, Header, StructureError};

/// Reads the request at the start of `octets`.
///
/// Returns the request and the number of octets it took, or `None` when more octets are needed. A
/// request whose structure is sound but whose content is not comes back as [`Request::Refused`], so
/// that the session survives it.
///
/// # Errors
/// [`DecodeError`] when the session cannot go on.
pub fn decode(octets: &[u8]) -> Result<Option<(Message, usize)>, DecodeError> {
    let Some(total) = message_length(octets)? else {
        return Ok(None);
    };
    let Some(message) = octets.get(..total) else {
        return Ok(None);
    };
    let envelope = structure::envelope(message)?;
    let depth = structure::check(message).map(|()| None).or_else(refusal_of)?;
    let message = match depth {
        Some((code, reason)) => refused(&envelope, code, reason.to_owned())?,
        None => parse(message, &envelope)?,
    };
    Ok(Some((message, total)))
}

/// The whole length of the message that starts here, `None` while its header is incomplete.
fn message_length(octets: &[u8]) -> Result<Option<usize>, DecodeError> {
    match octets.first() {
        None => return Ok(None),
        Some(0x30) => {}
        Some(_) => return Err(DecodeError::Malformed { at: 0, rule: "a SEQUENCE was expected" }),
    }
    let Some(Header { content, length, .. }) = Header::read(octets, 0)? else {
        return Ok(None);
    };
    match content.checked_add(length) {
        Some(total) if total <= MAX_MESSAGE_BYTES => Ok(Some(total)),
        _ => Err(DecodeError::TooLong(content.saturating_add(length))),
    }
}

/// A limit that the request may be told about, or an error that ends the session.
fn refusal_of(error: StructureError) -> Result<Option<(ResultCode, &'static str)>, DecodeError> {
    match error {
        StructureError::Limit(reason) => Ok(Some((ResultCode::AdminLimitExceeded, reason))),
        StructureError::Malformed(error) => Err(error),
    }
}

fn parse(octets: &[u8], envelope: &Envelope) -> Result<Message, DecodeError> {
    match envelope.tag {
        // The type of UnbindRequest is NULL, of AbandonRequest INTEGER; neither has a response to fail with.
        0x42 => Ok(Message { id: envelope.id, request: Request::Unbind, controls: Vec::new() }),
        0x50 => {
            let request = Request::Abandon(envelope.abandoned(octets)?);
            Ok(Message { id: envelope.id, request, controls: Vec::new() })
        }
        0x60 if extension::has_unknown_authentication(octets) => {
            let reason = "this way to authenticate is unknown (RFC 4511 4.2)".to_owned();
            refused(envelope, ResultCode::AuthMethodNotSupported, reason)
        }
        _ => translate::message(&extension::without_extensions(octets))
            .or_else(|refusal| refused(envelope, refusal.code, refusal.reason)),
    }
}

fn refused(envelope: &Envelope, code: ResultCode, reason: String) -> Result<Message, DecodeError> {
    let operation = Operation::of_request_tag(envelope.tag).ok_or(DecodeError::Malformed {
        at: envelope.at,
        rule: "this tag is not a request of LDAPv3",
    })?;
    let request = Request::Refused { operation, code, reason };
    Ok(Message { id: envelope.id, request, controls: Vec::new() })
}
