//! The connections of a site: who has how many, and who goes first when there is no room.
//!
//! A connection keeps its place only while a thread works for it ([`Place::at_work`]). One that waits, for
//! a request, for the rest of one, for a place where work is done, or for the client to take what it was
//! sent, may lose it to the next; so a port that says nothing to the room has connections that go, and
//! none that stay.
//!
//! - one subscriber has a quarter of the places at most, and so has whoever has proven who they are, from
//!   wherever they come; beyond, the one goes that has waited longest, and of those of one address the
//!   strangers' first: who has proven who they are shares it with whoever sits beside;
//! - a quarter is kept from strangers, for those who proved who they are and for addresses from which
//!   somebody did lately; and a quarter from these, for whoever is to come in;
//! - where there is no room, one goes of the asker that has most: the one that has waited longest. So a
//!   crowd from one place evicts itself, and so does one person or verifier with many connections.
//!
//! Who was evicted is gone only when its socket is closed: until then nobody else is let in
//! ([`Room::calm`]), or a crowd that comes faster than it goes would have any number of descriptors.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::subscriber::{Asker, Subscriber};

/// Of all connections of a site, one asker gets one in so many.
const SHARE: usize = 4;

/// Of all connections of a site, one in so many is kept from strangers, and one in so many for them.
const KEPT: usize = 4;

/// Connections of a site that were evicted and are not closed yet, at most; beyond, whoever comes waits.
pub const MOST_LEAVING: usize = 8;

/// Whether somebody proved lately from an address who they are.
type IsKnown = dyn Fn(IpAddr) -> bool + Send + Sync;

/// The places of a site.
#[derive(Debug, Clone)]
pub struct Room(Arc<Shared>);

struct Shared {
    places: usize,
    /// Of these, so many are kept from strangers, and so many for them.
    kept: usize,
    is_known: Box<IsKnown>,
    taken: Mutex<Taken>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    /// Counts what happens to the connections, so that it is known what was first.
    moment: u64,
    connections: HashMap<u64, Held>,
    /// Evicted, and not closed yet.
    leaving: usize,
}

#[derive(Debug)]
struct Held {
    subscriber: Subscriber,
    asker: Asker,
    is_stranger: bool,
    state: State,
    leave: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Since a moment, for whatever it is.
    Waits(u64),
    /// A thread works for it.
    AtWork,
}

/// A connection's place, until it is dropped or somebody else needs it.
#[derive(Debug)]
pub struct Place {
    room: Arc<Shared>,
    number: u64,
    leave: Arc<Notify>,
}

/// A thread works for a connection: its place is its own until this is dropped.
#[derive(Debug)]
pub struct AtWork<'a>(&'a Place);

impl Room {
    /// A room of so many places, in which no address is known.
    pub fn of(places: usize) -> Self {
        Self::knowing(places, |_| false)
    }

    /// A room of so many places where nobody ever proves who they are, so that nothing is kept for such.
    pub fn of_strangers(places: usize) -> Self {
        Self::keeping(0, places, |_| false)
    }

    /// A room of so many places; `is_known` says whether somebody proved lately from an address who they
    /// are.
    pub fn knowing(
        places: usize,
        is_known: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::keeping(places / KEPT, places, is_known)
    }

