//! The nonces that cards sign: each drawn by the CA, good once and for a short time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand;
use domain::id::ApplicationId;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};

/// How long a nonce is good for: the commands of a slow card between the drawing and the proof take
/// seconds, a holder who chooses a PIN meanwhile takes minutes.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How many nonces may be open at once: more than all windows of the country need in ten minutes.
const MAX_OPEN: usize = 100_000;

/// The nonces that were drawn and not used yet, one for an application at most.
///
/// They stand in memory alone: after a restart every card is asked anew.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<ApplicationId, Drawn>>);

struct Drawn {
    nonce: [u8; 32],
    at: Timestamp,
}

impl Nonces {
    /// Draws the nonce of an application; it replaces the one before.
    pub(crate) fn draw(&self, application: &ApplicationId, at: Timestamp) -> Result<[u8; 32]> {
        let mut nonce = [0; 32];
        rand::fill(&mut nonce).map_err(|_| Error::Random)?;
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_OPEN {
            open.retain(|_, drawn| drawn.is_fresh(at));
        }
        if open.len() >= MAX_OPEN && !open.contains_key(application) {
            return Err(Error::refused("possession", "too many cards are being asked at once"));
        }
        open.insert(application.clone(), Drawn { nonce, at });
        Ok(nonce)
    }

    /// Whether this is the open nonce of the application; whatever is, it is used up.
    pub(crate) fn spend(
        &self,
        application: &ApplicationId,
        nonce: &[u8; 32],
        at: Timestamp,
    ) -> bool {
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(application);
        drawn.is_some_and(|drawn| drawn.nonce == *nonce && drawn.is_fresh(at))
    }
}

impl Drawn {
    fn is_fresh(&self, at: Timestamp) -> bool {
        let age = at.duration_since(self.at);
        !age.is_negative() && age <= LIFETIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(number: u32) -> ApplicationId {
        format!("ap-{number}").parse().expect("an id")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn k5_a_nonce_is_good_once_for_its_application_and_for_ten_minutes() {
        let nonces = Nonces::default();
        let (noon, later) = (at("2026-04-01T03:00:00Z"), at("2026-04-01T03:10:00Z"));
        let draw = |number| nonces.draw(&application(number), noon).expect("randomness");
        let nonce = draw(1);
        assert!(!nonces.spend(&application(2), &nonce, noon), "another application's");
        assert!(nonces.spend(&application(1), &nonce, later), "the last second belongs to it");
        assert!(!nonces.spend(&application(1), &nonce, later), "used");
        let nonce = draw(1);
        assert!(!nonces.spend(&application(1), &nonce, at("2026-04-01T03:10:01Z")), "too late");
        let (older, newer) = (draw(1), draw(1));
        assert!(!nonces.spend(&application(1), &older, noon), "replaced");
        assert!(!nonces.spend(&application(1), &newer, noon), "a wrong guess uses it up");
    }

    #[test]
    fn open_nonces_are_bounded_and_make_room_by_age() {
        let nonces = Nonces::default();
        let noon = at("2026-04-01T03:00:00Z");
        let last = u32::try_from(MAX_OPEN).expect("small");
        for number in 0..last {
            nonces.draw(&application(number), noon).expect("room");
        }
        assert!(nonces.draw(&application(last), noon).is_err());
        nonces.draw(&application(0), noon).expect("a second one replaces the first");
        nonces.draw(&application(last), at("2026-04-01T03:10:01Z")).expect("the old ones are gone");
    }
}
