//! Issues of this process that came to no end: nobody works on them any more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::SerialNumber;

/// The serials whose way through the six steps broke off, whatever broke it: a token, the disk, a panic.
#[derive(Debug, Default)]
pub(super) struct BrokenOff(Mutex<BTreeSet<SerialNumber>>);

/// A serial on its way; it counts as broken off unless it [`arrives`](Self::arrive).
pub(super) struct Underway<'a> {
    serial: SerialNumber,
    broken_off: &'a BrokenOff,
    has_arrived: bool,
}

impl BrokenOff {
    pub(super) fn begin(&self, serial: SerialNumber) -> Underway<'_> {
        Underway { serial, broken_off: self, has_arrived: false }
    }

    pub(super) fn add(&self, serial: SerialNumber) {
        self.serials().insert(serial);
    }

    /// All of them; whoever takes them answers for them from then on.
    pub(super) fn take(&self) -> BTreeSet<SerialNumber> {
        std::mem::take(&mut *self.serials())
    }

    fn serials(&self) -> MutexGuard<'_, BTreeSet<SerialNumber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Underway<'_> {
    pub(super) fn arrive(mut self) {
        self.has_arrived = true;
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.has_arrived {
            self.broken_off.add(self.serial);
        }
    }
}
