//! What a session gives back: responses, produced as they are taken, and what to do with the connection after them.

use std::collections::VecDeque;

use super::encode::Response;
use super::search::EntryStream;

/// The responses to one request, in order.
pub struct LdapAnswer {
    ready: VecDeque<Response>,
    entries: Option<EntryStream>,
    /// What follows the last response.
    pub next: Next,
}

/// What the connection does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It waits for the next request.
    Continue,
    /// It negotiates TLS.
    StartTls,
    /// It closes.
    Close,
}

impl LdapAnswer {
    pub(super) fn nothing() -> Self {
        Self { ready: VecDeque::new(), entries: None, next: Next::Continue }
    }

    pub(super) fn one(response: Response) -> Self {
        Self { ready: VecDeque::from([response]), ..Self::nothing() }
    }

    pub(super) fn then(self, next: Next) -> Self {
        Self { next, ..self }
    }

    pub(super) fn streamed(entries: EntryStream) -> Self {
        Self { entries: Some(entries), ..Self::nothing() }
    }
}

impl Iterator for LdapAnswer {
    type Item = Response;

    /// The next response. It may read from the directory, and so block.
    fn next(&mut self) -> Option<Response> {
        self.ready.pop_front().or_else(|| self.entries.as_mut()?.next())
    }
}
