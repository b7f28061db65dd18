//! Parts of long lists: which rows are wanted, and where the next part begins.

use domain::certificate::StateName;
use domain::crl_series::Partition;
use domain::id::ResidentCode;

/// Rows that are looked at for each one that is asked for, where no index leads to those that are wanted:
/// a nation has a hundred million certificates, and nobody waits while all of them are read.
pub const LOOKED_AT: usize = 50;

/// A part of a list. It may be short, or empty, and not be the last: where few of many rows are wanted, no
/// more than [`LOOKED_AT`] are looked at for each that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R, C> {
    /// The rows.
    pub rows: Vec<R>,
    /// After what the next part begins; nothing at the end.
    pub next: Option<C>,
}

/// Which certificates of a CA are wanted: those that answer to all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CertificateFilter<'a> {
    /// In this state.
    pub state: Option<StateName>,
    /// On the lists of this partition, which is a municipality's for residents' certificates.
    pub partition: Option<Partition>,
    /// Of this holder, to whose certificates an index leads.
    pub holder: Option<&'a ResidentCode>,
}

/// How many rows are looked at where so many are asked for.
pub(crate) fn looked_at(limit: usize) -> usize {
    limit.max(1).saturating_mul(LOOKED_AT)
}

impl<R, C> Page<R, C> {
    /// Of rows of which at most `limit` were asked for, `last` being the last that was looked at, where
    /// there may be more.
    pub(crate) fn of(
        rows: Vec<R>,
        limit: usize,
        cursor: impl Fn(&R) -> C,
        last: Option<C>,
    ) -> Self {
        let full = rows.last().filter(|_| rows.len() >= limit).map(cursor);
        Self { rows, next: full.or(last) }
    }
}
