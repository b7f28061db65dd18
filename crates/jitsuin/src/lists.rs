//! The revocation lists of every CA: published when they are due, and missed when they are late.

use anyhow::{Result, anyhow};
use ca::{CertificationAuthority, ListOutcome};
use domain::id::CaId;
use store::SeriesKey;

use crate::system::System;

impl System {
    /// Publishes every list that is due; returns how many.
    pub(crate) fn publish_due(&self) -> Result<usize> {
        let now = self.now();
        self.publish(|authority| Ok(authority.list_series().due(now)?))
    }

    /// Publishes what `which` picks of each CA. All are tried: neither a list nor a CA that fails
    /// keeps another from its turn; then the first failure is told.
    fn publish(
        &self,
        which: impl Fn(&CertificationAuthority) -> Result<Vec<SeriesKey>>,
    ) -> Result<usize> {
        let mut published = 0;
        let mut trouble = None;
        for authority in self.authorities.values() {
            let outcome = self
                .act("list-cycle")
                .and_then(|act| Ok(authority.lists().publish_all(&act, &which(authority)?)))
                .and_then(|outcomes| published_lists(authority.id(), outcomes));
            match outcome {
                Ok(count) => published += count,
                Err(error) => {
                    trouble.get_or_insert(error);
                }
            }
        }
        trouble.map_or(Ok(published), Err)
    }

    /// Says of each CA whose planned lists did not come, how many and which ends first.
    ///
    /// # Errors
    /// The same words, so that whoever runs the cycle raises the alarm again until it is mended.
    pub(crate) fn miss_late_lists(&self) -> Result<()> {
        let now = self.now();
        let mut said = Vec::new();
        for (id, authority) in &self.authorities {
            let late = authority.list_series().late(now)?;
            let Some(first) = late.first() else { continue };
            let end =
                first.ends.map_or("was never published".to_owned(), |at| format!("ends {at}"));
            let partition = first.series.partition;
            said.push(format!("{id}: {} lists are late; {partition} {end}", late.len()));
        }
        if said.is_empty() { Ok(()) } else { Err(anyhow!(said.join("; "))) }
    }
}

/// How many lists were published; the first that was not is an error, after all were tried.
fn published_lists(ca: &CaId, outcomes: Vec<ListOutcome>) -> Result<usize> {
    let mut published = 0;
    let mut trouble = None;
    for outcome in outcomes {
        let said = match outcome {
            ListOutcome::Published(_) => {
                published += 1;
                continue;
            }
            ListOutcome::Withheld { key, differences } => {
                let first = differences.first().map(ToString::to_string).unwrap_or_default();
                format!("{ca}: list {} {} is withheld: {first}", key.series.partition, key.number)
            }
            ListOutcome::Failed { series, error } => {
                format!("{ca}: list {}: {error}", series.partition)
            }
        };
        tracing::error!("{said}");
        trouble.get_or_insert(said);
    }
    trouble.map_or(Ok(published), |said| Err(anyhow!(said)))
}
