//! No work without a sealed journal: commits stop when sealing fails, and when it takes too long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// What the last sealing failed by, from whoever seals to the gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Failing(Arc<Mutex<Option<String>>>);

impl Failing {
    /// Takes note of how the last sealing ended.
    pub(super) fn note(&self, failure: Option<&str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure.map(str::to_owned);
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Knows how long the oldest unsealed entry has been waiting, and whether the last sealing failed:
/// what is acknowledged meanwhile would be in no evidence.
///
/// It needs no word from the sealer, so that a sealer that died closes it too.
pub(super) struct Gate {
    limit: Option<Duration>,
    unsealed_since: Option<Instant>,
    failing: Failing,
}

impl Gate {
    /// A gate that closes after `limit`, or never. Entries left unsealed by the last run wait
    /// from now on.
    pub(super) fn new(limit: Option<Duration>, unsealed: bool, failing: Failing) -> Self {
        Self { limit, unsealed_since: unsealed.then(Instant::now), failing }
    }

    /// Refuses when the last sealing failed, or the limit is passed.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(failure) = self.failing.get() {
            return Err(Error::Unavailable(format!("the journal cannot be sealed: {failure}")));
        }
        match (self.limit, self.unsealed_since) {
            (Some(limit), Some(since)) if since.elapsed() >= limit => {
                Err(Error::Unavailable(format!(
                    "the journal has waited {} s for its seal, and {} s is the limit",
                    since.elapsed().as_secs(),
                    limit.as_secs()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Entries were committed.
    pub(super) fn committed(&mut self) {
        self.unsealed_since.get_or_insert_with(Instant::now);
    }

    /// A checkpoint was stored; `unsealed` says whether entries came in meanwhile.
    pub(super) fn sealed(&mut self, unsealed: bool) {
        self.unsealed_since = unsealed.then(Instant::now);
    }
}
