//! The custody of keys as the journal tells of it: who proved themselves, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ca::{Custody, Terms};
use domain::journal::EventKind;
use domain::staff::{PersonState, Role};
use jiff::SignedDuration;
use keys::quorum::{CustodianId, CustodySet, Passphrase};
use keys::{AlwaysPermitted, EmbeddedOpener, GuardedKeyStore};
use store::reads::{ReadJournal, ReadPeople};
use store::{Change, Entry, PersonRow, Sqlite, Store, Unit};
use testkit::{Clock, HookedStore, Scratch, act};

fn custodians() -> Vec<(CustodianId, Passphrase)> {
    let one = |number: u8| {
        let id = format!("custodian-{number}").parse().expect("an id");
        let words = format!("a passphrase of number {number}");
        (id, Passphrase::new(words.as_bytes()).expect("long enough"))
    };
    vec![one(1), one(2), one(3)]
}

fn guarded(scratch: &Scratch, clock: &Clock) -> Arc<GuardedKeyStore> {
    let opener = Box::new(EmbeddedOpener { directory: scratch.path().join("keys") });
    let now = clock.now();
    Arc::new(GuardedKeyStore::new(opener, Arc::new(move || now), Arc::new(AlwaysPermitted)))
}

/// A custody whose set-up was cut after the file of the shares, taken up by these.
fn dealt(
    scratch: &Scratch,
    clock: &Clock,
    terms: Terms,
    all: &[(CustodianId, Passphrase)],
) -> Custody {
    let (set, _) = CustodySet::establish(2, all, clock.now()).expect("a set");
    let (store, keys) = (scratch.store.clone(), guarded(scratch, clock));
    let file = set.to_json().expect("encodes");
    Custody::take_up(&act(clock), store, keys, &file, all, terms).expect("taken up")
}

#[test]
fn k2_who_was_not_asked_for_a_passphrase_did_not_activate_anything() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    // The store was not made before the cut: it is now, and opened for all three who are named.
    let custody = dealt(&scratch, &clock, terms, &all);
    assert!(custody.is_active());
    let journal = scratch.store.journal(0, 100).expect("a journal");
    let text = |body: Vec<u8>| String::from_utf8(body).expect("JSON");
    let texts: Vec<_> = journal.into_iter().map(|(_, body)| text(body)).collect();
    let told = |kind: &str| texts.iter().filter(|text| text.contains(kind)).collect::<Vec<_>>();
    assert_eq!(told("custodian-present").len(), 2);
    assert_eq!(told("custody-established").len(), 1);
    let activated = told("keys-activated");
    assert_eq!(activated.len(), 1);
    assert!(activated[0].contains("custodian-1 custodian-2"), "{}", activated[0]);
    assert!(!activated[0].contains("custodian-3"), "{}", activated[0]);
}

/// A share counts while its holder is in office, at the moment at which the keys would wake. Nobody but
/// the set-up registered them.
#[test]
fn k2_the_share_of_a_suspended_custodian_wakes_nothing() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let custody = dealt(&scratch, &clock, terms, &all);
    custody.deactivate(&act(&clock)).expect("asleep");
    let come = |number: usize| {
        let (id, passphrase) = &all[number];
        custody.contribute(&act(&clock), id.actor(), passphrase)
    };
    let suspend = |number: usize| {
        let from =
            scratch.store.person(all[number].0.actor()).expect("a read").expect("registered");
        let to = PersonRow { state: PersonState::Suspended, ..from.clone() };
        change(&scratch, &clock, Change::SetPerson { from: from.into(), to: to.into() });
    };
    assert_eq!(come(0).expect("here").present.len(), 1);
    suspend(0);
    let standing = come(1).expect("here");
    assert_eq!(standing.present, [all[1].0.actor().clone()], "alone");
    assert!(!custody.is_active());
    let refused = come(0).expect_err("suspended").to_string();
    assert!(refused.contains("no custodian any more"), "{refused}");
    custody.secret(&act(&clock), &all[..2]).map(drop).expect_err("neither on the command line");
    come(2).expect("another in office");
    assert!(custody.is_active());
    // Nor does the wish of one who left put them to sleep.
    custody.leave(&act(&clock), all[1].0.actor()).expect("one of two");
    suspend(1);
    custody.leave(&act(&clock), all[2].0.actor()).expect("one of two");
    assert!(custody.is_active());
}

