//! Refusals of strangers, in sums: the first of its kind within a minute is an entry at once, the rest
//! are one entry with their number when the minute is over.
//!
//! Every attempt is evidence (E1), and none of them may become storage one to one, because the journal
//! is never cut. So the entries of a minute have a bound, whatever strangers do. A crash loses the
//! number of the running minute, and not that there were attempts. Who proved who they are and is
//! refused has an entry for each refusal, elsewhere.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use domain::act::{Act, Actor};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::{OfTheInstallation, Rule};
use jiff::{SignedDuration, Timestamp};
use status::subscriber::Subscriber;
use store::{Entry, RoomOnDisk, Unit};

use super::door::Door;
use crate::acts::{Clock, act_now};
use crate::ledger::Ledger;
use crate::problem::Problem;

/// The time whose refusals are one sum.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// Kinds of refusal of one event that have a sum of their own at once, and as many that concern a person:
/// more than there are doors, so that who tries each of them leaves an entry at each. Beyond, those of one
/// rule, and of one person, are one sum of everywhere: what a crowd does elsewhere hides neither.
const MOST_KINDS: usize = 128;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// The event.
    pub(crate) event: EventKind,
    /// By which door.
    pub(crate) door: String,
    /// Whom it concerns, where it is a person of the registry.
    pub(crate) person: Option<ActorId>,
    /// By which rule, in our words.
    pub(crate) rule: Rule,
    /// The code that the caller was told, where there is one.
    pub(crate) code: Option<&'static str>,
    /// The block of addresses it came from.
    pub(crate) from: String,
}

/// The first refusal of its kind within a minute, which is an entry.
struct First {
    kind: Kind,
    /// What was counted of the same kind in a minute that is over.
    before: Option<Sum>,
}

/// Counts the refusals of strangers and writes them; it reads nothing but whether the disk has room.
pub struct Refusals {
    clock: Clock,
    ledger: Ledger,
    room_on_disk: RoomOnDisk,
    sums: Sums,
}

/// The sums of the minutes that run.
#[derive(Debug, Default)]
struct Sums(Mutex<HashMap<Kind, Sum>>);

#[derive(Debug, Clone, Copy)]
struct Sum {
    since: Timestamp,
    /// When the minute began that runs; later than `since` where an earlier one could not be written.
    minute: Timestamp,
    /// Those after the first.
    more: u64,
}

impl Sum {
    fn new(now: Timestamp) -> Self {
        Self { since: now, minute: now, more: 0 }
    }
}

impl Kind {
    pub(crate) fn new(event: EventKind, door: &Door, rule: impl Into<Rule>) -> Self {
        let (door, from) = (door.name.clone(), block(door.from));
        Self { event, door, person: None, rule: rule.into().untold(), code: None, from }
    }

    /// The same by whatever door and from wherever. There are as many of these as the program has rules,
    /// and the registry people whose passwords strangers try.
    fn anywhere(self) -> Self {
        let (door, from) = ("many doors".to_owned(), "many addresses".to_owned());
        Self { door, from, ..self }
    }

    /// Whether both are counted against one bound.
    fn is_like(&self, other: &Self) -> bool {
        self.event == other.event && self.person.is_some() == other.person.is_some()
    }

    /// The entry of so many more.
    fn sum(&self, act: &Act, Sum { since, more, .. }: Sum) -> Entry {
        let entry = self.entry(act).detail("peer", OfTheInstallation(&self.from));
        entry.detail("count", more).detail("since", since).refused(self.rule.clone())
    }

    fn entry(&self, act: &Act) -> Entry {
        let entry = Entry::new(self.event, act);
        let entry = match &self.person {
            Some(person) => entry.subject(person).detail("door", OfTheInstallation(&self.door)),
            None => entry.subject(OfTheInstallation(&self.door)),
        };
        match self.code {
            Some(code) => entry.detail("code", code),
            None => entry,
        }
    }
}

