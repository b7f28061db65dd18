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

/// Sessions of one person at once: a few consoles and browsers. Nobody's are bounded by what others have;
/// each takes a few hundred octets.
const EACH: usize = 8;

/// Sessions that the secret of one enrolment opens, one after the other: it is for the few minutes in which
/// somebody sets a password, and a browser may lose its session before.
const OF_AN_ENROLMENT: u32 = 8;

/// The open sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// By the SHA-256 of their tokens.
    open: Mutex<HashMap<[u8; 32], Kept>>,
    /// How many each enrolment opened, by the SHA-256 of its secret: two people made each of them.
    of_enrolments: Mutex<HashMap<[u8; 32], u32>>,
}

/// Somebody who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Who.
    pub(crate) person: ActorId,
    /// How they proved who they are.
    pub(crate) proof: Proof,
    /// What they had shown.
    pub(crate) basis: Basis,
    /// The address they came from, and are bound to.
    pub(crate) from: IpAddr,
    /// When they logged in.
    pub(crate) opened: Timestamp,
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
    /// Opens a session. Of a person who has eight, the one that was not used for longest ends; and
    /// whoever comes with an enrolment has one.
    pub(crate) fn open(&self, token: [u8; 32], session: Session) {
        let now = session.opened;
        let is_enrolment = |proof| matches!(proof, Proof::Enrolment(_));
        let most = if is_enrolment(session.proof) { 1 } else { EACH };
        let mut sessions = self.lock();
        sessions.retain(|_, kept| !kept.is_over(now));
        let theirs = sessions.iter().filter(|(_, kept)| {
            let other = &kept.session;
            other.person == session.person
                && is_enrolment(other.proof) == is_enrolment(session.proof)
        });
        let mut theirs: Vec<_> = theirs.map(|(token, kept)| (kept.used, *token)).collect();
        theirs.sort_unstable();
        let surplus = (theirs.len() + 1).saturating_sub(most);
        for (_, token) in &theirs[..surplus] {
            sessions.remove(token);
        }
        sessions.insert(token, Kept { session, used: now });
    }

    /// Whether the secret of an enrolment may open one more session, which is counted.
    pub(crate) fn may_open_by(&self, enrolment: &[u8; 32]) -> bool {
        let mut of_each = self.of_enrolments.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = of_each.entry(*enrolment).or_default();
        *opened = opened.saturating_add(1);
        *opened <= OF_AN_ENROLMENT
    }

    /// The session of this token, whose end that moves on.
    pub(crate) fn find(&self, token: &[u8; 32], now: Timestamp) -> Option<Session> {
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
    pub(crate) fn end_all_of(&self, person: &ActorId) {
        self.lock().retain(|_, kept| kept.session.person != *person);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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
        sessions.open([1; 32], of("clerk-1"));
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
        sessions.open([2; 32], of("other"));
        sessions.end_all_of(&person);
        assert_eq!(sessions.find(&[1; 32], at(1)), None);
        assert!(sessions.find(&[2; 32], at(1)).is_some());
    }

    /// Sixteen thousand sessions of one person, whom an enrolment let in, once left none for anybody.
    #[test]
    fn w3_v6_a_person_has_eight_sessions_and_the_one_not_used_for_longest_ends() {
        let (sessions, _) = opened();
        let of_one =
            |number: u8| Session { opened: at(1), ..of(&format!("clerk-{}", 2 + number / 64)) };
        for number in 2..=8 {
            sessions.open([number; 32], of("clerk-1"));
        }
        assert!(sessions.find(&[1; 32], at(1)).is_some());
        sessions.open([9; 32], Session { opened: at(1), ..of("clerk-1") });
        assert!(sessions.find(&[1; 32], at(1)).is_some(), "it was used since");
        let left = (1..=9).filter(|number| sessions.find(&[*number; 32], at(1)).is_some());
        assert_eq!(left.count(), 8);
        for number in 64..=255 {
            sessions.open([number; 32], of_one(number));
        }
        assert!(sessions.find(&[1; 32], at(1)).is_some(), "nobody ends another's");
        assert_eq!(sessions.lock().len(), 8 + 3 * 8);
        assert_eq!(sessions.find(&[255; 32], at(60)), None);
        sessions.open([1; 32], Session { opened: at(60), ..of("clerk-1") });
        assert_eq!(sessions.lock().len(), 1, "what is over is forgotten");
    }

    #[test]
    fn w3_v6_an_enrolment_has_one_session_and_opens_a_few_in_all() {
        let (sessions, _) = opened();
        let enrolled = || Session { proof: Proof::Enrolment([7; 32]), ..of("clerk-1") };
        sessions.open([2; 32], enrolled());
        sessions.open([3; 32], enrolled());
        assert_eq!(sessions.find(&[2; 32], at(1)), None);
        assert!(
            sessions.find(&[1; 32], at(1)).is_some() && sessions.find(&[3; 32], at(1)).is_some()
        );
        let opened = (0..20).filter(|_| sessions.may_open_by(&[7; 32])).count();
        assert_eq!(opened, 8);
        assert!(sessions.may_open_by(&[8; 32]));
    }
}
