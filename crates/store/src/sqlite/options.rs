//! How a database is opened.

use std::time::Duration;

use domain::staff::Floor;

use crate::journal::PersonalDataKey;
use crate::state::StateKey;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) personal_data_key: PersonalDataKey,
    pub(crate) state_key: StateKey,
    pub(crate) floor: Vec<Floor>,
    pub(crate) readers: usize,
    pub(crate) max_unsealed: Option<Duration>,
    pub(crate) max_pages: Option<u32>,
    /// How many units the writer wrote, each as often as it did.
    #[cfg(test)]
    pub(crate) units: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Options {
    /// The usual way, with the master key of the personal data in the journal and the key under which
    /// rows prove themselves; neither is ever in the database.
    pub fn new(personal_data_key: PersonalDataKey, state_key: StateKey) -> Self {
        Self {
            personal_data_key,
            state_key,
            floor: Vec::new(),
            // Four resting readers serve the cores of a usual server; more are opened when needed.
            readers: 4,
            max_unsealed: None,
            max_pages: None,
            #[cfg(test)]
            units: std::sync::Arc::default(),
        }
    }

    /// Keeps so many active people of these roles in the registry: decided in the commit that would
    /// take one away, whoever else is at it.
    #[must_use]
    pub fn keeping(mut self, floor: impl IntoIterator<Item = Floor>) -> Self {
        self.floor.extend(floor);
        self
    }

    /// How many idle read connections are kept.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// Refuses commits when the oldest unsealed journal entry waits longer than this for its
    /// checkpoint. Without a limit, and so without a sealer, nothing is refused.
    #[must_use]
    pub fn max_unsealed(mut self, limit: Duration) -> Self {
        self.max_unsealed = Some(limit);
        self
    }

    /// Bounds the file, in pages of 4096 bytes: a quota, and a full disk to test with.
    #[must_use]
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }
}
