//! Numbers that keep apart the subjects that are named within one second.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts on from the last entry of the journal, in memory alone.
#[derive(Debug)]
pub(crate) struct SubjectSequence(AtomicU64);

impl SubjectSequence {
    pub(crate) fn after(last: u64) -> Self {
        Self(AtomicU64::new(last))
    }

    /// A number that no other issuance of this run gets.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
