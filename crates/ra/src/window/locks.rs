//! Puts in order what is done at the same time to one application or one card.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sixty-four locks; a key always means the same one. Whoever needs two kinds of lock takes that
/// of the application first.
pub(super) struct Locks([Mutex<()>; 64]);

impl Default for Locks {
    fn default() -> Self {
        Self([const { Mutex::new(()) }; 64])
    }
}

impl Locks {
    /// Waits until nobody else holds the lock of `key`.
    pub(super) fn lock(&self, key: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let place = (hasher.finish() % self.0.len() as u64) as usize;
        // The lock guards no data of its own, so a panic elsewhere leaves nothing broken behind it.
        self.0[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
