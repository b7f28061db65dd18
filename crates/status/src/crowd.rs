//! Places for work that somebody can cause: so many at once, of which one asker has a quarter.
//!
//! Who finds no place waits, in order, but not for ever; who has their share waits for their own. So
//! whoever comes alone is behind a quarter of the places for each asker that came before, however
//! much those ask for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::subscriber::Asker;

/// Of all places, one asker gets one in so many.
const SHARE: usize = 4;

/// How long somebody waits for a place: a client is still there then, and what it holds is a connection,
/// of which there is a bounded number.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The places, and who is at them or waits for one.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Arc<Semaphore>,
    each: usize,
    timeout: Duration,
    askers: Mutex<HashMap<Asker, Share>>,
}

/// What one asker has of the places.
#[derive(Debug)]
struct Share {
    places: Arc<Semaphore>,
    /// How many of its own are in or wait; it is forgotten with the last of them.
    here: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Entered {
    _place: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
    _here: Here,
}

/// Somebody who is in or waits.
#[derive(Debug)]
struct Here {
    crowd: Arc<Shared>,
    asker: Asker,
}

impl Crowd {
    /// With so many places.
    pub fn of(places: usize) -> Self {
        Self::with_patience(places, TIMEOUT)
    }

    /// With so many places, for each of which somebody waits so long.
    pub fn with_patience(places: usize, timeout: Duration) -> Self {
        Self::with_share(places, places.div_ceil(SHARE), timeout)
    }

    /// With a share for each asker and no bound of all: nobody stands behind another. Only for askers of
    /// whom there are few.
    pub fn of_shares(each: usize, timeout: Duration) -> Self {
        Self::with_share(Semaphore::MAX_PERMITS, each, timeout)
    }

    /// With so many places, of which one asker gets so many.
    pub(crate) fn with_share(places: usize, each: usize, timeout: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self(Arc::new(Shared { places, each, timeout, askers: Mutex::default() }))
    }

    /// A place for this asker, as soon as there is one; nothing, once it has waited too long.
    pub async fn enter(&self, asker: Asker) -> Option<Entered> {
        let (here, share) = self.0.arrive(asker);
        let waiting = async {
            let share = share.acquire_owned().await.ok()?;
            let place = Arc::clone(&self.0.places).acquire_owned().await.ok()?;
            Some(Entered { _place: place, _share: share, _here: here })
        };
        timeout(self.0.timeout, waiting).await.ok().flatten()
    }
}

impl Shared {
    fn arrive(self: &Arc<Self>, asker: Asker) -> (Here, Arc<Semaphore>) {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Share { places: Arc::new(Semaphore::new(self.each)), here: 0 };
        let share = askers.entry(asker.clone()).or_insert_with(new);
        share.here += 1;
        (Here { crowd: Arc::clone(self), asker }, Arc::clone(&share.places))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let mut askers = self.crowd.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = askers.get_mut(&self.asker) {
            share.here -= 1;
            // Who left is not remembered, or strangers would fill the memory.
            if share.here == 0 {
                askers.remove(&self.asker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinHandle;

    use super::*;

    /// Longer than any test; nobody waits for it.
    const LONG: Duration = Duration::from_secs(3600);

    fn enters(crowd: &Crowd, from: &str) -> JoinHandle<Option<Entered>> {
        let (crowd, from) = (crowd.clone(), Asker::at(from.parse().expect("an address")));
        tokio::spawn(async move { crowd.enter(from).await })
    }

    /// Lets everybody who can go on do so: on one thread, whoever yields goes behind all others.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn v6_one_subscriber_gets_a_quarter_and_the_next_to_come_the_next_place() {
        for (many, other) in [
            (["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"], "192.0.2.2"),
            (["2001:db8:0:1::1", "2001:db8:0:100::2", "2001:db8:0:ff00::3"], "2001:db8:1::1"),
        ] {
            let crowd = Crowd::with_patience(8, LONG);
            let mut of_one: Vec<_> = many.iter().map(|from| enters(&crowd, from)).collect();
            settle().await;
            let third = of_one.pop().expect("three");
            assert!(of_one.iter().all(JoinHandle::is_finished) && !third.is_finished());
            let other = enters(&crowd, other);
            settle().await;
            assert!(other.is_finished(), "the places are for others as well");
            drop(of_one.pop().expect("two").await);
            settle().await;
            assert!(third.is_finished(), "the share is for who has a place");
            for entered in of_one.into_iter().chain([third, other]) {
                assert!(entered.await.expect("no panic").is_some());
            }
            let askers = crowd.0.askers.lock().expect("a lock");
            assert!(askers.is_empty(), "and who left is forgotten: {askers:?}");
        }
    }

    #[tokio::test]
    async fn v6_who_finds_no_place_waits_in_order_and_not_for_ever() {
        let crowd = Crowd::with_patience(4, LONG);
        let from = |last: usize| format!("192.0.2.{last}");
        let first: Vec<_> = (0..4).map(|last| enters(&crowd, &from(last))).collect();
        settle().await;
        let late = enters(&crowd, &from(9));
        settle().await;
        let behind = enters(&crowd, &from(10));
        settle().await;
        assert!(!late.is_finished() && !behind.is_finished());
        let mut first = first.into_iter();
        drop(first.next().expect("four").await);
        settle().await;
        assert!(late.is_finished() && !behind.is_finished());
        // Who goes away while waiting leaves nothing behind.
        behind.abort();
        let _ = behind.await;
        assert_eq!(crowd.0.askers.lock().expect("a lock").len(), 4);
        let hurried = Crowd::with_patience(1, Duration::ZERO);
        let _held = Arc::clone(&hurried.0.places).try_acquire_owned().expect("a place");
        assert!(hurried.enter(Asker::known("somebody")).await.is_none());
    }
}