impl Sums {
    /// Counts a refusal. The kind comes back where this is the first of its minute, for its entry.
    fn count(&self, kind: Kind, now: Timestamp) -> Option<First> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = bounded(kind, &sums);
        match sums.entry(kind) {
            Slot::Occupied(mut sum) if is_over(sum.get(), now) => {
                let before = sum.insert(Sum::new(now));
                Some(First { kind: sum.key().clone(), before: Some(before) })
            }
            Slot::Occupied(mut sum) => {
                sum.get_mut().more += 1;
                None
            }
            Slot::Vacant(free) => {
                let kind = free.key().clone();
                free.insert(Sum::new(now));
                Some(First { kind, before: None })
            }
        }
    }

    /// Counts a refusal of which nothing can be written now: it is told with the sum.
    fn count_unwritten(&self, kind: Kind, now: Timestamp) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = bounded(kind, &sums);
        sums.entry(kind).or_insert(Sum::new(now)).more += 1;
    }

    /// Takes back what could not be written: it is tried again when the next minute of its kind is over,
    /// and where none runs at once.
    fn give_back(&self, kind: Kind, sum: Sum) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = bounded(kind, &sums);
        match sums.entry(kind) {
            Slot::Occupied(mut running) => {
                let running = running.get_mut();
                running.more += sum.more;
                running.since = running.since.min(sum.since);
            }
            Slot::Vacant(free) => {
                free.insert(sum);
            }
        }
    }

    /// Takes the sums whose minute is over, or all.
    fn take(&self, now: Timestamp, all: bool) -> Vec<(Kind, Sum)> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.extract_if(|_, sum| all || is_over(sum, now)).collect()
    }
}

/// The kind, or the same of anywhere where there are too many like it.
fn bounded(kind: Kind, sums: &HashMap<Kind, Sum>) -> Kind {
    let is_new = !sums.contains_key(&kind);
    match is_new && sums.keys().filter(|other| other.is_like(&kind)).count() >= MOST_KINDS {
        true => kind.anywhere(),
        false => kind,
    }
}

fn is_over(sum: &Sum, now: Timestamp) -> bool {
    now.duration_since(sum.minute) >= MINUTE
}

impl Refusals {
    pub(crate) fn new(clock: Clock, ledger: &Ledger, room_on_disk: RoomOnDisk) -> Self {
        Self { clock, ledger: ledger.clone(), room_on_disk, sums: Sums::default() }
    }

    /// Counts a stranger's refusal, and writes the entry of it where it is the first of its kind in
    /// this minute and the disk has room for strangers' entries.
    pub(crate) fn refuse(&self, stranger: &Act, kind: Kind, from: IpAddr) -> Result<(), Problem> {
        if self.room_on_disk.is_short() {
            self.sums.count_unwritten(kind, stranger.at);
            return Ok(());
        }
        let Some(First { kind, before }) = self.sums.count(kind, stranger.at) else {
            return Ok(());
        };
        let told = before.map_or(Ok(()), |before| self.tell_sum(stranger, &kind, before));
        let entry = kind.entry(stranger).detail("peer", from).refused(kind.rule.clone());
        let told = told.and_then(|()| Ok(self.ledger.commit(Unit::new(entry)).map(drop)?));
        // It is told with the sum then.
        told.inspect_err(|_| self.sums.count_unwritten(kind, stranger.at))
    }

    /// Writes a sum, or keeps it where it cannot be written.
    fn tell_sum(&self, act: &Act, kind: &Kind, sum: Sum) -> Result<(), Problem> {
        if sum.more == 0 {
            return Ok(());
        }
        let told = self.ledger.commit(Unit::new(kind.sum(act, sum)));
        told.inspect_err(|_| self.sums.give_back(kind.clone(), sum))?;
        Ok(())
    }

    /// Writes the sums of the minutes that are over, or of all; called now and then, and last at a
    /// stop. Where the disk is short they stay, and go on being counted.
    ///
    /// # Errors
    /// The database's first; what was not written stays, and is written when it can be.
    pub fn tell(&self, all: bool) -> Result<(), Problem> {
        if self.room_on_disk.is_short() && !all {
            return Ok(());
        }
        let act = self.stranger()?;
        let mut told = Ok(());
        for (kind, sum) in self.sums.take(act.at, all) {
            // Where one cannot be written, hardly another can.
            match &told {
                Ok(()) => told = self.tell_sum(&act, &kind, sum),
                Err(_) => self.sums.give_back(kind, sum),
            }
        }
        told
    }

    fn stranger(&self) -> Result<Act, Problem> {
        act_now(&self.clock, Actor::Anonymous, None)
    }
}

