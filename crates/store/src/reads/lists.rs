//! The revocation lists that were built, and which of them are published.

use domain::id::CaId;

use crate::{CrlKey, CrlRow, Result, SeriesKey, SeriesRow};

/// The revocation lists; for the directory and the repository, and for whoever comes after an earlier list.
///
/// # Contract
/// A number names the same octets for ever. A list that the gate withheld is here by its key, as evidence:
/// which lists may be given out, [`ReadLists::series`] and [`ReadLists::crl_numbers`] say.
pub trait ReadLists: Send + Sync {
    /// Every list series of a CA.
    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>>;

    /// One list series, if it ever had a list.
    fn series_row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>>;

    /// The numbers of the lists of a series that were ever published, ascending. A list that the
    /// gate withheld stays in the database as evidence and is not among them.
    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>>;

    /// A list that was built, whether published or not, without its content.
    fn crl(&self, key: &CrlKey) -> Result<Option<CrlRow>>;

    /// The content of a list, which has the SHA-256 of its row.
    fn crl_content(&self, key: &CrlKey) -> Result<Option<Vec<u8>>>;

    /// The n-th piece of a list's content, from 0, for whoever reads it as a stream and holds the
    /// SHA-256 of all of it against the row's.
    fn crl_piece(&self, key: &CrlKey, number: u64) -> Result<Option<Vec<u8>>>;
}
