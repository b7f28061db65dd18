//! Sessions of people who logged in: in memory alone, so that a restart ends them all.
//!
//! Every request moves a session's end on, which as a stored change would be a journal entry for
//! each; and a token that was never written anywhere cannot be read from there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::ActorId;
use domain::staff::{SESSION_HOURS, SESSION_IDLE_MINUTES};
use jiff::{SignedDuration, Timestamp};

use super::principal::Proof;

/// Sessions at once: more than windows have clerks; each takes a few hundred octets.
const MAX_SESSIONS: usize = 16 << 10;

/// The open sessions, by the SHA-256 of their tokens.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

#[derive(Debug, Clone)]
struct Session {
    person: ActorId,
    proof: Proof,
    opened: Timestamp,
    used: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        let longer = |since: Timestamp, span| now.duration_since(since) >= span;
        longer(self.opened, SignedDuration::from_hours(SESSION_HOURS))
            || longer(self.used, SignedDuration::from_mins(SESSION_IDLE_MINUTES))
    }
}

impl Sessions {
    /// Opens a session, unless there are too many.
    pub(super) fn open(
        &self,
        token: [u8; 32],
        person: ActorId,
        proof: Proof,
        now: Timestamp,
    ) -> bool {
        let mut sessions = self.lock();
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= MAX_SESSIONS {
            return false;
        }
        sessions.insert(token, Session { person, proof, opened: now, used: now });
        true
    }

    /// Whose session it is, how they logged in and when; that moves its end on.
    pub(super) fn find(
        &self,
        token: &[u8; 32],
        now: Timestamp,
    ) -> Option<(ActorId, Proof, Timestamp)> {
        let mut sessions = self.lock();
        if sessions.get(token)?.is_over(now) {
            sessions.remove(token);
            return None;
        }
        let session = sessions.get_mut(token)?;
        session.used = session.used.max(now);
        Some((session.person.clone(), session.proof, session.opened))
    }

    /// Ends every session of a person.
    pub(super) fn end_all_of(&self, person: &ActorId) {
        self.lock().retain(|_, session| session.person != *person);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn opened() -> (Sessions, ActorId) {
        let (sessions, person) = (Sessions::default(), "clerk-1".parse().expect("an id"));
        assert!(sessions.open([1; 32], ActorId::clone(&person), Proof::Weak, at(0)));
        (sessions, person)
    }

    #[test]
    fn w3_a_session_ends_after_fifteen_idle_minutes() {
        let (sessions, person) = opened();
        assert_eq!(sessions.find(&[1; 32], at(14)), Some((person, Proof::Weak, at(0))));
        assert!(sessions.find(&[1; 32], at(28)).is_some());
        assert_eq!(sessions.find(&[1; 32], at(43)), None);
        assert_eq!(sessions.find(&[1; 32], at(29)), None, "it does not come back");
        assert_eq!(sessions.find(&[2; 32], at(0)), None);
    }

    #[test]
    fn w3_a_session_ends_after_eight_hours_however_busy() {
        let (sessions, _) = opened();
        for minute in (0..8 * 60).step_by(10) {
            assert!(sessions.find(&[1; 32], at(minute)).is_some(), "{minute}");
        }
        assert_eq!(sessions.find(&[1; 32], at(8 * 60)), None);
    }

    #[test]
    fn w3_a_persons_sessions_end_together() {
        let (sessions, person) = opened();
        assert!(sessions.open([2; 32], "other".parse().expect("an id"), Proof::Weak, at(0)));
        sessions.end_all_of(&person);
        assert_eq!(sessions.find(&[1; 32], at(1)), None);
        assert!(sessions.find(&[2; 32], at(1)).is_some());
    }
}
