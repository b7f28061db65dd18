//! The news of the clock on their way into the journal.

use anyhow::Result;
use domain::journal::EventKind;
use store::{Entry, Store, Unit};

use crate::system::System;

impl System {
    /// Tells the journal what the watch over the clock noticed (A 6.8).
    ///
    /// `process` is who noticed: what a check tells of is the server's word.
    pub(crate) fn record_clock(&self, process: &'static str) -> Result<()> {
        for state in self.trusted.take_news() {
            let entry = Entry::new(EventKind::ClockChecked, &self.act("clock-watch")?)
                .subject(state.name())
                .detail("process", process);
            let entry = match state.rule() {
                Some(rule) => entry.refused(rule),
                None => entry,
            };
            self.store.commit(Unit::new(entry))?;
        }
        Ok(())
    }
}
