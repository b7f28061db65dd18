//! Wrong passwords of verifiers, counted for each name and address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::id::VerifierId;
use domain::staff::{Attempts, LOCKOUT_MINUTES};
use jiff::{SignedDuration, Timestamp};

use super::Attempt;
use crate::subscriber::Subscriber;

/// Counts kept at once. Each of them cost somebody a hash, of which there are some thirty a second;
/// beyond, the one that began first is forgotten.
const MAX_COUNTS: usize = 4096;

type Whose = (Option<VerifierId>, Subscriber);

/// As many wrong ones as lock a person's password lock a verifier's, for as long, but only for the
/// address they came from: a password of 120 random bits is not guessed from many addresses, and a
/// lock for all of them would be a stranger's switch. Names that nobody has count together, so that a
/// lock does not tell which there are.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<HashMap<Whose, (Attempts, Timestamp)>>);

impl Counts {
    pub(super) fn is_locked(&self, whose: &Option<VerifierId>, attempt: Attempt) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = counts.get(&(whose.clone(), Subscriber::of(attempt.from)));
        found.is_some_and(|(attempts, _)| attempts.is_locked(attempt.at))
    }

    pub(super) fn wrong(&self, whose: Option<VerifierId>, attempt: Attempt) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (whose, Subscriber::of(attempt.from));
        if counts.len() >= MAX_COUNTS && !counts.contains_key(&key) {
            make_room(&mut counts, attempt.at);
        }
        let (attempts, last) = counts.entry(key).or_insert((Attempts::default(), attempt.at));
        if !attempts.is_locked(attempt.at) {
            *attempts = attempts.after_failure(attempt.at);
        }
        *last = attempt.at;
    }

    pub(super) fn right(&self, whose: &Option<VerifierId>, attempt: Attempt) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&(whose.clone(), Subscriber::of(attempt.from)));
    }
}

/// Forgets what counts no more, or else what was added to least lately.
fn make_room(counts: &mut HashMap<Whose, (Attempts, Timestamp)>, now: Timestamp) {
    let span = SignedDuration::from_mins(LOCKOUT_MINUTES);
    counts.retain(|_, (_, last)| now.duration_since(*last) <= span);
    if counts.len() >= MAX_COUNTS {
        let oldest = counts.iter().min_by_key(|(_, (_, last))| *last);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn v6_counts_of_wrong_passwords_have_an_end() {
        let counts = Counts::default();
        let start = Timestamp::UNIX_EPOCH;
        let attempt = |number: u32, seconds: i64| Attempt {
            from: IpAddr::from(number.to_be_bytes()),
            at: start + SignedDuration::from_secs(seconds),
        };
        for number in 0..5000 {
            counts.wrong(None, attempt(number, i64::from(number) / 100));
        }
        assert_eq!(counts.0.lock().expect("a lock").len(), MAX_COUNTS);
        counts.wrong(None, attempt(9999, 3600));
        assert_eq!(counts.0.lock().expect("a lock").len(), 1, "the old ones count no more");
    }
}
