//! What a ceremony does outside of the database while somebody who came to it is suspended.

mod ends;
mod media;

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::Renewal;
use domain::act::{Act, Basis};
use domain::ceremony::RestoreTarget;
use domain::id::{ActorId, CaId};
use domain::journal::EventKind;
use domain::staff::{PersonState, Role};
use jiff::SignedDuration;
use keys::Administer;
use keys::quorum::{CustodianId, QuorumSecret};
use store::reads::ReadPeople;
use store::{Change, Entry, PersonRow, Store, Unit};

use super::SystemStage;
use super::rehearsal::outlive;
use crate::system::System;
use crate::years::place::Place;

const WITNESS: &str = "auditor-1";

/// An installation with its keys awake, and the secret of all its custodians.
struct Room {
    place: Place,
    system: Arc<System>,
    secret: QuorumSecret,
    custodians: Vec<CustodianId>,
}

impl Room {
    fn new() -> Self {
        let place = Place::at("2026-11-27T08:00:00Z");
        place.answer(3, "", &["init", "--to-try-out"]);
        let system = place.open(2);
        let all = place.custodians();
        let act = system.act("test").expect("an act");
        let secret = system.custody.secret_of_all(&act, &all).expect("they are in office");
        let custodians = all.into_iter().map(|(id, _)| id).collect();
        let room = Self { place, system, secret, custodians };
        let witness = PersonRow {
            id: WITNESS.parse().expect("an id"),
            name: "監査　一郎".to_owned(),
            state: PersonState::Active,
            roles: vec![Role::InternalAuditor],
            municipality: None,
            proposal: None,
            since: room.system.now(),
        };
        room.change(Change::AddPerson(witness.into()));
        room
    }

    fn stage(&self) -> SystemStage<'_> {
        SystemStage {
            system: &self.system,
            ceremony: "test-2026".parse().expect("an id"),
            secret: &self.secret,
            custodians: self.custodians.clone(),
            media: None,
            told: false,
        }
    }

    /// An act while the witness is present.
    fn act(&self) -> Act {
        let witness = self.person(WITNESS).standing(Basis::Nothing);
        Act { present: [witness].into(), ..self.system.act("test").expect("an act") }
    }

    fn person(&self, id: &str) -> PersonRow {
        let id: ActorId = id.parse().expect("an id");
        self.system.store.person(&id).expect("a read").expect("registered")
    }

    fn suspend(&self, id: &str) {
        let from = self.person(id);
        let to = PersonRow { state: PersonState::Suspended, ..from.clone() };
        self.change(Change::SetPerson { from: from.into(), to: to.into() });
    }

    fn change(&self, change: Change) {
        let entry = Entry::new(EventKind::StaffChanged, &self.system.act("test").expect("an act"));
        self.system.store.commit(Unit::new(entry).change(change)).expect("a change");
    }

    fn labels(&self) -> Vec<String> {
        let labels = self.system.custody.keys().labels().expect("labels");
        labels.iter().map(ToString::to_string).collect()
    }
}

fn ca() -> CaId {
    "jpki-auth".parse().expect("an id")
}

/// Each step's own look and units, whatever was looked at before it.
#[test]
fn k3_no_key_is_made_destroyed_or_copied_once_somebody_present_is_suspended() {
    let room = Room::new();
    let stage = room.stage();
    outlive(&stage, &ca(), 1).expect("generation 1 issues no more");
    let at = |name: &str| room.place.path().join(name).display().to_string();
    stage.write_backups(&room.act(), &at("medium")).expect("all are present");
    let (act, labels) = (room.act(), room.labels());
    room.suspend(WITNESS);
    let expect_refused = |refused: anyhow::Error| {
        let told = format!("{refused:#}");
        assert!(told.contains("the right of auditor-1 to act ended"), "{told}");
        assert_eq!(room.labels(), labels, "{told}");
    };
    let issues_from = room.system.now() + SignedDuration::from_hours(1);
    let renewal = Renewal { issues_from, early: Some("a test".to_owned()) };
    expect_refused(stage.renew(&act, &ca(), &renewal).expect_err("no renewal"));
    let gone = BTreeMap::new();
    expect_refused(stage.destroy(&act, &ca(), 1, &gone).expect_err("no destruction"));
    expect_refused(stage.write_backups(&act, &at("other")).expect_err("no backup"));
    assert!(!room.place.path().join("other").exists());
    let into = RestoreTarget::Named("spare".to_owned());
    let restored = stage.restore_backups(&act, &at("medium"), &into);
    expect_refused(restored.expect_err("no restoration"));
    assert!(!room.system.home.restored().join("spare").exists());
    let trial = stage.restore_backups(&act, &at("medium"), &RestoreTarget::Throwaway);
    expect_refused(trial.expect_err("no restoration on trial either"));
    // With those who stand as they came, it is done.
    let others = room.system.act("test").expect("an act");
    stage.destroy(&others, &ca(), 1, &BTreeMap::from([])).expect("destroyed");
    assert!(!room.labels().contains(&"jpki-auth-ca-1".to_owned()));
}

#[test]
fn k2_k3_a_ceremony_wakes_no_key_once_a_custodian_or_witness_is_suspended() {
    let room = Room::new();
    let stage = room.stage();
    let asleep = || {
        let act = room.system.act("test").expect("an act");
        room.system.custody.deactivate(&act).expect("asleep");
    };
    asleep();
    let act = room.act();
    stage.wake(&act).expect("all are in office");
    asleep();
    room.suspend(WITNESS);
    stage.wake(&act).expect_err("a witness is suspended");
    assert!(!room.system.custody.is_active());
    room.suspend("custodian-1");
    let act = room.system.act("test").expect("an act");
    let told = stage.wake(&act).expect_err("a custodian is suspended").to_string();
    assert!(told.contains("custodian-1 is no custodian any more"), "{told}");
    assert!(!room.system.custody.is_active());
}
