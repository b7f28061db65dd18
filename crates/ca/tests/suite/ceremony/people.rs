//! Who must be there.

use std::sync::Arc;

use domain::act::{Basis, Standing};
use domain::ceremony::State;
use domain::journal::EventKind;
use domain::staff::{PersonState, Role};
use store::reads::ReadPeople;
use store::{Change, Entry, PersonRow, Sqlite, Unit};
use testkit::act;

use super::*;

/// Registers a witness, or has them stand otherwise; how they stand then.
fn auditor(store: &Sqlite, clock: &Clock, state: PersonState) -> Standing {
    let id: domain::id::ActorId = "auditor-1".parse().expect("an id");
    let row = PersonRow {
        id: id.clone(),
        name: "監査　一郎".to_owned(),
        state,
        roles: vec![Role::InternalAuditor],
        municipality: None,
        proposal: None,
        since: clock.now(),
    };
    let change = match store.person(&id).expect("a read") {
        None => Change::AddPerson(row.clone().into()),
        Some(from) => Change::SetPerson { from: from.into(), to: row.clone().into() },
    };
    let entry = Entry::new(EventKind::StaffChanged, &act(clock));
    store.commit(Unit::new(entry).change(change)).expect("a change");
    row.standing(Basis::Nothing)
}

#[test]
fn k3_a_ceremony_needs_its_people_and_nobody_else() {
    let room = Room::new();
    let without = |person: &str| {
        let mut people = enough();
        people.retain(|one| one.person.as_str() != person);
        people
    };
    let with = |person: &str, seat: Seat| [enough(), present(&[(person, seat)])].concat();
    let cases = [
        (without("custodian-1"), "1 in the seat of custodian, where 2 are needed"),
        (without("auditor-1"), "0 in the seat of witness, where 1 are needed"),
        (without("operator-2"), "1 in the seat of operator, where 2 are needed"),
        (with("stranger", Seat::Witness), "stranger is not named in the script"),
        (
            with("custodian-2", Seat::Witness),
            "custodian-2 is named as a custodian, not as a witness",
        ),
        (with("custodian-1", Seat::Custodian), "custodian-1 came twice"),
        (
            Vec::new(),
            "0 in the seat of custodian, where 2 are needed; 0 in the seat of witness, where 1 are needed; 0 in the seat of operator",
        ),
    ];
    for (people, expected) in cases {
        let mut twin = room.twin();
        let refused = room.conduct(|c| c.run(SCRIPT, &premises(), &people, &mut twin));
        let told = refused.expect_err(expected).to_string();
        assert!(told.starts_with("present: ") && told.contains(expected), "{told}");
        assert!(twin.hardware.borrow().calls.is_empty(), "nothing was done");
        let entry = room.journal().pop().expect("an entry");
        assert!(entry.contains("\"refused\"") && entry.contains("ceremony-started"), "{entry}");
    }
    // One who came twice does not count twice.
    let twice = [without("custodian-1"), present(&[("custodian-3", Seat::Custodian)])].concat();
    let told = room.conduct(|c| c.run(SCRIPT, &premises(), &twice, &mut room.twin()));
    let told = told.expect_err("one custodian").to_string();
    assert!(told.contains("came twice") && told.contains("1 in the seat of custodian"), "{told}");
    room.run(&mut room.twin()).expect("enough");
}

/// Whoever came to one sitting has not come to the next.
#[test]
fn k3_people_who_came_to_a_sitting_come_to_no_other() {
    let room = Room::new();
    let mut twin = room.twin();
    let id = "genesis-2026".parse().expect("an id");
    let sittings = || ca::ceremony::sittings(room.scratch.store.as_ref(), &id).expect("a number");
    let (clock, by) = (|| room.clock.now(), act(&room.clock));
    let mut run = |after: usize| {
        let conductor = Conductor::new(room.scratch.store.as_ref(), &clock, &by);
        conductor.after_sittings(after).run(SCRIPT, &premises(), &enough(), &mut twin)
    };
    assert_eq!(sittings(), 0);
    let told = run(1).map(drop).expect_err("there was none").to_string();
    assert!(told.contains("a sitting that was held already"), "{told}");
    assert_eq!(run(0).expect("the first").state, State::Completed);
    assert_eq!(sittings(), 1);
    run(0).map(drop).expect_err("it was the first");
    run(1).expect("told again");
}

#[test]
fn k3_a_script_that_is_not_valid_does_nothing_and_is_recorded() {
    let room = Room::new();
    let mut twin = room.twin();
    let script = SCRIPT.replace("\"backup\"", "\"burn\"");
    let told = room.conduct(|c| c.run(&script, &premises(), &enough(), &mut twin));
    let told = told.expect_err("an unknown step").to_string();
    assert!(told.contains("step 5.do: \"burn\" is no step"), "{told}");
    // What the installation has counts too, before the first step.
    let there =
        Premises { cas: Some([("bridge".parse().expect("an id"), 1)].into()), ..premises() };
    let told = room.conduct(|c| c.run(SCRIPT, &there, &enough(), &mut twin));
    assert!(told.expect_err("a key is there").to_string().contains("has a key already"));
    assert!(twin.hardware.borrow().calls.is_empty());
    let journal = room.journal();
    assert!(journal.len() == 2 && journal.iter().all(|entry| entry.contains("\"refused\"")));
}

/// Whoever is suspended between coming and the end of a step has no part in it, and it does not count.
#[test]
fn k3_nothing_happens_once_somebody_present_does_not_stand_as_they_came() {
    let room = Room::new();
    let mut twin = room.twin();
    let witness = auditor(&room.scratch.store, &room.clock, PersonState::Active);
    let (store, clock) = (Arc::clone(&room.scratch.store), room.clock.clone());
    let suspend = move || drop(auditor(&store, &clock, PersonState::Suspended));
    twin.meanwhile = Some(("-7".to_owned(), Box::new(suspend)));
    let now = || room.clock.now();
    let actor = Actor::Staff("operator-1".parse().expect("an id"));
    let by = Act::new(actor, now(), "op-ceremony".parse().expect("an id"));
    let by = Act { present: [witness].into(), ..by };
    let conductor = Conductor::new(room.scratch.store.as_ref(), &now, &by);
    let told = conductor.run(SCRIPT, &premises(), &enough(), &mut twin);
    let told = told.map(drop).expect_err("one is suspended").to_string();
    assert!(told.contains("the right of auditor-1 to act ended"), "{told}");
    let record = |id: &str| conductor.record(&id.parse().expect("an id")).expect("read");
    let record = record("genesis-2026").expect("begun");
    assert_eq!(record.state, State::Interrupted);
    assert!(record.steps[5].done.is_some() && record.steps[6].done.is_none());
    assert!(record.interruptions[0].reason.contains("auditor-1"), "{:?}", record.interruptions);
    // Nor does it go on with them, and with others it does.
    let calls = twin.hardware.borrow().calls.len();
    let again = conductor.run(SCRIPT, &premises(), &enough(), &mut twin);
    again.map(drop).expect_err("still suspended");
    assert_eq!(twin.hardware.borrow().calls.len(), calls);
    assert_eq!(room.run(&mut twin).expect("others").state, State::Completed);
}
