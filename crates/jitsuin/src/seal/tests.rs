//! Who seals beside whom, and what is acknowledged meanwhile.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};

use domain::journal::EventKind;
use store::reads::ReadHead;
use store::segments::{Limits, QuerySegments};
use store::{Entry, Store, Unit};

use super::*;
use crate::serve::{Listeners, Running};
use crate::system::Claim;
use crate::years::place::Place;

const NONE: Duration = Duration::ZERO;

/// Patience with whoever seals as it goes, which is over while a server still starts.
const LITTLE: Duration = Duration::from_secs(1);

fn set_up() -> Place {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    place
}

fn visitor(place: &Place) -> Arc<System> {
    let config = place.path().join("jitsuin.toml");
    Arc::new(System::open(&config, Claim::Visit, place.clock()).expect("a visitor"))
}

/// What a command does; its place in the journal.
fn work(system: &System) -> u64 {
    let entry = Entry::new(EventKind::RoomEntry, &system.act("command").expect("an act"));
    system.store.commit(Unit::new(entry)).expect("committed")
}

fn sealed(system: &System) -> u64 {
    let last = system.store.last_checkpoint().expect("a read");
    last.map_or(0, |checkpoint| checkpoint.size)
}

/// Every file of a directory with its content.
fn content(directory: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(directory).expect("a directory").map(|file| {
        let file = file.expect("a file");
        let name = file.file_name().into_string().expect("a name");
        (name, std::fs::read(file.path()).expect("read"))
    });
    files.collect()
}

/// The right is free: the owner looks at something else. It is the owner's all the same.
#[test]
fn e2_e6_who_visits_beside_an_owner_never_seals_and_is_told_it_lasts_once_the_owner_has() {
    let place = set_up();
    let owner = place.open(0);
    owner.is_sealing.store(true, std::sync::atomic::Ordering::SeqCst);
    owner.keep_health().expect("its word");
    let visitor = visitor(&place);
    let (before, done) = (sealed(&owner), work(&visitor));
    assert!(SealLock::take(&visitor).expect("a look").is_none());
    visitor.seal_if_free().expect("left to the owner");
    assert_eq!(sealed(&owner), before, "nothing is sealed by who visits");
    let told =
        visitor.sealing().seal_within(NONE, NONE).expect_err("nobody has sealed").to_string();
    assert!(told.contains("not sealed") && sealed(&owner) == before, "{told}");
    let (tell, heard) = channel();
    let waits = visitor.clone();
    let command = std::thread::spawn(move || {
        let outcome = waits.sealing().seal_within(SEALED_WITHIN, NONE);
        tell.send((outcome, sealed(&waits))).expect("told");
    });
    let too_early = heard.recv_timeout(Duration::from_millis(500));
    assert!(matches!(too_early, Err(RecvTimeoutError::Timeout)), "{too_early:?}");
    owner.seal().expect("sealed");
    let (outcome, then) = heard.recv().expect("it ends");
    assert!(outcome.is_ok() && then > done, "{outcome:?}: {then} of {done}");
    command.join().expect("it ends well");
}

/// A server that came between a command's work and its seal proves everything first, which may take
/// minutes: the command waits, and is told what is so.
#[test]
fn e2_e6_a_command_waits_for_a_server_that_starts_and_seals_itself_where_that_one_ends() {
    let place = set_up();
    let first = visitor(&place);
    let done = work(&first);
    let owner = place.open(0);
    let waits = first.clone();
    let command = std::thread::spawn(move || waits.sealing().seal_within(LITTLE, STARTED_WITHIN));
    std::thread::sleep(LITTLE * 2);
    assert!(!command.is_finished(), "it waits for the server");
    owner.seal().expect("sealed");
    command.join().expect("it ends").expect("what it did lasts");
    assert!(sealed(&first) > done);
    // Another one, and the server ends before it sealed.
    let done = work(&first);
    let waits = first.clone();
    let command = std::thread::spawn(move || waits.sealing().seal_within(LITTLE, STARTED_WITHIN));
    std::thread::sleep(MOMENT * 4);
    drop(owner);
    command.join().expect("it ends").expect("it seals itself");
    assert!(sealed(&first) > done);
}

/// Commands keep the right for a moment, and whoever starts waits for that.
#[test]
fn e6_who_starts_waits_for_a_command_that_seals() {
    let place = set_up();
    let visits = visitor(&place);
    let moment = SealLock::take(&visits).expect("a look").expect("nobody else seals");
    let owner = place.open(0);
    assert!(SealLock::take(&owner).expect("a look").is_none());
    let start = std::thread::spawn(move || SealLock::wait(&owner).map(drop));
    std::thread::sleep(MOMENT * 4);
    assert!(!start.is_finished(), "it waits");
    drop(moment);
    start.join().expect("it ends").expect("it has the right");
}

#[test]
fn e1_e6_a_second_installation_on_one_directory_of_query_records_is_refused_and_touches_nothing() {
    let (place, other) = (set_up(), set_up());
    let queries = place.path().join("data/queries");
    let shared = other.path().join("data/queries");
    std::fs::remove_dir_all(&shared).expect("away");
    std::os::unix::fs::symlink(&queries, &shared).expect("a link");
    let owner = place.open(0);
    let _seal = SealLock::wait(&owner).expect("the first");
    let (segments, _) = QuerySegments::open(&queries, Limits::default(), 0).expect("segments");
    segments.append(b"what the first records").expect("written");
    let before = content(&queries);
    assert!(!before.is_empty());
    let second = other.open(0);
    let entries = second.store.last_sequence().expect("a read");
    let listeners = Listeners::bind(&second.config.listen).expect("ports");
    let refused = Running::start(second.clone(), listeners).err().expect("refused").to_string();
    assert!(refused.contains("does another installation keep its query records"), "{refused}");
    assert_eq!(content(&queries), before, "nothing of the first is touched");
    assert_eq!(second.store.last_sequence().expect("a read"), entries, "nor anything said");
}
