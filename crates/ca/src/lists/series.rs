//! The series of lists: which there are, which list of each is published, and which are due.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::crl_series::Partition;
use domain::policy::{Policy, Undelivered};
use jiff::Timestamp;
use store::reads::{ReadJournal, ReadLists};
use store::{CrlKey, CrlRow, SeriesKey, SeriesRow};

use super::time::is_of_a_wrong_time;
use crate::adoption::PolicyInEffect;
use crate::error::Result;
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;

/// The series of a CA's lists, read. It has no key and commits nothing.
pub struct ListSeries {
    policy: Arc<PolicyInEffect>,
    generations: Arc<Generations>,
    rows: Arc<dyn ReadLists>,
    journal: Arc<dyn ReadJournal>,
}

impl ListSeries {
    pub(crate) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            generations: hands.generations.clone(),
            rows: hands.store.clone(),
            journal: hands.store.clone(),
        }
    }

    /// The series that need a new list at `now`: never published, or due by the policy's period.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn due(&self, now: Timestamp) -> Result<Vec<SeriesKey>> {
        let mut due = Vec::new();
        for key in self.at(now)? {
            let is_due = match self.published(&key)? {
                None => true,
                Some(row) => {
                    row.next_publish <= now || is_of_a_wrong_time(&*self.journal, &row, now)?
                }
            };
            if is_due {
                due.push(key);
            }
        }
        Ok(due)
    }

    /// Every series the CA ever published or will: of each generation of its key the three ARLs, the
    /// servers' list, and one for each municipality in which it ever issued.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn all(&self) -> Result<Vec<SeriesKey>> {
        self.series_of(self.generations.all())
    }

    /// The series that the CA still publishes at `now`: those of every generation whose root has
    /// not ended, since each signs what it once signed for until then (A 5.6, K6), and whose key was
    /// not destroyed.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn at(&self, now: Timestamp) -> Result<Vec<SeriesKey>> {
        self.series_of(self.generations.listing_at(now)?)
    }

    fn series_of(&self, generations: Vec<Arc<Generation>>) -> Result<Vec<SeriesKey>> {
        let mut all = Vec::new();
        let partitions = self.served()?;
        for generation in generations {
            all.extend(partitions.iter().map(|partition| self.key(&generation, *partition)));
        }
        Ok(all)
    }

    /// The partitions of which every generation has lists.
    fn served(&self) -> Result<Vec<Partition>> {
        let mut partitions = vec![
            Partition::Other,
            Partition::ArlSelfSigned,
            Partition::ArlLink,
            Partition::ArlCross,
        ];
        // A list holds what all generations certified, so each has one for every municipality.
        let mut counted = BTreeSet::new();
        for generation in self.generations.all() {
            counted.extend(self.generations.partitions(&generation)?);
        }
        partitions.extend(counted.into_iter().filter(|p| matches!(p, Partition::Municipality(_))));
        Ok(partitions)
    }

    /// The list of a series that is published now.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn published(&self, series: &SeriesKey) -> Result<Option<CrlRow>> {
        let Some(SeriesRow { published: Some(number), .. }) = self.rows.series_row(series)? else {
            return Ok(None);
        };
        Ok(self.rows.crl(&CrlKey { series: series.clone(), number })?)
    }

    pub(super) fn key(&self, generation: &Generation, partition: Partition) -> SeriesKey {
        SeriesKey { ca: self.policy.id().clone(), generation: generation.number, partition }
    }

    /// From when on a certificate must have lasted to stand on the next list: an entry stays until
    /// it appeared on one list issued after the certificate's end (RFC 5280 3.3).
    pub(super) fn expires_from(&self, series: &SeriesKey, number: u64) -> Result<Timestamp> {
        // What the gate withheld nobody saw: it counts for nothing here.
        let seen = self.published(series)?.filter(|row| row.key.number < number);
        Ok(seen.map_or(Timestamp::MIN, |row| row.this_update))
    }
}

/// Whether certificates that were not delivered yet stand on lists as held.
pub(super) fn lists_undelivered(policy: &Policy) -> bool {
    policy.applications.undelivered == Undelivered::Hold
}
