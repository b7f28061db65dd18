//! Stores with faults: one whose list query loses the first certificate, as a wrong setting once did
//! (Boulder #6438), and one whose commits end with the power.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use domain::id::SerialNumber;
use store::*;
use testkit::HookedStore;

/// A store that forgets one certificate of every list.
pub(super) fn forgetful(store: Arc<Sqlite>) -> HookedStore {
    HookedStore::viewing(store, |view, read| read(&Lossy(view)))
}

/// A store with the power cut at the commit at which `left` is used up; it is lost or just unanswered.
pub(super) fn cutting(store: Arc<Sqlite>, left: Arc<AtomicI32>, lost: bool) -> HookedStore {
    HookedStore::committing(store, move |store, unit| {
        let number = left.fetch_sub(1, Ordering::Relaxed);
        let off = || Error::Unavailable("cut off".to_owned());
        match (number, lost) {
            (2.., _) => store.commit(unit),
            (1, false) => store.commit(unit).and_then(|_| Err(off())),
            _ => Err(off()),
        }
    })
}

struct Lossy<'a>(&'a dyn RevokedSnapshot);

impl RevokedSnapshot for Lossy<'_> {
    fn as_of(&self) -> Sequence {
        self.0.as_of()
    }

    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<u64> {
        let mut first = true;
        self.0.for_each(&mut |row| {
            if !std::mem::take(&mut first) {
                each(row);
            }
        })
    }

    fn tally(&self) -> Result<Tally> {
        self.0.tally()
    }

    fn status(&self, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        self.0.status(serial)
    }
}
