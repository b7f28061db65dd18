//! A wrong guess takes as long whatever was wrong about it.

use std::cell::Cell;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// From when a guess is hashed until it is answered that it was wrong: longer than a commit takes on a disk
/// that is not overloaded. Log-ins have sixteen places, which so answer more guesses than the one thread
/// hashes.
const LEAST: Duration = Duration::from_millis(150);

/// One guess of an id and a password.
///
/// A wrong password of somebody is counted in a commit, which waits for the disk. An id that nobody has, and a
/// password that is locked, are counted in memory, and written once a minute. All of them hash what was typed,
/// and wait from then on until the same time is over, so that how long the answer took does not tell which ids
/// there are. Where a commit takes longer than that, it tells.
#[derive(Debug, Default)]
pub(crate) struct Evenly(Cell<Option<Instant>>);

impl Evenly {
    /// What was typed is hashed.
    pub(crate) fn hashed(&self) {
        self.0.set(Some(Instant::now()));
    }

    /// Waits until a wrong guess is answered; not at all, where nothing was hashed.
    pub(crate) fn wait(&self) {
        if let Some(hashed) = self.0.get() {
            sleep(LEAST.saturating_sub(hashed.elapsed()));
        }
    }

    /// Whether a wrong answer waits.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> bool {
        self.0.get().is_some()
    }
}
