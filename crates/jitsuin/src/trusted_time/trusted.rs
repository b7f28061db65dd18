//! The clock of an installation under watch, and the news of it until they are told.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::trusted_time::{ClockState, ClockWatch, SntpClient, TimeConfig, TimeSource, monotonic};

/// The watch, and what it noticed that the journal does not know yet.
#[derive(Clone)]
pub(crate) struct TrustedClock {
    pub(crate) watch: Arc<ClockWatch>,
    news: Arc<Mutex<Vec<ClockState>>>,
}

impl TrustedClock {
    /// Watches `clock`, and asks the configured source a first time.
    pub(crate) fn new(config: &TimeConfig, clock: &Clock) -> Self {
        let news: Arc<Mutex<Vec<ClockState>>> = Arc::default();
        let noticed = news.clone();
        // Noticed perhaps by somebody about to sign: the entry is made later, by another.
        let on_change = Box::new(move |state: &ClockState| {
            noticed.lock().unwrap_or_else(PoisonError::into_inner).push(*state);
        });
        let beat = monotonic();
        let source = config.source.as_deref().map(|server| -> Box<dyn TimeSource> {
            Box::new(SntpClient::new(server, clock.clone(), beat.clone()))
        });
        let watch = ClockWatch::new(config, clock.clone(), beat, source, on_change);
        watch.tick();
        Self { watch: Arc::new(watch), news }
    }

    /// The clock by which acts are dated.
    pub(crate) fn clock(&self) -> Clock {
        let watch = self.watch.clone();
        Arc::new(move || watch.now())
    }

    pub(super) fn take_news(&self) -> Vec<ClockState> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
