//! The connections of a site: who has how many, and who goes first when there is no room.
//!
//! Places are for whoever comes, and nobody keeps one that somebody else needs:
//!
//! - one subscriber has a quarter of them at most; beyond, its own longest idle connection goes, and of
//!   those the strangers' first: who has proven who they are shares an address with whoever sits beside;
//! - strangers have all but a quarter: the rest is for those who proved who they are, and for addresses
//!   from which a verifier came in lately;
//! - where there is no room, of the strangers' connections that wait for a request one goes: of the
//!   subscriber that has most, the one that has waited longest. So a crowd from one place evicts itself.
//!
//! Who was evicted is gone only when its socket is closed: until then nobody else is let in
//! ([`Room::calm`]), or a crowd that comes faster than it goes would have any number of descriptors.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::subscriber::Subscriber;

/// Of all connections of a site, one subscriber gets one in so many.
const SHARE: usize = 4;

/// Of all connections of a site, one in so many is kept from strangers.
const KEPT: usize = 4;

/// Connections of a site that were evicted and are not closed yet, at most; beyond, whoever comes waits.
pub const MOST_LEAVING: usize = 8;

/// The places of a site.
#[derive(Debug, Clone)]
pub struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: usize,
    taken: Mutex<Taken>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Held>,
    /// Evicted, and not closed yet.
    leaving: usize,
}

#[derive(Debug)]
struct Held {
    subscriber: Subscriber,
    is_stranger: bool,
    /// Since when it waits for a request; nothing while one is answered.
    idle: Option<Instant>,
    leave: Arc<Notify>,
}

/// A connection's place, until it is dropped or somebody else needs it.
#[derive(Debug)]
pub struct Place {
    room: Arc<Shared>,
    number: u64,
    leave: Arc<Notify>,
}

/// A request that is being answered: its connection is not idle.
#[derive(Debug)]
pub struct Answering<'a>(&'a Place);

/// A request whose rest has not come yet: its connection is as idle as one that waits for the next.
#[derive(Debug)]
pub struct Waiting<'a>(&'a Place);

impl Room {
    /// A room of so many places.
    pub fn of(places: usize) -> Self {
        Self(Arc::new(Shared { places, taken: Mutex::default(), left: Notify::new() }))
    }

    /// Completes when few enough connections are left that were evicted and are not closed yet: before
    /// the next is accepted.
    pub async fn calm(&self) {
        loop {
            let left = self.0.left.notified();
            tokio::pin!(left);
            // From here on nobody's leaving is missed.
            left.as_mut().enable();
            if self.0.lock().leaving < MOST_LEAVING {
                return;
            }
            left.await;
        }
    }

    /// A place for a connection from `address`; none, where all are taken by others who are not idle.
    /// `is_known` says that no stranger comes from there.
    pub fn admit(&self, address: IpAddr, is_known: bool) -> Option<Place> {
        let subscriber = Subscriber::of(address);
        let mut taken = self.0.lock();
        let own = |held: &Held| held.subscriber == subscriber;
        let own_stranger = |held: &Held| own(held) && held.is_stranger;
        if taken.count(own) >= self.0.places.div_ceil(SHARE)
            && !taken.evict(own_stranger)
            && !taken.evict(own)
        {
            return None;
        }
        let for_strangers = self.0.places - self.0.places / KEPT;
        let full = |taken: &Taken| {
            taken.connections.len() >= self.0.places
                || !is_known && taken.count(|held| held.is_stranger) >= for_strangers
        };
        if full(&taken) && !taken.evict(|held| held.is_stranger) {
            return None;
        }
        let (number, leave) = (taken.next, Arc::new(Notify::new()));
        taken.next += 1;
        let idle = Some(Instant::now());
        let held = Held { subscriber, is_stranger: !is_known, idle, leave: Arc::clone(&leave) };
        taken.connections.insert(number, held);
        drop(taken);
        Some(Place { room: Arc::clone(&self.0), number, leave })
    }

    /// How many places are taken.
    pub fn taken(&self) -> usize {
        self.0.lock().connections.len()
    }
}

impl Place {
    /// Whoever is at the other end has proven who they are.
    pub fn proven(&self) {
        if let Some(held) = self.room.lock().connections.get_mut(&self.number) {
            held.is_stranger = false;
        }
    }

