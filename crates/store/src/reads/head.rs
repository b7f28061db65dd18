//! How far the journal has come, and whether the database is believed.

use crate::{Doubt, Result, Sequence};

/// How far the journal has come, and whether the database is believed: what every answer goes by.
///
/// # Contract
/// [`ReadHead::last_sequence`] costs far less than a row. Read before anything else, it is a lower bound
/// for what is read afterwards. The doubt can be raised by whoever reads and lifted by nobody: that stops
/// commits, and makes none.
pub trait ReadHead: Send + Sync {
    /// The sequence of the last committed entry, if there is any.
    fn last_sequence(&self) -> Result<Option<Sequence>>;

    /// What was found for which the database must not be believed. Whoever finds more raises it here.
    fn doubt(&self) -> &Doubt;
}
