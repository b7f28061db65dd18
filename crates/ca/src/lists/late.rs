//! Lists that are late: the alarm long before nextUpdate, for each partition (V1).

use jiff::{SignedDuration, Timestamp};
use store::SeriesKey;

use super::series::ListSeries;
use crate::error::Result;

/// A list that was planned and did not come within this time is late. The cycle tries every few
/// seconds, so an hour is many failures; two days are then left to mend it.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// A series whose next list is overdue by the policy's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateList {
    /// Which series.
    pub series: SeriesKey,
    /// When the published list ends; `None` where none was ever published.
    pub ends: Option<Timestamp>,
}

impl ListSeries {
    /// The series whose planned list did not come, the one that ends first in front.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn late(&self, now: Timestamp) -> Result<Vec<LateList>> {
        let mut late = Vec::new();
        for series in self.at(now)? {
            let published = self.published(&series)?;
            let is_late = published.as_ref().is_none_or(|row| row.next_publish + GRACE <= now);
            if is_late {
                late.push(LateList { series, ends: published.map(|row| row.next_update) });
            }
        }
        late.sort_by_key(|list| list.ends);
        Ok(late)
    }
}