    fn keeping(
        kept: usize,
        places: usize,
        is_known: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (taken, left) = (Mutex::default(), Notify::new());
        Self(Arc::new(Shared { places, kept, is_known: Box::new(is_known), taken, left }))
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

    /// A place for a connection from `address`; none, where all that could go are at work.
    pub fn admit(&self, address: IpAddr) -> Option<Place> {
        let is_known = (self.0.is_known)(address);
        let (subscriber, asker) = (Subscriber::of(address), Asker::at(address));
        let mut taken = self.0.lock();
        let has_room = taken.make_room_beside(subscriber, self.0.share())
            && taken.make_room_for(&asker, is_known, &self.0);
        if !has_room {
            return None;
        }
        let (number, leave) = (taken.next(), Arc::new(Notify::new()));
        let (is_stranger, state) = (!is_known, State::Waits(number));
        let held = Held { subscriber, asker, is_stranger, state, leave: Arc::clone(&leave) };
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
    /// Whoever is at the other end has proven that the id is theirs. Of more than a quarter of the places,
    /// their connection goes that has waited longest.
    pub fn proven(&self, id: &str) {
        let mut taken = self.room.lock();
        let Some(held) = taken.connections.get_mut(&self.number) else { return };
        held.is_stranger = false;
        if matches!(&held.asker, Asker::Known(known) if **known == *id) {
            return;
        }
        let asker = Asker::known(id);
        held.asker = asker.clone();
        let others = |held: &Held| held.asker == asker;
        if taken.count(others) > self.room.share() {
            taken.evict_but(Some(self.number), others);
        }
    }

    /// Whether whoever is at the other end has proven who they are, or comes from where somebody did
    /// lately.
    pub fn is_known(&self) -> bool {
        let taken = self.room.lock();
        taken.connections.get(&self.number).is_some_and(|held| !held.is_stranger)
    }

    /// Whom the connection counts for; nobody, once its place is somebody else's.
    pub fn asker(&self) -> Option<Asker> {
        self.room.lock().connections.get(&self.number).map(|held| held.asker.clone())
    }

    /// A request has come: the connection has not waited until now.
    pub fn asked(&self) {
        let mut taken = self.room.lock();
        let state = State::Waits(taken.next());
        taken.set(self.number, state);
    }

    /// Notes that a thread works for the connection, until what comes back is dropped.
    pub fn at_work(&self) -> AtWork<'_> {
        self.room.lock().set(self.number, State::AtWork);
        AtWork(self)
    }

    /// Completes when the place is given to somebody else.
    pub async fn evicted(&self) {
        self.leave.notified().await;
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

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.asked();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, taken, .. } = self;
        f.debug_struct("Shared").field("places", places).field("taken", taken).finish()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many places one asker has.
    fn share(&self) -> usize {
        self.places.div_ceil(SHARE)
    }
}

impl Taken {
    fn next(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    fn set(&mut self, number: u64, state: State) {
        if let Some(held) = self.connections.get_mut(&number) {
            held.state = state;
        }
    }

    fn count(&self, which: impl Fn(&Held) -> bool) -> usize {
        self.connections.values().filter(|held| which(held)).count()
    }

    /// Sees to it that one subscriber has one place less than it may.
    fn make_room_beside(&mut self, subscriber: Subscriber, share: usize) -> bool {
        let own = |held: &Held| held.subscriber == subscriber;
        self.count(own) < share
            || self.evict(|held| own(held) && held.is_stranger)
            || self.evict(own)
    }

    /// Sees to it that there is a place for one more.
    fn make_room_for(&mut self, asker: &Asker, is_known: bool, shared: &Shared) -> bool {
        let Shared { places, kept, .. } = *shared;
        let strangers = self.count(|held| held.is_stranger);
        let is_full = self.connections.len() >= places;
        if !is_full && (is_known || strangers < places - kept) {
            return true;
        }
        // Those who are known may be in the way of each other, and of who is to come in.
        let has_theirs = strangers <= kept;
        let may_have_more = is_full && (is_known || strangers < places - kept);
        has_theirs && is_full && self.evict(|held| !held.is_stranger)
            || self.evict_stranger_for(asker)
            || may_have_more && self.evict(|held| !held.is_stranger)
    }

    /// Ends the connection, of those meant that wait, whose asker has most and which has waited longest.
    fn evict(&mut self, which: impl Fn(&Held) -> bool) -> bool {
        self.evict_but(None, which)
    }

    fn evict_but(&mut self, but: Option<u64>, which: impl Fn(&Held) -> bool) -> bool {
        let of_each = self.of_each();
        let meant = self.connections.iter().filter(|(number, held)| {
            Some(**number) != but && which(held) && held.state != State::AtWork
        });
        let first = meant.max_by(|(_, one), (_, other)| {
            let by_share = of_each.get(&one.asker).cmp(&of_each.get(&other.asker));
            by_share.then(other.since().cmp(&one.since()))
        });
        self.end(first.map(|(number, _)| *number))
    }

    /// Ends a stranger's connection in the same way. One for which a thread works goes too, where its asker
    /// has two more than whoever comes and than any who waits: the answer is lost, and the work is done as
    /// for a client that went away.
    fn evict_stranger_for(&mut self, asker: &Asker) -> bool {
        let of_each = self.of_each();
        let theirs = |asker: &Asker| of_each.get(asker).copied().unwrap_or_default();
        let too_many = theirs(asker) + 2;
        let strangers = self.connections.iter().filter(|(_, held)| held.is_stranger);
        let meant = strangers.filter_map(|(number, held)| {
            let (has, waits) = (theirs(&held.asker), held.state != State::AtWork);
            let rank = (has + usize::from(waits), waits, Reverse(held.since()));
            (waits || has >= too_many).then_some((rank, *number))
        });
        let first = meant.max().map(|(_, number)| number);
        self.end(first)
    }

    fn of_each(&self) -> HashMap<Asker, usize> {
        let mut of_each = HashMap::new();
        for held in self.connections.values() {
            *of_each.entry(held.asker.clone()).or_default() += 1;
        }
        of_each
    }

    fn end(&mut self, number: Option<u64>) -> bool {
        let Some(held) = number.and_then(|number| self.connections.remove(&number)) else {
            return false;
        };
        self.leaving += 1;
        held.leave.notify_one();
        true
    }
}

impl Held {
    fn since(&self) -> u64 {
        match self.state {
            State::Waits(since) => since,
            State::AtWork => u64::MAX,
        }
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

    /// The holders' port once kept a quarter for people who never come there.
    #[test]
    fn v6_where_only_strangers_come_they_have_every_place() {
        let room = Room::of_strangers(16);
        let all: Vec<_> = (0..16).map(|from| room.admit(address(from)).expect("room")).collect();
        assert!(!all.iter().any(is_evicted));
        let late = room.admit(address(99)).expect("room for another");
        let evicted = all.iter().filter(|place| is_evicted(place));
        assert!(!is_evicted(&late) && evicted.count() == 1);
    }

    #[test]
    fn v6_an_address_beyond_its_quarter_loses_its_own_that_waited_longest() {
        let room = Room::of(16);
        let mine: Vec<_> = (0..4).map(|_| room.admit(address(1)).expect("room")).collect();
        let other = room.admit(address(2)).expect("room");
        let at_work = mine[0].at_work();
        let fifth = room.admit(address(1)).expect("in the place of the one that waited longest");
        assert!(!is_evicted(&mine[0]), "a thread works for it");
        assert!(is_evicted(&mine[1]) && !is_evicted(&mine[2]) && !is_evicted(&other));
        mine[2].asked();
        let sixth = room.admit(address(1)).expect("room");
        assert!(!is_evicted(&mine[2]) && is_evicted(&mine[3]), "a request had come over the other");
        let busy: Vec<_> = [&mine[2], &fifth, &sixth].map(Place::at_work).into();
        assert!(room.admit(address(1)).is_none(), "threads work for all of its own");
        assert!(room.admit(address(3)).is_some());
        drop(at_work);
        assert!(room.admit(address(1)).is_some() && is_evicted(&mine[0]), "it waits to be taken");
        drop(busy);
    }

    /// What waited for a place, for the hashing thread or for a client that took nothing once counted as
    /// work, so three addresses closed a port to all who were not known.
    #[test]
    fn v6_whoever_waits_for_whatever_it_is_makes_room() {
        let room = Room::of(16);
        let crowd: Vec<_> = (0..12).map(|at| room.admit(address(at % 3))).collect();
        let crowd: Vec<_> = crowd.into_iter().map(|place| place.expect("room")).collect();
        crowd.iter().for_each(Place::asked);
        let staff = room.admit(address(9)).expect("in the place of one of them");
        assert_eq!(crowd.iter().filter(|place| is_evicted(place)).count(), 1);
        // Where threads work for all of them, one of whoever has most is cut off, and not who came alone.
        let left: Vec<_> = crowd.iter().filter(|place| !is_evicted(place)).collect();
        let busy: Vec<_> = left.iter().map(|place| place.at_work()).collect();
        let second = room.admit(address(10)).expect("a place");
        let third = room.admit(address(11)).expect("a place");
        assert_eq!(crowd.iter().filter(|place| is_evicted(place)).count(), 3);
        assert!([staff, second, third].iter().all(|place| !is_evicted(place)));
        drop(busy);
    }

    /// One verifier or one clerk, from as many addresses as it took, once held a whole port for ever.
    #[test]
    fn v6_whoever_is_known_has_a_quarter_from_wherever_they_come() {
        let room = Room::of(16);
        let come = |at: u8, who: &str| {
            let place = room.admit(address(at)).expect("room");
            place.proven(who);
            place
        };
        let other = come(99, "other");
        let of_one: Vec<_> = (0..40).map(|at| come(at, "one")).collect();
        assert_eq!(of_one.iter().filter(|place| !is_evicted(place)).count(), 4);
        assert!(!is_evicted(&other), "though it has waited longest");
        // Four who hold all that they may do not shut out who is to come in, however often they come again.
        let more: Vec<_> = ["two", "three", "four"]
            .into_iter()
            .flat_map(|who| (0..4).map(move |at| (who, at)))
            .map(|(who, at)| come(100 + at, who))
            .collect();
        let staff = room.admit(address(200)).expect("a place");
        for at in 0..40 {
            drop(come(at, "one"));
        }
        assert!(!is_evicted(&staff) && !is_evicted(&other));
        staff.proven("staff");
        assert!(!is_evicted(&staff));
        drop(more);
    }

    #[test]
    fn v6_an_address_from_which_somebody_came_in_lately_has_the_kept_places() {
        let room = Room::knowing(16, |from| from == address(50));
        let crowd: Vec<_> = (0..12).map(|at| room.admit(address(at)).expect("room")).collect();
        let known: Vec<_> = (0..4).map(|_| room.admit(address(50)).expect("room")).collect();
        assert!(known.iter().all(Place::is_known) && !crowd.iter().any(is_evicted));
        let more = room.admit(address(51)).expect("in the place of a stranger");
        assert!(!known.iter().any(is_evicted) && !more.is_known());
    }

    #[test]
    fn v6_a_crowd_evicts_itself_and_not_the_one_who_came_alone() {
        let room = Room::of(16);
        let alone = room.admit(address(9)).expect("room");
        let crowd: Vec<_> = (0..40).map(|at| room.admit(address(1 + at % 4))).collect();
        assert!(crowd.iter().all(Option::is_some));
        assert!(!is_evicted(&alone), "though it has waited longest of all");
        assert_eq!(room.taken(), 12, "a quarter is kept");
        let late = room.admit(address(10)).expect("in the place of one of the crowd");
        assert!(!is_evicted(&alone) && !is_evicted(&late));
    }

    /// Whoever sits in the same office, behind the same address, once ended the staff's connections.
    #[test]
    fn v6_a_stranger_beside_them_ends_no_connection_of_who_has_proven_who_they_are() {
        let room = Room::of(16);
        let staff: Vec<_> = (0..3).map(|_| room.admit(address(1)).expect("room")).collect();
        staff.iter().for_each(|place| place.proven("staff"));
        let crowd: Vec<_> = (0..20).map(|_| room.admit(address(1))).collect();
        assert!(crowd.iter().all(Option::is_some), "in each other's place");
        assert!(!staff.iter().any(is_evicted));
        // Where all of its quarter are known, one of them makes room for the next, who may be as well.
        let room = Room::of(16);
        let staff: Vec<_> = (0..4).map(|_| room.admit(address(1)).expect("room")).collect();
        staff.iter().for_each(|place| place.proven("staff"));
        assert!(room.admit(address(1)).is_some());
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
            let honest = room.admit("2001:db8:8::1".parse().expect("one")).expect("room");
            let crowd: Vec<_> = (0..200).map(|number| room.admit(of_one(number, bits))).collect();
            assert!(crowd.iter().all(Option::is_some), "in the place of one of its own");
            assert_eq!(room.taken(), 1 + 192 / 4, "all others are free");
            assert!(!is_evicted(&honest), "though it has waited longest");
            let busy: Vec<_> = crowd.iter().flatten().filter(|place| !is_evicted(place)).collect();
            let _busy: Vec<_> = busy.into_iter().map(Place::at_work).collect();
            assert!(room.admit(of_one(0xff, bits)).is_none(), "all of its own are at work");
            let other = room.admit("2001:db8:9::1".parse().expect("one"));
            assert!(other.is_some() && !is_evicted(&honest));
        }
    }

    #[test]
    fn v6_a_quarter_is_kept_for_who_is_known_or_has_proven_who_they_are() {
        let room = Room::knowing(16, |from| from == address(20));
        let busy: Vec<_> = (0..12).map(|at| room.admit(address(at)).expect("room")).collect();
        let at_work: Vec<_> = busy.iter().map(Place::at_work).collect();
        assert!(room.admit(address(19)).is_none(), "strangers have theirs");
        let known = room.admit(address(20)).expect("a kept place");
        busy[0].proven("somebody");
        let next = room.admit(address(19)).expect("one of them is no stranger any more");
        assert!(!is_evicted(&known) && !is_evicted(&next));
        drop(at_work);
        for _ in 0..40 {
            drop(room.admit(address(11)));
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
            crowd.push(room.admit(address(at)).expect("room"));
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
        let first = room.admit(address(1)).expect("room");
        let second = room.admit(address(1)).expect("its place");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(first.evicted());
        drop((first, second));
        assert_eq!(room.taken(), 0);
    }
}
