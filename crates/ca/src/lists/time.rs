//! The time of lists: it advances, but where people said that the clock was wrong before.

use jiff::Timestamp;
use store::journal::told_of;
use store::reads::{ReadJournal, Remembered};
use store::{CrlRow, Sequence};

use crate::error::Result;

/// The fact of an accepted start that says that the clock is right now and was wrong before.
pub const CLOCK_SAID_RIGHT: &str = "clock";

/// The entry in which people last said that the clock is right and was wrong before (A 6.8).
///
/// # Errors
/// [`crate::Error::Store`].
pub fn clock_said_right(journal: &dyn ReadJournal) -> Result<Option<Sequence>> {
    let mut last = None;
    for told in told_of(journal, Remembered::StartAccepted) {
        let (sequence, entry) = told?;
        if entry.all(CLOCK_SAID_RIGHT).next().is_some() {
            last = Some(sequence);
        }
    }
    Ok(last)
}

/// Whether the next list may be of `this_update`: later than the last one by a second, or the last
/// one is of a time that people called wrong afterwards. Its number advances all the same.
pub(super) fn advances(
    journal: &dyn ReadJournal,
    last: &CrlRow,
    this_update: Timestamp,
) -> Result<bool> {
    Ok(last.this_update < this_update || is_of_a_wrong_time(journal, last, this_update)?)
}

/// Whether a list lies in the future only because the clock was wrong when it was made.
pub(super) fn is_of_a_wrong_time(
    journal: &dyn ReadJournal,
    list: &CrlRow,
    now: Timestamp,
) -> Result<bool> {
    if list.this_update <= now {
        return Ok(false);
    }
    Ok(clock_said_right(journal)?.is_some_and(|said| said > list.as_of))
}
