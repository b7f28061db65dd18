//! What verifiers signed is believed once: whoever overhears a request cannot ask by it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use store::{HeardRequest, HeardRequests};

/// How long a client may send the same request once more from the same address: it got no answer, or lost
/// it.
const RETRY: SignedDuration = SignedDuration::from_mins(1);

/// Remembers the requests that registered verifiers signed.
///
/// # Contract
/// A request of which `hear` returned nothing is never again one of which it returns nothing, until its
/// signer's certificate has ended. What comes back is when it was heard first, to the second, and from where.
/// Once its query record is written, this holds after the process's end too. It is called from many threads at once, once for each request and before the answer, and should
/// not wait for a disk each time.
pub trait RequestMemory: Send + Sync {
    /// Notes a request. If it was noted before, what was noted then comes back.
    ///
    /// # Errors
    /// The store's own: whether it was noted is not known then, and nobody is answered.
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>>;
}

/// The retries that were let through, so that each request has one at most.
#[derive(Debug, Default)]
pub(super) struct Retries(Mutex<Spent>);

/// Requests whose retry was spent, in two spans of [`RETRY`] at least: what the older one holds is too old
/// for another, whenever the spans turn.
#[derive(Debug, Default)]
struct Spent {
    /// When the first request came to this process. What one before it heard may have been retried there.
    since: Option<Timestamp>,
    turned: Option<Timestamp>,
    newer: HashSet<[u8; 16]>,
    older: HashSet<[u8; 16]>,
}

impl Retries {
    /// Whether a client that lost its answer may have sent the request once more, and none did before: it
    /// came from the same address within the window, and this process heard the first. It is spent then.
    pub(super) fn spend(&self, first: Option<&HeardRequest>, again: &HeardRequest) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *spent.since.get_or_insert(again.at);
        let Some(first) = first else { return false };
        let after = again.at.duration_since(first.at);
        let in_time = !after.is_negative() && after <= RETRY && since <= first.at;
        in_time && first.from == again.from && spent.note(again)
    }
}

impl Spent {
    /// Notes it; whether it was not noted before.
    fn note(&mut self, again: &HeardRequest) -> bool {
        let turned = *self.turned.get_or_insert(again.at);
        if again.at.duration_since(turned) > RETRY {
            self.turned = Some(again.at);
            self.older = std::mem::take(&mut self.newer);
        }
        !self.older.contains(&again.digest) && self.newer.insert(again.digest)
    }
}

impl RequestMemory for HeardRequests {
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>> {
        HeardRequests::hear(self, request)
    }
}

/// The in-memory twin: it ends with the process.
#[derive(Debug, Default)]
pub struct MemoryOfRequests(Mutex<HashMap<[u8; 16], HeardRequest>>);

impl MemoryOfRequests {
    /// Whether nothing was noted yet.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl RequestMemory for MemoryOfRequests {
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.get(&request.digest).copied();
        if before.is_none() {
            heard.insert(request.digest, *request);
        }
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::{check, expect_remembered};
    use super::*;

    #[test]
    fn v5_the_twin_of_the_memory_keeps_what_the_responder_relies_on() {
        let memory = MemoryOfRequests::default();
        check(&memory);
    }

    #[test]
    fn v5_what_is_kept_of_requests_keeps_what_the_responder_relies_on() {
        let place = tempfile::tempdir().expect("a directory");
        let open = || HeardRequests::open(&place.path().join("heard.db")).expect("a memory").0;
        let memory = open();
        let noted = check(&memory);
        memory.begin_segment(1).expect("written");
        expect_remembered(&memory, &noted);
        drop(memory);
        expect_remembered(&open(), &noted);
    }

    #[test]
    fn v5_each_request_has_one_retry_and_none_of_what_another_process_heard() {
        let start = Timestamp::UNIX_EPOCH;
        let request = |number: u8, second: i64| HeardRequest {
            digest: [number; 16],
            until: Timestamp::MAX,
            at: start + SignedDuration::from_secs(second),
            from: [192, 0, 2, 1].into(),
        };
        let retries = Retries::default();
        let spends = |number, first, again| {
            retries.spend(Some(&request(number, first)), &request(number, again))
        };
        assert!(!retries.spend(None, &request(1, 100)), "it is the first");
        assert!(spends(1, 100, 100) && !spends(1, 100, 101));
        assert!(!spends(2, 99, 100), "heard before this process was there");
        assert!(!spends(3, 100, 161) && !spends(3, 101, 100), "not within the minute");
        // However the spans turn, no retry is let through twice.
        for second in (100..1_000).step_by(7) {
            let number = second as u8;
            assert!(spends(number, second, second + 30), "{second}");
            assert!(!spends(number, second, second + 60), "{second}");
        }
        let kept = retries.0.lock().expect("a lock");
        assert!(kept.newer.len() + kept.older.len() < 30, "and they are forgotten");
    }
}
