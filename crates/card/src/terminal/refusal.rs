//! What a card's status words mean to whoever stands at a window.

use super::TerminalError;
use crate::protocol::apdu::{Response, StatusWord};

/// Refuses every answer but success.
pub(super) fn expect_success(
    command: &'static str,
    answer: &Response,
) -> Result<(), TerminalError> {
    match answer.status {
        StatusWord::SUCCESS => Ok(()),
        status => Err(refused(command, status)),
    }
}

/// A refusal with its rule in words.
pub(super) fn refused(command: &'static str, status: StatusWord) -> TerminalError {
    TerminalError::Refused { command, status, rule: rule(status) }
}

fn rule(status: StatusWord) -> &'static str {
    match status {
        StatusWord::TERMINATED => "the card is destroyed",
        StatusWord::WRONG_LENGTH => "the length of the data is wrong",
        StatusWord::SECURITY_STATUS_NOT_SATISFIED => {
            "only after the right secret, or in an authentic channel"
        }
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => "the secret is blocked",
        StatusWord::CONDITIONS_NOT_SATISFIED => "what is on the card does not allow it now",
        StatusWord::COMMAND_NOT_ALLOWED => "the card is not ready for it",
        StatusWord::WRONG_DATA => "what was sent is none for this card",
        StatusWord::FILE_NOT_FOUND => "there is nothing there",
        StatusWord::NOT_ENOUGH_MEMORY => "it is more than the card can hold",
        StatusWord::REFERENCED_DATA_NOT_FOUND => "there is nothing of that name",
        _ => "the card does not know it",
    }
}