/// Nor one whose holder is suspended while the others are still coming, or before what they put together
/// is used.
#[test]
fn k2_who_is_suspended_while_others_come_puts_no_secret_together_and_wakes_nothing() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let ids: Vec<_> = all.iter().map(|(id, _)| id.clone()).collect();
    let set_state = |state: PersonState| {
        let (first, clock) = (ids[0].clone(), clock.clone());
        move |store: &Sqlite| {
            let from = store.person(first.actor()).expect("a read").expect("registered");
            let to = PersonRow { state, ..from.clone() };
            let change = Change::SetPerson { from: from.into(), to: to.into() };
            let entry = Entry::new(EventKind::StaffChanged, &act(&clock));
            store.commit(Unit::new(entry).change(change)).expect("a change");
        }
    };
    let (suspend, reinstate) = (set_state(PersonState::Suspended), set_state(PersonState::Active));
    let armed = Arc::new(AtomicBool::new(false));
    let (meanwhile, is_armed) = (suspend.clone(), armed.clone());
    let store = HookedStore::committing(scratch.store.clone(), move |store, unit| {
        let done = store.commit(unit)?;
        if is_armed.swap(false, Ordering::SeqCst) {
            meanwhile(store);
        }
        Ok(done)
    });
    let (set, _) = CustodySet::establish(2, &all, clock.now()).expect("a set");
    let (keys, file) = (guarded(&scratch, &clock), set.to_json().expect("encodes"));
    let custody = Custody::take_up(&act(&clock), Arc::new(store), keys, &file, &all, terms);
    let custody = custody.expect("taken up");
    custody.deactivate(&act(&clock)).expect("asleep");
    armed.store(true, Ordering::SeqCst);
    let refused = custody.secret(&act(&clock), &all[..2]).map(drop).expect_err("one is suspended");
    assert!(refused.to_string().contains("custodian-1 is no custodian any more"), "{refused}");
    reinstate(&scratch.store);
    // Of all who come beyond the fewest, too.
    armed.store(true, Ordering::SeqCst);
    custody.secret_of_all(&act(&clock), &all).map(drop).expect_err("one is suspended");
    reinstate(&scratch.store);
    let secret = custody.secret_of_all(&act(&clock), &all).expect("all are in office");
    suspend(&scratch.store);
    custody.activate(&act(&clock), &secret, &ids[..2]).expect_err("one is suspended");
    assert!(!custody.is_active());
    custody.activate(&act(&clock), &secret, &ids[1..]).expect("both are in office");
}

/// Shares of an earlier program, whose holders the registry does not know, count until enough of them are
/// in office. Nothing that is done to them on the way there, by one person or two, loses the keys.
#[test]
fn k2_a_share_without_an_office_counts_until_enough_have_one() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let ids: Vec<_> = all.iter().map(|(id, _)| id.clone()).collect();
    let add = |row: PersonRow| change(&scratch, &clock, Change::AddPerson(row.into()));
    let set = |from: &PersonRow, to: PersonRow| {
        change(&scratch, &clock, Change::SetPerson { from: from.clone().into(), to: to.into() });
    };
    // The registry has others: custodians are not among the first any more.
    add(PersonRow { roles: vec![Role::CaManager], ..person(&"manager-1".parse().expect("an id")) });
    let custody = dealt(&scratch, &clock, terms, &all);
    assert!(
        scratch.store.person(ids[0].actor()).expect("a read").is_none(),
        "nobody registered them"
    );
    let counting = || -> Vec<usize> {
        let here = |place: &usize| custody.expect_custodian(&act(&clock), &ids[*place]).is_ok();
        (0..3).filter(here).collect()
    };
    assert_eq!((counting(), custody.unregistered().expect("a read")), (vec![0, 1, 2], ids.clone()));
    // Proposed, and refused: nobody takes a share away by that.
    let proposed = PersonRow { state: PersonState::Proposed, ..person(&ids[0]) };
    add(proposed.clone());
    assert_eq!(counting(), [0, 1, 2]);
    set(&proposed, PersonRow { state: PersonState::Removed, roles: Vec::new(), ..person(&ids[0]) });
    assert_eq!(counting(), [0, 1, 2]);
    // One in office, and suspended: theirs alone is over.
    add(person(&ids[1]));
    assert_eq!(counting(), [0, 1, 2]);
    let suspended = PersonRow { state: PersonState::Suspended, ..person(&ids[1]) };
    set(&person(&ids[1]), suspended.clone());
    assert_eq!(counting(), [0, 2]);
    let mut others = custodians();
    others.remove(1);
    custody.secret(&act(&clock), &others).map(drop).expect("they open the keys");
    // With a quorum in office, who is in none has nothing that counts, anywhere.
    set(&suspended, person(&ids[1]));
    add(person(&ids[2]));
    assert_eq!(counting(), [1, 2]);
    assert_eq!(custody.unregistered().expect("a read"), [], "one was refused");
    custody.deactivate(&act(&clock)).expect("asleep");
    let (id, passphrase) = &all[0];
    let refused = custody.contribute(&act(&clock), id.actor(), passphrase).expect_err("no office");
    assert!(refused.to_string().contains("is not in the registry"), "{refused}");
    custody.quorum(&act(&clock), &all[..2]).map(drop).expect_err("neither for the way back in");
    custody.quorum(&act(&clock), &all[1..]).expect("those in office");
}