    /// Whether whoever is at the other end has, or comes from where a verifier came in lately.
    pub fn is_proven(&self) -> bool {
        let taken = self.room.lock();
        taken.connections.get(&self.number).is_some_and(|held| !held.is_stranger)
    }

    /// Notes that a request is being answered until what comes back is dropped.
    pub fn answering(&self) -> Answering<'_> {
        self.set_idle(None);
        Answering(self)
    }

    /// Notes that a request that is being answered waits for its body, until what comes back is dropped.
    pub fn waiting(&self) -> Waiting<'_> {
        self.set_idle(Some(Instant::now()));
        Waiting(self)
    }

    /// Completes when the place is given to somebody else.
    pub async fn evicted(&self) {
        self.leave.notified().await;
    }

    fn set_idle(&self, idle: Option<Instant>) {
        if let Some(held) = self.room.lock().connections.get_mut(&self.number) {
            held.idle = idle;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.lock();
        if taken.connections.remove(&self.number).is_none() {
            taken.leaving -= 1;
        }
        drop(taken);
        self.room.left.notify_waiters();
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.set_idle(Some(Instant::now()));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set_idle(None);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count(&self, which: impl Fn(&Held) -> bool) -> usize {
        self.connections.values().filter(|held| which(held)).count()
    }

    /// Ends the idle connection, of those meant, whose subscriber has most and which has waited longest.
    fn evict(&mut self, which: impl Fn(&Held) -> bool) -> bool {
        let mut of_each: HashMap<Subscriber, usize> = HashMap::new();
        for held in self.connections.values() {
            *of_each.entry(held.subscriber).or_default() += 1;
        }
        let idle = self.connections.iter().filter(|(_, held)| which(held));
        let idle = idle.filter_map(|(number, held)| Some((*number, held, held.idle?)));
        let first = idle.max_by(|(_, one, since), (_, other, other_since)| {
            let by_share = of_each.get(&one.subscriber).cmp(&of_each.get(&other.subscriber));
            by_share.then(other_since.cmp(since))
        });
        let Some(number) = first.map(|(number, ..)| number) else { return false };
        if let Some(held) = self.connections.remove(&number) {
            self.leaving += 1;
            held.leave.notify_one();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(place: &Place) -> bool {
        !place.room.lock().connections.contains_key(&place.number)
    }

    #[test]
    fn v6_an_address_beyond_its_quarter_loses_its_own_longest_idle() {
        let room = Room::of(16);
        let mine: Vec<_> = (0..4).map(|_| room.admit(address(1), false).expect("room")).collect();
        let other = room.admit(address(2), false).expect("room");
        let answering = mine[0].answering();
        let fifth = room.admit(address(1), false).expect("in the place of the longest idle");
        assert!(!is_evicted(&mine[0]), "it is being answered");
        assert!(is_evicted(&mine[1]) && !is_evicted(&mine[2]) && !is_evicted(&other));
        let waiting = mine[0].waiting();
        let sixth = room.admit(address(1), false).expect("room");
        assert!(!is_evicted(&mine[0]) && is_evicted(&mine[2]), "a body has time to come");
        drop((sixth, waiting, answering));
        let busy: Vec<_> = [&mine[0], &mine[3], &fifth].map(Place::answering).into();
        let last = room.admit(address(1), false).expect("a fourth");
        let at_work = last.answering();
        assert!(room.admit(address(1), false).is_none(), "all of its own are at work");
        assert!(room.admit(address(3), false).is_some());
        let waiting = last.waiting();
        assert!(room.admit(address(1), false).is_some(), "who withholds a body goes first");
        drop((waiting, at_work, busy));
    }

    #[test]
    fn v6_a_crowd_evicts_itself_and_not_the_one_who_came_alone() {
        let room = Room::of(16);
        let alone = room.admit(address(9), false).expect("room");
        let crowd: Vec<_> = (0..40).map(|at| room.admit(address(1 + at % 4), false)).collect();
        assert!(crowd.iter().all(Option::is_some));
        assert!(!is_evicted(&alone), "though it has waited longest of all");
        assert_eq!(room.taken(), 12, "a quarter is kept");
        let late = room.admit(address(10), false).expect("in the place of one of the crowd");
        assert!(!is_evicted(&alone) && !is_evicted(&late));
    }

    /// Whoever sits in the same office, behind the same address, once ended the staff's connections.
    #[test]
    fn v6_a_stranger_beside_them_ends_no_connection_of_who_has_proven_who_they_are() {
        let room = Room::of(16);
        let staff: Vec<_> = (0..3).map(|_| room.admit(address(1), false).expect("room")).collect();
        staff.iter().for_each(Place::proven);
        let crowd: Vec<_> = (0..20).map(|_| room.admit(address(1), false)).collect();
        assert!(crowd.iter().all(Option::is_some), "in each other's place");
        assert!(!staff.iter().any(is_evicted));
        // Where all of its quarter are known, one of them makes room for the next, who may be as well.
        let room = Room::of(16);
        let staff: Vec<_> = (0..4).map(|_| room.admit(address(1), false).expect("room")).collect();
        staff.iter().for_each(Place::proven);
        assert!(room.admit(address(1), false).is_some());
        assert_eq!(staff.iter().filter(|place| is_evicted(place)).count(), 1);
    }

    /// The addresses of one subscriber, each on a link of its own, once counted for as many askers.
    #[test]
    fn v6_one_subscriber_of_ipv6_has_a_quarter_however_many_addresses_it_comes_from() {
        let of_one = |number: u128, bits: u32| {
            let first = "2001:db8:7::1".parse::<std::net::Ipv6Addr>().expect("an address");
            IpAddr::from(std::net::Ipv6Addr::from_bits(first.to_bits() | number << (128 - bits)))
        };
        // A prefix of a site's, and a longer one as many providers give to a household.
        for bits in [64, 72] {
            let room = Room::of(192);
            let honest = room.admit("2001:db8:8::1".parse().expect("one"), false).expect("room");
            let crowd: Vec<_> =
                (0..200).map(|number| room.admit(of_one(number, bits), false)).collect();
            assert!(crowd.iter().all(Option::is_some), "in the place of one of its own");
            assert_eq!(room.taken(), 1 + 192 / 4, "all others are free");
            assert!(!is_evicted(&honest), "though it has waited longest");
            let busy: Vec<_> = crowd.iter().flatten().filter(|place| !is_evicted(place)).collect();
            let _busy: Vec<_> = busy.into_iter().map(Place::answering).collect();
            assert!(room.admit(of_one(0xff, bits), false).is_none(), "all of its own are at work");
            let other = room.admit("2001:db8:9::1".parse().expect("one"), false);
            assert!(other.is_some() && !is_evicted(&honest));
        }
    }

    #[test]
    fn v6_a_quarter_is_kept_for_who_is_known_or_has_proven_who_they_are() {
        let room = Room::of(16);
        let busy: Vec<_> =
            (0..12).map(|at| room.admit(address(1 + at % 4), false).expect("room")).collect();
        let answering: Vec<_> = busy.iter().map(Place::answering).collect();
        assert!(room.admit(address(9), false).is_none(), "strangers have theirs");
        let known = room.admit(address(9), true).expect("a kept place");
        busy[0].proven();
        let next = room.admit(address(10), false).expect("one of them is no stranger any more");
        assert!(!is_evicted(&known) && !is_evicted(&next));
        drop(answering);
        for _ in 0..40 {
            drop(room.admit(address(11), false));
        }
        assert!(
            !is_evicted(&busy[0]) && !is_evicted(&known),
            "who is known is not evicted for them"
        );
    }

    /// A crowd that comes faster than it is closed once had more descriptors than there were places.
    #[test]
    fn v6_nobody_is_let_in_while_too_many_who_lost_their_places_are_not_gone() {
        let room = Room::of(16);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut crowd = Vec::new();
        let calm = |room: &Room| {
            let calm = tokio::task::unconstrained(room.calm());
            runtime.block_on(async {
                tokio::select! { biased; () = calm => true, () = async {} => false }
            })
        };
        for at in 0.. {
            if !calm(&room) {
                break;
            }
            crowd.push(room.admit(address(at), false).expect("room"));
        }
        assert_eq!(crowd.len(), 12 + MOST_LEAVING);
        let gone = crowd.iter().position(is_evicted).expect("one");
        crowd.remove(gone);
        assert!(calm(&room), "one is gone");
        drop(crowd);
        assert_eq!((room.taken(), room.0.lock().leaving), (0, 0));
    }

    #[test]
    fn v6_places_are_given_back_and_whoever_loses_one_is_told() {
        let room = Room::of(4);
        let first = room.admit(address(1), false).expect("room");
        let second = room.admit(address(1), false).expect("its place");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(first.evicted());
        drop((first, second));
        assert_eq!(room.taken(), 0);
    }
}
