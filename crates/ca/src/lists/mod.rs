//! The revocation list cycle: build, let the gate read it again, publish (V1, V2, V11).

mod build;
mod gate;
mod late;
mod lint;
#[cfg(test)]
mod tests;

use domain::act::Act;
use domain::certificate::CertificateState;
use domain::crl_series::{Partition, SeriesEvent, SeriesState};
use domain::journal::EventKind;
use domain::policy::Undelivered;
use domain::reason::CERTIFICATE_HOLD_CODE;
use jiff::{SignedDuration, Timestamp};
use store::{Change, CrlKey, CrlRow, Entry, SeriesKey, SeriesRow, StatusRow, Unit};
use x509::crl::RevokedEntry;

use crate::authority::{CertificationAuthority, Generation};
use crate::error::{Error, Result};

pub use gate::Difference;
pub use late::LateList;

/// A list that is built and kept, with what the second reader found in it.
struct Candidate {
    row: CrlRow,
    differences: Vec<Difference>,
}

/// What became of one list of a cycle.
#[derive(Debug)]
pub enum ListOutcome {
    /// It is published.
    Published(CrlRow),
    /// The gate withheld it; what was published before stays up.
    Withheld {
        /// Which list.
        key: CrlKey,
        /// What the second reader found.
        differences: Vec<Difference>,
    },
    /// It could not be built; the next cycle tries again.
    Failed {
        /// Which series.
        series: SeriesKey,
        /// Why.
        error: Error,
    },
}

impl CertificationAuthority {
    /// The series that need a new list at `now`: never published, or due by the policy's period.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn due_lists(&self, now: Timestamp) -> Result<Vec<SeriesKey>> {
        let mut due = Vec::new();
        for key in self.all_series()? {
            let published = self.published(&key)?;
            if published.is_none_or(|row| row.next_publish <= now) {
                due.push(key);
            }
        }
        Ok(due)
    }

    /// Every series the CA publishes: the three ARLs, the servers' list, and one for each
    /// municipality in which it ever issued.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn all_series(&self) -> Result<Vec<SeriesKey>> {
        let mut all = Vec::new();
        for generation in self.generations() {
            let mut partitions = vec![
                Partition::Other,
                Partition::ArlSelfSigned,
                Partition::ArlLink,
                Partition::ArlCross,
            ];
            let counted = self.store.partitions(self.id(), generation.number)?;
            partitions
                .extend(counted.into_iter().filter(|p| matches!(p, Partition::Municipality(_))));
            all.extend(
                partitions.into_iter().map(|partition| self.series_key(&generation, partition)),
            );
        }
        Ok(all)
    }

    /// Builds and publishes every list of `series`; a list that fails does not stop the others.
    pub fn publish_lists(&self, act: &Act, series: &[SeriesKey]) -> Vec<ListOutcome> {
        series
            .iter()
            .map(|key| match self.publish_list(act, key) {
                Ok(outcome) => outcome,
                Err(error) => ListOutcome::Failed { series: key.clone(), error },
            })
            .collect()
    }

    /// Builds the next list of a series and publishes it if the gate lets it pass.
    ///
    /// # Errors
    /// [`Error::Refused`] when less than a second passed since the last list; [`Error::Store`],
    /// [`Error::Keys`], [`Error::Encoding`], [`Error::File`].
    pub fn publish_list(&self, act: &Act, series: &SeriesKey) -> Result<ListOutcome> {
        let candidate = self.build_list(act, series)?;
        let Candidate { row, differences } = candidate;
        let (event, kind) = match differences.first() {
            None => (SeriesEvent::Publish, EventKind::CrlPublished),
            Some(_) => (SeriesEvent::Withhold, EventKind::CrlWithheld),
        };
        let to =
            SeriesState::Built.after(event).map_err(|refused| Error::refused("series", refused))?;
        let mut entry = list_entry(kind, act, &row);
        if let Some(first) = differences.first() {
            entry = entry.refused(first).detail("differences", differences.len());
        }
        let change = Change::SetSeries {
            series: series.clone(),
            from: SeriesState::Built,
            to,
            published: differences.is_empty().then_some(row.key.number),
        };
        self.store.commit(Unit::new(entry).change(change))?;
        Ok(if differences.is_empty() {
            ListOutcome::Published(row)
        } else {
            ListOutcome::Withheld { key: row.key, differences }
        })
    }

    /// The list of a series that is published now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn published(&self, series: &SeriesKey) -> Result<Option<CrlRow>> {
        let Some(SeriesRow { published: Some(number), .. }) = self.series_row(series)? else {
            return Ok(None);
        };
        Ok(self.store.crl(&CrlKey { series: series.clone(), number })?)
    }

    fn series_row(&self, series: &SeriesKey) -> Result<Option<SeriesRow>> {
        Ok(self.store.series(self.id())?.into_iter().find(|row| row.key == *series))
    }

    fn series_key(&self, generation: &Generation, partition: Partition) -> SeriesKey {
        SeriesKey { ca: self.id().clone(), generation: generation.number, partition }
    }

    pub(crate) fn generation(&self, number: u32) -> Result<std::sync::Arc<Generation>> {
        let none = || Error::Unknown { field: "generation", value: number.to_string() };
        self.generations()
            .into_iter()
            .find(|generation| generation.number == number)
            .ok_or_else(none)
    }

    /// Whether certificates that were not delivered yet stand on lists as held.
    fn lists_undelivered(&self) -> bool {
        self.policy.applications.undelivered == Undelivered::Hold
    }

    /// From when on a certificate must have lasted to stand on the next list: an entry stays until
    /// it appeared on one list issued after the certificate's end (RFC 5280 3.3).
    fn expires_from(&self, series: &SeriesKey, number: u64) -> Result<Timestamp> {
        let Some(before) = number.checked_sub(1).filter(|before| *before > 0) else {
            return Ok(Timestamp::MIN);
        };
        let row = self.store.crl(&CrlKey { series: series.clone(), number: before })?;
        Ok(row.map_or(Timestamp::MIN, |row| row.this_update))
    }
}

/// What a list says of a certificate.
fn list_line(row: &StatusRow) -> Option<RevokedEntry> {
    let (revoked_at, code) = match row.state {
        CertificateState::Revoked { at, reason } => (at, reason.code()),
        CertificateState::Held { since } | CertificateState::Undelivered { since } => {
            (since, CERTIFICATE_HOLD_CODE)
        }
        CertificateState::Intended | CertificateState::Good => return None,
    };
    Some(RevokedEntry { serial: row.serial, revoked_at, code })
}

fn list_entry(kind: EventKind, act: &Act, row: &CrlRow) -> Entry {
    Entry::new(kind, act)
        .ca(&row.key.series.ca)
        .subject(format!(
            "{}/{}/{}",
            row.key.series.generation, row.key.series.partition, row.key.number
        ))
        .detail("this_update", row.this_update)
        .detail("next_update", row.next_update)
        .detail("entries", row.entries)
}

fn hours(hours: u16) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}
