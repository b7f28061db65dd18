//! No work without a sealed journal: commits stop when sealing has failed for too long.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Knows how long the oldest unsealed entry has been waiting.
///
/// It needs no word from the sealer, so that a sealer that died closes it too.
pub(super) struct Gate {
    limit: Option<Duration>,
    unsealed_since: Option<Instant>,
}

impl Gate {
    /// A gate that closes after `limit`, or never. Entries left unsealed by the last run wait
    /// from now on.
    pub(super) fn new(limit: Option<Duration>, unsealed: bool) -> Self {
        Self { limit, unsealed_since: unsealed.then(Instant::now) }
    }

    /// Refuses when the limit is passed.
    pub(super) fn check(&self) -> Result<()> {
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
