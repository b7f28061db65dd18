//! Who asks for what is published, in three crowds: a password that somebody guesses holds up neither
//! whoever shows none nor a verifier.

use std::net::IpAddr;

use crate::crowd::{Crowd, Entered};
use crate::subscriber::Asker;

/// What somebody shows who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing: they want what is open.
    Nothing,
    /// A password, which is hashed unless it is remembered.
    Password,
}

/// The places of a protocol for those who ask, or want to come in as verifiers.
#[derive(Debug)]
pub(crate) struct Askers {
    open: Crowd,
    guesses: Crowd,
    verifiers: Crowd,
}

impl Askers {
    /// With so many places for each of the three.
    pub(crate) fn of(at_once: usize) -> Self {
        let [open, guesses, verifiers] = [at_once; 3].map(Crowd::of);
        Self { open, guesses, verifiers }
    }

    /// A place for whoever comes from `from` and shows this; nothing where there is none for seconds.
    /// `is_known` says that a verifier came in from there lately.
    pub(crate) async fn enter(
        &self,
        from: IpAddr,
        shown: Shown,
        is_known: bool,
    ) -> Option<Entered> {
        let crowd = match (shown, is_known) {
            (Shown::Nothing, _) => &self.open,
            (Shown::Password, false) => &self.guesses,
            (Shown::Password, true) => &self.verifiers,
        };
        crowd.enter(Asker::at(from)).await
    }
}
