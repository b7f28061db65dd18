//! Puts in order what is done at the same time to one application or one card.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A lock for each id, and none for the others. Whoever needs two kinds of lock takes that of the
/// application first.
#[derive(Default)]
pub(super) struct Locks {
    held: Mutex<HashSet<String>>,
    freed: Condvar,
}

/// Nobody else's turn at an id, until it is dropped.
pub(super) struct Turn<'a> {
    locks: &'a Locks,
    id: String,
}

impl Locks {
    /// Waits until nobody else has the turn at `id`.
    pub(super) fn lock(&self, id: &str) -> Turn<'_> {
        let mut held = self.held();
        while !held.insert(id.to_owned()) {
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        Turn { locks: self, id: id.to_owned() }
    }

    fn held(&self) -> MutexGuard<'_, HashSet<String>> {
        // An insertion or removal is whole or did not happen, so a panic leaves nothing broken.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.locks.held().remove(&self.id);
        self.locks.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_id_is_one_turn_and_another_does_not_wait() {
        let locks = Locks::default();
        // With few locks for all ids, one of so many would wait for itself here for ever.
        let all: Vec<_> = (0..500).map(|n| locks.lock(&format!("card-{n}"))).collect();
        assert_eq!(locks.held().len(), all.len());
        drop(all);
        assert!(locks.held().is_empty());
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _turn = locks.lock("card");
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 0, "nobody was inside with another");
    }
}
