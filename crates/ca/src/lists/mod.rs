//! The revocation list cycle: build, let the gate read it again, publish (V1, V2, V11).

mod before;
mod build;
mod gate;
mod late;
mod lint;
#[cfg(test)]
mod tests;
mod time;

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use domain::act::Act;
use domain::certificate::CertificateState;
use domain::crl_series::{Partition, SeriesEvent, SeriesState};
use domain::journal::EventKind;
use domain::policy::Undelivered;
use domain::reason::CERTIFICATE_HOLD_CODE;
use domain::rule::Rule;
use jiff::{SignedDuration, Timestamp};
use keys::Sign;
use store::reads::{ReadJournal, ReadLists, ReadRevoked};
use store::{Change, CrlKey, CrlRow, Entry, SeriesKey, SeriesRow, StatusRow, Unit};
use x509::crl::RevokedEntry;

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::ledger::Ledger;

pub(crate) use build::{list_template, write_list};
pub use gate::Difference;
pub use late::LateList;
pub(crate) use lint::lint_list;
pub use time::{CLOCK_SAID_RIGHT, clock_said_right};

/// A list that is built and kept, with what the second reader found in it.
struct Candidate {
    row: CrlRow,
    differences: Vec<Difference>,
}

/// The partitions that have certificates for lists and no list: asked once in a cycle, not once for
/// each list.
#[derive(Debug, Default)]
struct Served(Option<Vec<(Partition, u64)>>);

impl Served {
    /// The partitions that have no list, with how many certificates belong on one.
    fn unserved(&mut self, lists: &Lists) -> Result<Vec<(Partition, u64)>> {
        if let Some(known) = &self.0 {
            return Ok(known.clone());
        }
        // The tally first: a partition that comes between the two reads has its list all the same.
        let tallies = lists.revoked.tallies(lists.policy.id())?;
        let served: HashSet<Partition> =
            lists.all_series()?.into_iter().map(|key| key.partition).collect();
        let undelivered = lists.lists_undelivered();
        let listed = tallies.into_iter().map(|(one, tally)| (one, tally.listed(undelivered)));
        let unserved = listed.filter(|(one, count)| *count > 0 && !served.contains(one));
        Ok(self.0.insert(unserved.collect()).clone())
    }
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

/// The revocation lists of a CA. It reads what is revoked, and signs and commits lists; no certificate is
/// issued or ended by it, and it knows no holder.
pub struct Lists {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    rows: Arc<dyn ReadLists>,
    revoked: Arc<dyn ReadRevoked>,
    journal: Arc<dyn ReadJournal>,
    keys: Arc<dyn Sign>,
}

impl Lists {
    pub(crate) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            rows: hands.store.clone(),
            revoked: hands.store.clone(),
            journal: hands.store.clone(),
            keys: hands.keys.clone(),
        }
    }

    /// The series that need a new list at `now`: never published, or due by the policy's period.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn due(&self, now: Timestamp) -> Result<Vec<SeriesKey>> {
        let mut due = Vec::new();
        for key in self.series_at(now)? {
            let is_due = match self.published(&key)? {
                None => true,
                Some(row) => row.next_publish <= now || self.is_of_a_wrong_time(&row, now)?,
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
    /// [`Error::Store`].
    pub fn all_series(&self) -> Result<Vec<SeriesKey>> {
        self.series_of(self.generations.all())
    }

    /// The series that the CA still publishes at `now`: those of every generation whose root has
    /// not ended, since each signs what it once signed for until then (A 5.6, K6), and whose key was
    /// not destroyed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn series_at(&self, now: Timestamp) -> Result<Vec<SeriesKey>> {
        self.series_of(self.generations.listing_at(now)?)
    }

    fn series_of(&self, generations: Vec<Arc<Generation>>) -> Result<Vec<SeriesKey>> {
        let mut all = Vec::new();
        let partitions = self.served()?;
        for generation in generations {
            all.extend(partitions.iter().map(|partition| self.series_key(&generation, *partition)));
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

    /// Builds and publishes every list of `series`; a list that fails does not stop the others.
    pub fn publish_all(&self, act: &Act, series: &[SeriesKey]) -> Vec<ListOutcome> {
        let mut served = Served::default();
        series
            .iter()
            .map(|key| match self.publish_with(act, key, &mut served) {
                Ok(outcome) => outcome,
                Err(error) => ListOutcome::Failed { series: key.clone(), error },
            })
            .collect()
    }

    /// Builds the next list of a series and publishes it if the gate lets it pass.
    ///
    /// # Errors
    /// [`Error::Refused`] when less than a second passed since the last list, or the generation's
    /// root has ended; [`Error::Store`], [`Error::Keys`], [`Error::Encoding`], [`Error::File`].
    pub fn publish(&self, act: &Act, series: &SeriesKey) -> Result<ListOutcome> {
        self.publish_with(act, series, &mut Served::default())
    }

    fn publish_with(
        &self,
        act: &Act,
        series: &SeriesKey,
        served: &mut Served,
    ) -> Result<ListOutcome> {
        let candidate = self.build_list(act, series, served)?;
        let Candidate { row, differences } = candidate;
        let (event, kind) = match differences.first() {
            None => (SeriesEvent::Publish, EventKind::CrlPublished),
            Some(_) => (SeriesEvent::Withhold, EventKind::CrlWithheld),
        };
        let to =
            SeriesState::Built.after(event).map_err(|refused| Error::refused("series", refused))?;
        let mut entry = list_entry(kind, act, &row);
        if let Some(first) = differences.first() {
            entry = entry.refused(Rule::of(first)).detail("differences", differences.len());
        }
        let change = Change::SetSeries {
            series: series.clone(),
            from: SeriesState::Built,
            to,
            published: differences.is_empty().then_some(row.key.number),
        };
        self.ledger.commit(Unit::new(entry).change(change))?;
        for difference in differences.iter().filter(|one| one.doubts_the_database()) {
            self.ledger.doubt(format!("{} of {}: {difference}", row.key.number, self.policy.id()));
        }
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
        let Some(SeriesRow { published: Some(number), .. }) = self.rows.series_row(series)? else {
            return Ok(None);
        };
        Ok(self.rows.crl(&CrlKey { series: series.clone(), number })?)
    }

    fn series_key(&self, generation: &Generation, partition: Partition) -> SeriesKey {
        SeriesKey { ca: self.policy.id().clone(), generation: generation.number, partition }
    }

    /// Whether certificates that were not delivered yet stand on lists as held.
    fn lists_undelivered(&self) -> bool {
        self.policy.applications.undelivered == Undelivered::Hold
    }

    /// From when on a certificate must have lasted to stand on the next list: an entry stays until
    /// it appeared on one list issued after the certificate's end (RFC 5280 3.3).
    fn expires_from(&self, series: &SeriesKey, number: u64) -> Result<Timestamp> {
        // What the gate withheld nobody saw: it counts for nothing here.
        let seen = self.published(series)?.filter(|row| row.key.number < number);
        Ok(seen.map_or(Timestamp::MIN, |row| row.this_update))
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
