//! Sessions of people who logged in: in memory alone, so that a restart ends them all.
//!
//! Every request moves a session's end on, which as a stored change would be a journal entry for
//! each; and a token that was never written anywhere cannot be read from there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::act::Basis;
use domain::id::ActorId;
use domain::staff::{SESSION_HOURS, SESSION_IDLE_MINUTES};
use jiff::{SignedDuration, Timestamp};

use super::principal::Proof;

/// Sessions at once: more than windows have clerks; each takes a few hundred octets.
const MAX_SESSIONS: usize = 16 << 10;

/// The open sessions, by the SHA-256 of their tokens.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Kept>>);

/// Somebody who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// Who.
    pub(super) person: ActorId,
    /// How they proved who they are.
    pub(super) proof: Proof,
    /// What they had shown.
    pub(super) basis: Basis,
    /// The address they came from, and are bound to.
    pub(super) from: IpAddr,
    /// When they logged in.
    pub(super) opened: Timestamp,
}

/// A session, and when it was used last.
#[derive(Debug)]
struct Kept {
    session: Session,
    used: Timestamp,
}

impl Kept {
    fn is_over(&self, now: Timestamp) -> bool {
        let longer = |since: Timestamp, span| now.duration_since(since) >= span;
        longer(self.session.opened, SignedDuration::from_hours(SESSION_HOURS))
            || longer(self.used, SignedDuration::from_mins(SESSION_IDLE_MINUTES))
    }
}

impl Sessions {
    /// Opens a session, unless there are too many.
    pub(super) fn open(&self, token: [u8; 32], session: Session) -> bool {
        let now = session.opened;
        let mut sessions = self.lock();
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= MAX_SESSIONS {
            return false;
        }
        sessions.insert(token, Kept { session, used: now });
        true
    }

    /// The session of this token, whose end that moves on.
    pub(super) fn find(&self, token: &[u8; 32], now: Timestamp) -> Option<Session> {
        let mut sessions = self.lock();
        if sessions.get(token)?.is_over(now) {
            sessions.remove(token);
            return None;
        }
        let kept = sessions.get_mut(token)?;
        kept.used = kept.used.max(now);
        Some(kept.session.clone())
    }

    /// Ends every session of a person.
    pub(super) fn end_all_of(&self, person: &ActorId) {
        self.lock().retain(|_, kept| kept.session.person != *person);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn of(person: &str) -> Session {
        Session {
            person: person.parse().expect("an id"),
            proof: Proof::Weak,
            basis: Basis::Password(at(0)),
            from: IpAddr::from([127, 0, 0, 1]),
            opened: at(0),
        }
    }

    fn opened() -> (Sessions, ActorId) {
        let sessions = Sessions::default();
        assert!(sessions.open([1; 32], of("clerk-1")));
        (sessions, of("clerk-1").person)
    }

    #[test]
    fn w3_a_session_ends_after_fifteen_idle_minutes() {
        let (sessions, _) = opened();
        assert_eq!(sessions.find(&[1; 32], at(14)), Some(of("clerk-1")));
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
        assert!(sessions.open([2; 32], of("other")));
        sessions.end_all_of(&person);
        assert_eq!(sessions.find(&[1; 32], at(1)), None);
        assert!(sessions.find(&[2; 32], at(1)).is_some());
    }
}
