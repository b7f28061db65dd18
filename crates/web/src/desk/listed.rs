//! The lists of one CA, to be read beside each other: what it owes, and what was published.

use std::collections::HashSet;
use std::sync::Arc;

use ca::{CertificationAuthority, Generation, LateList};
use domain::crl_series::SeriesState;
use domain::id::CaId;
use domain::policy::Undelivered;
use jiff::Timestamp;
use store::reads::ReadLists;
use store::{CrlRow, SeriesKey, SeriesRow};

use crate::problem::Problem;

/// The hand that reads the keys and lists of one CA, and has it do nothing.
pub(super) struct Listed {
    authority: Arc<CertificationAuthority>,
    rows: Arc<dyn ReadLists>,
}

impl Listed {
    pub(super) fn new(authority: Arc<CertificationAuthority>, rows: Arc<dyn ReadLists>) -> Self {
        Self { authority, rows }
    }

    /// The CA.
    pub(super) fn id(&self) -> &CaId {
        self.authority.id()
    }

    /// How its lists have what is not delivered yet.
    pub(super) fn undelivered(&self) -> Undelivered {
        self.authority.policy().applications.undelivered
    }

    /// The generations of its key that owe lists at `at`.
    pub(super) fn listing_at(&self, at: Timestamp) -> Result<Vec<Arc<Generation>>, Problem> {
        Ok(self.authority.generations().listing_at(at)?)
    }

    /// The list of a series that is published now.
    pub(super) fn published(&self, series: &SeriesKey) -> Result<Option<CrlRow>, Problem> {
        Ok(self.authority.list_series().published(series)?)
    }

    /// The series whose planned list did not come.
    pub(super) fn late(&self, at: Timestamp) -> Result<Vec<LateList>, Problem> {
        Ok(self.authority.list_series().late(at)?)
    }

    /// Every series that it publishes or ever published, as it stands.
    pub(super) fn rows(&self) -> Result<Vec<SeriesRow>, Problem> {
        series_rows(&*self.rows, &self.authority)
    }
}

/// Every series a CA publishes or ever published; one that never had a list is empty.
pub(super) fn series_rows(
    lists: &dyn ReadLists,
    authority: &CertificationAuthority,
) -> Result<Vec<SeriesRow>, Problem> {
    let mut rows = lists.series(authority.id())?;
    let known: HashSet<SeriesKey> = rows.iter().map(|row| row.key.clone()).collect();
    let never = authority.list_series().all()?.into_iter().filter(|key| !known.contains(key));
    let state = SeriesState::Empty;
    rows.extend(never.map(|key| SeriesRow { key, state, built: 0, published: None }));
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(rows)
}
