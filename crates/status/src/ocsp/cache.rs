//! Answers kept for repetition: bounded, and each bound to the state it was made from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use store::StatusRow;

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

/// The answers by CertID as received, whose octets stand in the answer.
///
/// Two halves take turns: what is asked for moves into the young one, and when that is full the old
/// one is dropped. So what nobody asked for during half a capacity goes first, at constant cost.
pub(super) struct Cache {
    half: usize,
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    young: HashMap<Vec<u8>, Arc<Kept>>,
    old: HashMap<Vec<u8>, Arc<Kept>>,
}

impl Cache {
    /// A cache of at most `capacity` answers; none are kept when it is 0.
    pub(super) fn new(capacity: usize) -> Self {
        Self { half: capacity / 2, halves: Mutex::default() }
    }

    /// The answer kept for a CertID.
    pub(super) fn get(&self, cert_id: &[u8]) -> Option<Arc<Kept>> {
        let mut halves = self.lock();
        if let Some(kept) = halves.young.get(cert_id) {
            return Some(Arc::clone(kept));
        }
        let (key, kept) = halves.old.remove_entry(cert_id)?;
        halves.insert(key, Arc::clone(&kept), self.half);
        Some(kept)
    }

    /// Keeps an answer, in the place of any other about the same CertID.
    pub(super) fn put(&self, cert_id: Vec<u8>, kept: Kept) {
        if self.half > 0 {
            self.lock().insert(cert_id, Arc::new(kept), self.half);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn insert(&mut self, key: Vec<u8>, kept: Arc<Kept>, half: usize) {
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
