//! Answers kept for repetition: bounded, and each bound to the state it was made from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use jiff::Timestamp;
use store::StatusRow;

use super::issuer::Issuer;
use crate::query_log::OcspAsked;

/// An answer about one certificate, with what it was made from.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The whole OCSPResponse.
    pub(super) bytes: Bytes,
    /// The state; the answer may be repeated only while the database still says the same.
    pub(super) row: StatusRow,
    /// [`super::StatusSource::changes`] from before the state was read, or found again.
    pub(super) changes: Option<u64>,
    /// When it was made.
    pub(super) produced_at: Timestamp,
}

/// What the octets of a question ask that nobody signed and anybody may have answered: whoever sends the same
/// octets asks the same, without their being read.
#[derive(Debug)]
pub(super) struct Repeat {
    /// The CertID that stands in them.
    pub(super) cert_id: Vec<u8>,
    /// The state that was told.
    pub(super) row: StatusRow,
    /// What the record says that told it.
    pub(super) asked: Arc<[OcspAsked]>,
    /// The CAs' keys that were served then.
    pub(super) issuers: Weak<Vec<Issuer>>,
}

/// What is kept by octets as received: answers by the CertID that stands in them, repeats by the request.
///
/// Two halves take turns: what is asked for moves into the young one, and when that is full the old
/// one is dropped. So what nobody asked for during half a capacity goes first, at constant cost.
pub(super) struct Cache<T> {
    half: usize,
    halves: Mutex<Halves<T>>,
}

struct Halves<T> {
    young: HashMap<Vec<u8>, Arc<T>>,
    old: HashMap<Vec<u8>, Arc<T>>,
}

impl<T> Cache<T> {
    /// A cache of at most `capacity` values; none are kept when it is 0.
    pub(super) fn new(capacity: usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new() };
        Self { half: capacity / 2, halves: Mutex::new(halves) }
    }

    /// What is kept for these octets.
    pub(super) fn get(&self, octets: &[u8]) -> Option<Arc<T>> {
        let mut halves = self.lock();
        if let Some(kept) = halves.young.get(octets) {
            return Some(Arc::clone(kept));
        }
        let (key, kept) = halves.old.remove_entry(octets)?;
        halves.insert(key, Arc::clone(&kept), self.half);
        Some(kept)
    }

    /// Keeps a value, in the place of any other of the same octets.
    pub(super) fn put(&self, octets: Vec<u8>, kept: T) {
        if self.half > 0 {
            self.lock().insert(octets, Arc::new(kept), self.half);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Halves<T>> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Halves<T> {
    fn insert(&mut self, key: Vec<u8>, kept: Arc<T>, half: usize) {
        if self.young.len() >= half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, kept);
    }
}

#[cfg(test)]
mod tests {
    use domain::certificate::{CertificateKind, CertificateState};
    use domain::crl_series::Partition;
    use domain::id::SerialNumber;

    use super::*;

    fn kept() -> Kept {
        let serial = SerialNumber::from_random([1; 16]).expect("not zero");
        let row = StatusRow {
            serial,
            kind: CertificateKind::TlsServer,
            partition: Partition::Other,
            generation: 1,
            state: CertificateState::Good,
            not_after: Timestamp::UNIX_EPOCH,
        };
        Kept { bytes: Bytes::new(), row, changes: None, produced_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn v5_the_cache_is_bounded_and_keeps_what_is_asked_for() {
        let cache = Cache::new(8);
        for n in 0..100_u8 {
            cache.put(vec![n], kept());
            assert!(cache.get(&[0]).is_some(), "asked for all the time, gone after {n}");
            let halves = cache.lock();
            assert!(halves.young.len() + halves.old.len() <= 8);
        }
        assert!(cache.get(&[50]).is_none());
    }
}
