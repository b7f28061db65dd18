//! Places for work that anybody can cause: so many at once, of which one subscriber has a quarter.
//!
//! Who finds no place waits, in order, but not for ever; who has their share waits for their own. So
//! whoever comes alone is behind a quarter of the places for each subscriber that came before, however
//! much those ask for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::room::Place;
use crate::subscriber::Subscriber;

/// Of all places, one subscriber gets one in so many.
const SHARE: usize = 4;

/// How long somebody waits for a place: a client is still there then, and what it holds is a connection,
/// of which there is a bounded number.
const PATIENCE: Duration = Duration::from_secs(5);

/// The places, and who is at them or waits for one.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Arc<Semaphore>,
    each: usize,
    patience: Duration,
    subscribers: Mutex<HashMap<Subscriber, Share>>,
}

/// What one subscriber has of the places.
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
    subscriber: Subscriber,
}

impl Crowd {
    /// With so many places.
    pub fn of(places: usize) -> Self {
        Self::with_patience(places, PATIENCE)
    }

    fn with_patience(places: usize, patience: Duration) -> Self {
        let each = places.div_ceil(SHARE);
        let places = Arc::new(Semaphore::new(places));
        Self(Arc::new(Shared { places, each, patience, subscribers: Mutex::default() }))
    }

    /// A place for whoever comes from `from`, as soon as there is one; nothing after five seconds. Until
    /// then its `connection` is as idle as one that says nothing: whoever waits to be heard keeps nobody
    /// out, or a crowd that stands in line would have every connection.
    pub async fn enter(&self, from: IpAddr, connection: Option<&Place>) -> Option<Entered> {
        let _waiting = connection.map(Place::waiting);
        let (here, share) = self.0.arrive(Subscriber::of(from));
        let waiting = async {
            let share = share.acquire_owned().await.ok()?;
            let place = Arc::clone(&self.0.places).acquire_owned().await.ok()?;
            Some(Entered { _place: place, _share: share, _here: here })
        };
        timeout(self.0.patience, waiting).await.ok().flatten()
    }
}

impl Shared {
    fn arrive(self: &Arc<Self>, subscriber: Subscriber) -> (Here, Arc<Semaphore>) {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Share { places: Arc::new(Semaphore::new(self.each)), here: 0 };
        let share = subscribers.entry(subscriber).or_insert_with(new);
        share.here += 1;
        (Here { crowd: Arc::clone(self), subscriber }, Arc::clone(&share.places))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let subscribers = self.crowd.subscribers.lock();
        let mut subscribers = subscribers.unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = subscribers.get_mut(&self.subscriber) {
            share.here -= 1;
            // Who left is not remembered, or strangers would fill the memory.
            if share.here == 0 {
                subscribers.remove(&self.subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinHandle;

    use super::*;
    use crate::room::Room;

    /// Longer than any test; nobody waits for it.
    const LONG: Duration = Duration::from_secs(3600);

    fn enters(crowd: &Crowd, from: &str) -> JoinHandle<Option<Entered>> {
        let (crowd, from) = (crowd.clone(), from.parse().expect("an address"));
        tokio::spawn(async move { crowd.enter(from, None).await })
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
            let subscribers = crowd.0.subscribers.lock().expect("a lock");
            assert!(subscribers.is_empty(), "and who left is forgotten: {subscribers:?}");
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
        assert_eq!(crowd.0.subscribers.lock().expect("a lock").len(), 4);
        let hurried = Crowd::with_patience(1, Duration::ZERO);
        let _held = Arc::clone(&hurried.0.places).try_acquire_owned().expect("a place");
        assert!(hurried.enter([192, 0, 2, 1].into(), None).await.is_none());
    }

    /// A crowd that waited for its turn once kept every connection of a port from whoever came.
    #[tokio::test]
    async fn v6_who_waits_for_a_place_gives_its_connection_to_who_comes() {
        let (crowd, room) = (Crowd::with_patience(4, LONG), Room::of(16));
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let asks = |last: u8| {
            let connection = Arc::new(room.admit(address(last), false).expect("room"));
            let (crowd, here) = (crowd.clone(), connection.clone());
            let asks = async move {
                let _answering = here.answering();
                let entered = crowd.enter(address(last), Some(&here)).await;
                // Whoever has a place is at work until the test ends.
                std::future::pending::<()>().await;
                drop(entered);
            };
            (connection, tokio::spawn(asks))
        };
        let at_work: Vec<_> = (0..4).map(asks).collect();
        settle().await;
        let waiting: Vec<_> = (0..8).map(|number| asks(number % 4)).collect();
        settle().await;
        let late: Vec<_> = (0..8).map(|last| room.admit(address(9 + last), false)).collect();
        assert!(late.iter().all(Option::is_some), "in the place of those who wait");
        assert_eq!(crowd.0.places.available_permits(), 0);
        assert_eq!(room.taken(), 12, "who is at work stays");
        let busy: Vec<_> = late.iter().flatten().map(Place::answering).collect();
        assert!(room.admit(address(99), false).is_none(), "and nobody is left who waits");
        drop((busy, at_work, waiting));
    }
}