/// The block of addresses whose refusals are one sum: a subscriber's, or where that is a single address
/// of IPv4, the /24 around it.
fn block(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8)),
        v6 => Subscriber::of(v6).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use store::Store;
    use store::reads::ReadJournal;
    use testkit::{Clock, HookedStore, Scratch};

    use super::*;

    fn kind(door: &str, from: &str) -> Kind {
        let door = Door { name: door.to_owned(), from: from.parse().expect("an address") };
        Kind::new(EventKind::AccessRefused, &door, "no")
    }

    #[test]
    fn e1_refusals_of_a_door_and_block_are_one_sum_a_minute() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let refusals = Sums::default();
        for (door, from, is_first) in [
            ("GET /a", "192.0.2.1", true),
            ("GET /a", "192.0.2.200", false),
            ("GET /a", "192.0.3.1", true),
            ("GET /b", "192.0.2.1", true),
            ("GET /a", "2001:db8:1::1", true),
            ("GET /a", "2001:db8:1:ffff::1", false),
            ("GET /a", "2001:db8:2::1", true),
        ] {
            let first = refusals.count(kind(door, from), at(0));
            assert_eq!(first.is_some(), is_first, "{door} {from}");
        }
        assert!(refusals.take(at(59), false).is_empty());
        let told = refusals.take(at(60), false);
        assert_eq!(told.iter().map(|(_, sum)| sum.more).sum::<u64>(), 2);
        assert!(refusals.count(kind("GET /a", "192.0.2.1"), at(61)).is_some(), "a new minute");
        assert!(refusals.count(kind("GET /a", "192.0.2.1"), at(62)).is_none());
        let next = refusals.count(kind("GET /a", "192.0.2.1"), at(121)).expect("another");
        assert_eq!(next.before.map(|sum| sum.more), Some(1), "what nobody took is not forgotten");
        assert_eq!(refusals.take(at(121), true).len(), 1);
    }

    #[test]
    fn e1_the_first_refusal_is_an_entry_at_once_and_the_rest_one_with_their_number() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-28T03:00:00Z"));
        let told = clock.clone();
        let room = RoomOnDisk::default();
        let ledger = Ledger::new(scratch.store.clone());
        let refusals = Refusals::new(Arc::new(move || told.now()), &ledger, room.clone());
        let entries = || scratch.store.journal(0, 1000).expect("a journal").len();
        let refuse = |times: usize| {
            for _ in 0..times {
                let stranger = refusals.stranger().expect("an act");
                let from = IpAddr::from([192, 0, 2, 1]);
                refusals.refuse(&stranger, kind("GET /a", "192.0.2.1"), from).expect("counted");
            }
        };
        let before = entries();
        refuse(500);
        assert_eq!(entries(), before + 1);
        refusals.tell(false).expect("told");
        assert_eq!(entries(), before + 1, "the minute is not over");
        clock.advance(MINUTE);
        refusals.tell(false).expect("told");
        assert_eq!(entries(), before + 2);
        let (_, last) = scratch.store.journal(0, 1000).expect("a journal").pop().expect("one");
        let last = String::from_utf8(last).expect("JSON");
        assert!(last.contains("499") && last.contains("192.0.2.0/24"), "{last}");
        // Where the disk is short strangers write nothing; what they tried is told afterwards.
        room.note(true);
        refuse(10);
        clock.advance(MINUTE);
        refusals.tell(false).expect("told");
        assert_eq!(entries(), before + 2);
        room.note(false);
        refusals.tell(false).expect("told");
        assert_eq!(entries(), before + 3);
    }

    /// Those whose store refuses commits while `refuses` is set.
    fn hindered(scratch: &Scratch, clock: &Clock, refuses: &Arc<AtomicBool>) -> Refusals {
        let (refuses, told) = (refuses.clone(), clock.clone());
        let store =
            HookedStore::committing(scratch.store.clone(), move |store, unit| {
                match refuses.load(Ordering::SeqCst) {
                    true => Err(store::Error::Unavailable("the disk is full".into())),
                    false => store.commit(unit),
                }
            });
        let ledger = Ledger::new(Arc::new(store));
        Refusals::new(Arc::new(move || told.now()), &ledger, RoomOnDisk::default())
    }

    /// A full disk or doubt, which strangers' attempts may go with, takes nothing of what was counted.
    #[test]
    fn e1_a_commit_that_is_refused_loses_no_number() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-28T03:00:00Z"));
        let refuses = Arc::new(AtomicBool::new(false));
        let refusals = hindered(&scratch, &clock, &refuses);
        let refuse = |door: &str, times: usize| {
            for _ in 0..times {
                let stranger = refusals.stranger().expect("an act");
                let from = IpAddr::from([192, 0, 2, 1]);
                let outcome = refusals.refuse(&stranger, kind(door, "192.0.2.1"), from);
                assert!(outcome.is_ok() || refuses.load(Ordering::SeqCst), "{outcome:?}");
            }
        };
        let doors = ["GET /a", "GET /b", "GET /c"];
        doors.iter().for_each(|door| refuse(door, 5));
        clock.advance(MINUTE);
        refuses.store(true, Ordering::SeqCst);
        for all in [false, true] {
            refusals.tell(all).expect_err("it is not written");
        }
        // The first of a new minute, and the first of all.
        refuse("GET /a", 2);
        refuse("GET /d", 3);
        refuses.store(false, Ordering::SeqCst);
        clock.advance(MINUTE);
        refuse("GET /b", 2);
        refusals.tell(true).expect("told");
        let rows = scratch.store.journal(0, 1000).expect("a journal");
        let told = |door: &str| -> u64 {
            let of = |(_, body): &(u64, Vec<u8>)| {
                let body = String::from_utf8(body.clone()).expect("JSON");
                let count = body.split_once("[\"count\",\"").map(|(_, rest)| {
                    rest.split('"').next().expect("a number").parse().expect("a number")
                });
                body.contains(door).then(|| count.unwrap_or(1))
            };
            rows.iter().filter_map(of).sum()
        };
        assert_eq!(["GET /a", "GET /b", "GET /c", "GET /d"].map(told), [7, 7, 5, 3]);
    }

    #[test]
    fn e1_a_minute_has_a_bound_of_entries_whatever_strangers_do() {
        let now = Timestamp::UNIX_EPOCH;
        let refusals = Sums::default();
        let firsts = (0..10_000_u32).filter_map(|number| {
            let address = IpAddr::from((number << 8).to_be_bytes());
            refusals.count(kind(&format!("GET /{number}"), &address.to_string()), now)
        });
        assert_eq!(firsts.count(), MOST_KINDS + 1);
        let told = refusals.take(now, true);
        let all: u64 = told.iter().map(|(_, sum)| sum.more + 1).sum();
        assert_eq!((told.len(), all), (MOST_KINDS + 1, 10_000), "and none is forgotten");
    }

    /// Whoever guessed one person's password once hid that among refusals of other kinds.
    #[test]
    fn e1_a_crowd_hides_neither_what_was_refused_nor_whom_it_concerns() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-28T03:00:00Z"));
        let told = clock.clone();
        let ledger = Ledger::new(scratch.store.clone());
        let refusals = Refusals::new(Arc::new(move || told.now()), &ledger, RoomOnDisk::default());
        let refuse = |event, number: u32, person: Option<&str>, rule: &'static str| {
            let from = IpAddr::from((number << 8).to_be_bytes());
            let door = Door { name: format!("POST /{}", number % 7), from };
            let person = person.map(|id| id.parse().expect("an id"));
            let kind = Kind { person, ..Kind::new(event, &door, rule) };
            let stranger = refusals.stranger().expect("an act");
            refusals.refuse(&stranger, kind, from).expect("counted");
        };
        let entries = || {
            let rows = scratch.store.journal(0, 5000).expect("a journal");
            let text = |(_, body)| String::from_utf8(body).expect("JSON");
            rows.into_iter().map(text).collect::<Vec<_>>()
        };
        // Those of other doors, of names that nobody has, and of other people.
        for number in 0..1000 {
            refuse(EventKind::AccessRefused, number, None, "no token");
            refuse(EventKind::LoggedIn, number, None, "no such person");
            refuse(EventKind::LoggedIn, number, Some("tanaka"), "locked");
        }
        let before = entries().len();
        assert_eq!(before, 3 * (MOST_KINDS + 1));
        for number in 2000..2010 {
            refuse(EventKind::LoggedIn, number, Some("sato"), "locked");
            refuse(EventKind::AccessRefused, number, None, "another host");
        }
        let first = entries().split_off(before);
        assert_eq!(first.len(), 2, "{first:?}");
        clock.advance(MINUTE);
        refusals.tell(false).expect("told");
        let sums = entries().split_off(before + 2);
        for told in [&first, &sums] {
            let of = |words: &[&str]| {
                let has_all = |entry: &&String| words.iter().all(|word| entry.contains(word));
                told.iter().filter(has_all).count()
            };
            assert_eq!(of(&["logged-in", "\"sato\"", "locked"]), 1, "{told:?}");
            assert_eq!(of(&["access-refused", "many doors", "another host"]), 1, "{told:?}");
        }
        let of_sato = sums.iter().find(|entry| entry.contains("\"sato\"")).expect("a sum");
        assert!(of_sato.contains(r#"["count","9"]"#), "{of_sato}");
    }
}
