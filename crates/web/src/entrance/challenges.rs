//! Challenges for passkeys, of which nothing is kept until one is answered rightly.
//!
//! A challenge is its end, sixteen random octets and a MAC over both, what it is for and whom it was
//! given to. So whoever asks for a million of them fills no memory, and nobody else gets fewer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{self, SystemRandom};
use base64ct::{Base64UrlUnpadded, Encoding};
use domain::id::ActorId;
use jiff::{SignedDuration, Timestamp};

use super::door::one_loopback;
use crate::problem::Problem;

/// Time to answer a challenge: a person looks for their key and puts a finger on it.
const CHALLENGE_MINUTES: i64 = 5;

/// Octets of the end, in seconds since 1970.
const END: usize = 8;

/// Octets of the part that makes each another.
const RANDOM: usize = 16;

/// Octets of a challenge without its MAC.
const SAID: usize = END + RANDOM;

/// Octets of a MAC, HMAC-SHA-256 whole.
const TAG: usize = 32;

/// Whom a challenge is given to, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum For {
    /// Somebody who has come in and registers a passkey.
    Registration(ActorId),
    /// Whoever logs in from this address.
    Login(IpAddr),
}

/// Makes and recognises the challenges of this process.
#[derive(Debug)]
pub(crate) struct Challenges {
    /// Without randomness there is none, and no challenge.
    key: Option<hmac::Key>,
    /// Those that were answered rightly, until they end: only people with passkeys add to it.
    used: Mutex<HashMap<[u8; RANDOM], Timestamp>>,
}

/// A challenge that this process gave, and that has not ended.
#[derive(Debug)]
pub(crate) struct Open {
    random: [u8; RANDOM],
    end: Timestamp,
}

impl Default for Challenges {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, used: Mutex::default() }
    }
}

impl Challenges {
    /// A new one.
    ///
    /// # Errors
    /// The random generator failed.
    pub(crate) fn give(&self, to: &For, now: Timestamp) -> Result<String, Problem> {
        let end = now.as_second() + CHALLENGE_MINUTES * 60;
        let mut said = [0; SAID];
        said[..END].copy_from_slice(&end.to_be_bytes());
        rand::fill(&mut said[END..]).map_err(|_| Problem::broke(&"no randomness"))?;
        let key = self.key.as_ref().ok_or_else(|| Problem::broke(&"no randomness"))?;
        let tag = hmac::sign(key, &signed(&said, to));
        Ok(Base64UrlUnpadded::encode_string(&[&said, tag.as_ref()].concat()))
    }

    /// The challenge, if it was given to `to`, not long ago, and not answered rightly yet.
    pub(crate) fn find(&self, challenge: &str, to: &For, now: Timestamp) -> Option<Open> {
        let octets: [u8; SAID + TAG] =
            Base64UrlUnpadded::decode_vec(challenge).ok()?.try_into().ok()?;
        let (said, tag) = octets.split_at(SAID);
        hmac::verify(self.key.as_ref()?, &signed(said, to), tag).ok()?;
        let (end, random) = said.split_at(END);
        let end = Timestamp::from_second(i64::from_be_bytes(end.try_into().ok()?)).ok()?;
        let left = end.duration_since(now);
        let fresh =
            SignedDuration::ZERO < left && left <= SignedDuration::from_mins(CHALLENGE_MINUTES);
        let random = random.try_into().ok()?;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        (fresh && !used.contains_key(&random)).then_some(Open { random, end })
    }

    /// Takes a challenge that was answered rightly; false where somebody was quicker with it.
    pub(crate) fn spend(&self, open: Open, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, end| now < *end);
        used.insert(open.random, open.end).is_none()
    }
}

fn signed(said: &[u8], to: &For) -> Vec<u8> {
    let whom = match to {
        For::Registration(person) => format!("registration {person}"),
        For::Login(from) => format!("login {}", one_loopback(*from)),
    };
    [said, whom.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    /// 4,083 of them once shut passkeys for everybody for five minutes.
    #[test]
    fn w2_challenges_given_to_strangers_are_not_kept() {
        let challenges = Challenges::default();
        let stranger = For::Login([192, 0, 2, 66].into());
        let first = challenges.give(&stranger, at(0)).expect("a challenge");
        for _ in 0..50_000 {
            let open = challenges.give(&stranger, at(1)).expect("a challenge");
            assert!(challenges.find(&open, &For::Login([192, 0, 2, 1].into()), at(1)).is_none());
        }
        assert!(challenges.used.lock().expect("a lock").is_empty());
        assert!(challenges.find(&first, &stranger, at(299)).is_some(), "and all are good");
    }

    #[test]
    fn w2_a_challenge_is_good_once_in_time_and_for_whom_it_was_given_to() {
        let challenges = Challenges::default();
        let sato = For::Registration("sato".parse().expect("an id"));
        let given = challenges.give(&sato, at(0)).expect("a challenge");
        let find = |to: &For, seconds: i64| challenges.find(&given, to, at(seconds));
        assert!(find(&For::Registration("suzuki".parse().expect("an id")), 1).is_none());
        assert!(find(&For::Login([127, 0, 0, 1].into()), 1).is_none());
        assert!(find(&sato, 300).is_none() && find(&sato, -1).is_none());
        assert!(Challenges::default().find(&given, &sato, at(1)).is_none(), "another process's");
        let mut changed = Base64UrlUnpadded::decode_vec(&given).expect("base64");
        changed[END - 1] += 60;
        let changed = Base64UrlUnpadded::encode_string(&changed);
        assert!(challenges.find(&changed, &sato, at(1)).is_none(), "a later end");
        assert!(challenges.find("", &sato, at(1)).is_none());
        let (one, two) = (find(&sato, 1).expect("open"), find(&sato, 1).expect("open"));
        assert!(challenges.spend(one, at(1)) && !challenges.spend(two, at(1)));
        assert!(find(&sato, 2).is_none());
        let last = challenges.give(&sato, at(400)).expect("a challenge");
        let last = challenges.find(&last, &sato, at(400)).expect("open");
        assert!(challenges.spend(last, at(400)));
        assert_eq!(challenges.used.lock().expect("a lock").len(), 1, "the first has ended");
    }
}
