//! From where verifiers, or people, came in lately: these addresses are no strangers'.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::VerifierId;
use jiff::{SignedDuration, Timestamp};

use crate::subscriber::Link;

/// Hours that an address is known after somebody came in from there: a verifier that asks once a
/// day at its own time stays known.
const KNOWN_HOURS: i64 = 26;

/// Addresses that are known of one of them; the one not seen for longest is forgotten.
const PER_ID: usize = 16;

/// The addresses, by the ids of who came in, shared by all doors. It holds who is registered alone, so
/// strangers cannot make it grow; it is in memory, so that after a start everybody comes in once as a
/// stranger does.
#[derive(Debug)]
pub struct Known<I = VerifierId>(Arc<Mutex<BTreeMap<I, Vec<Seen>>>>);

/// The link of an address, and when it was last seen.
type Seen = (Link, Timestamp);

impl<I> Default for Known<I> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<I> Clone for Known<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I: Ord + Clone> Known<I> {
    /// Notes that whose id this is proved from `address` who they are.
    pub fn note(&self, id: &I, address: IpAddr, now: Timestamp) {
        let link = Link::of(address);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.entry(id.clone()).or_default();
        seen.retain(|(other, _)| *other != link);
        seen.push((link, now));
        let surplus = seen.len().saturating_sub(PER_ID);
        seen.drain(..surplus);
    }

    /// Whether anybody came in from `address` lately.
    pub fn has(&self, address: IpAddr, now: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().any(|seen| is_among(seen, address, now))
    }

    /// Whether this one did.
    pub fn is_of(&self, id: &I, address: IpAddr, now: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).is_some_and(|seen| is_among(seen, address, now))
    }
}

fn is_among(seen: &[Seen], address: IpAddr, now: Timestamp) -> bool {
    let link = Link::of(address);
    let lately = |at: Timestamp| now.duration_since(at) < SignedDuration::from_hours(KNOWN_HOURS);
    seen.iter().any(|(known, at)| *known == link && lately(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v6_an_address_is_known_for_a_day_and_a_verifier_has_sixteen() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let verifier: VerifierId = "verifier-1".parse().expect("an id");
        let other: VerifierId = "verifier-2".parse().expect("an id");
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let known = Known::<VerifierId>::default();
        known.note(&verifier, address(1), at(0));
        assert!(known.has(address(1), at(25)) && known.is_of(&verifier, address(1), at(25)));
        assert!(!known.has(address(1), at(26)), "no longer");
        assert!(!known.has(address(2), at(0)) && !known.is_of(&other, address(1), at(0)));
        for last in 2..=17 {
            known.note(&verifier, address(last), at(1));
        }
        assert!(!known.has(address(1), at(1)), "the oldest is forgotten");
        assert!(known.has(address(2), at(1)) && known.has(address(17), at(1)));
    }
}