/// To whom shares were dealt is told by the database. The file has the sealed shares, and counts as long
/// as it is the one that was written with them.
#[test]
fn k2_the_database_tells_who_holds_shares_and_the_file_does_not() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let terms =
        Terms { window: SignedDuration::from_mins(30), active_for: SignedDuration::from_hours(1) };
    let all = custodians();
    let kept = std::cell::RefCell::new(Vec::new());
    let keep = |set: &CustodySet| {
        kept.replace(set.to_json()?);
        Ok(())
    };
    let store = || scratch.store.clone();
    let deal = || {
        let keys = guarded(&scratch, &clock);
        Custody::establish(&act(&clock), store(), keys, 2, &all, terms, &keep)
    };
    drop(deal().expect("dealt"));
    let file = kept.borrow().clone();
    let again = deal().map(drop).expect_err("dealt once").to_string();
    assert!(again.contains("dealt before") && again.contains("media"), "{again}");
    assert_eq!(*kept.borrow(), file, "nothing was written over it");
    let keys = guarded(&scratch, &clock);
    let other = CustodySet::establish(2, &all, clock.now()).expect("a set").0;
    let other = other.to_json().expect("encodes");
    let added = String::from_utf8(file.clone()).expect("JSON").replace("custodian-3", "dave");
    let torn = &file[..file.len() / 2];
    let files: [(Result<&[u8], String>, &str); 5] = [
        (Ok(&other), "not the file of the shares"),
        (Ok(added.as_bytes()), "not the file of the shares"),
        (Ok(torn), "not the file of the shares"),
        (Ok(&[]), "it is empty"),
        (Err("no such file".to_owned()), "no such file"),
    ];
    for (file, told) in files {
        let custody = Custody::open(store(), keys.clone(), file, terms).expect("opens");
        let holders: Vec<_> = all.iter().map(|(id, _)| id.actor().clone()).collect();
        assert_eq!((custody.standing().threshold, custody.standing().custodians), (2, holders));
        let (id, passphrase) = &all[0];
        let come = custody.contribute(&act(&clock), id.actor(), passphrase).map(drop);
        for refused in [
            come,
            custody.secret(&act(&clock), &all).map(drop),
            custody.quorum(&act(&clock), &all).map(drop),
            custody.resume(&act(&clock), &all),
        ] {
            let refused = refused.expect_err("nobody's shares").to_string();
            assert!(refused.contains(told) && refused.contains("media"), "{refused}");
        }
        let dave = "dave".parse().expect("an id");
        let stranger = custody.expect_custodian(&act(&clock), &dave).expect_err("a stranger");
        assert!(stranger.to_string().contains("is no custodian"), "{stranger}");
    }
    let custody = Custody::open(store(), keys, Ok(&file), terms).expect("opens");
    custody.resume(&act(&clock), &all).expect("the true file");
    let told = scratch.store.journal(0, 1000).expect("a journal");
    let told = told
        .iter()
        .filter(|(_, body)| String::from_utf8_lossy(body).contains("custody-established"));
    assert_eq!(told.count(), 1);
}

fn person(id: &CustodianId) -> PersonRow {
    PersonRow {
        id: id.actor().clone(),
        name: "見本　一郎".to_owned(),
        state: PersonState::Active,
        roles: vec![Role::KeyCustodian],
        municipality: None,
        proposal: None,
        since: "2026-11-22T02:00:00Z".parse().expect("a time"),
    }
}

fn change(scratch: &Scratch, clock: &Clock, change: Change) {
    let entry = Entry::new(EventKind::StaffChanged, &act(clock));
    scratch.store.commit(Unit::new(entry).change(change)).expect("changed");
}
