//! The registry of people, two at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::staff::{CredentialKind, ProposalKind};
use jitsuin_web::desk::credentials::MakeToken;
use jitsuin_web::desk::people::{
    ConfirmProposal, ProposeChange, ProposePerson, RefuseProposal, SuspendPerson,
};
use jitsuin_web::desk::{Desk, Principal};
use proptest::prelude::*;
use store::reads::ReadPeople;
use testkit::{Clock, HookedStore, Scratch};

use super::people_model::{Deed, Person, Registry as Model, What, deed, first_people, whom};
use super::{Armed, LONG, Model as _, Order, Outcome, SHORT, enters};
use crate::suite::world::add_person;

/// A registry whose next commit but so many waits for something else.
struct Registry {
    scratch: Scratch,
    desk: Arc<Desk>,
    armed: Armed,
}

impl Registry {
    fn new() -> Self {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        for (id, role) in first_people() {
            add_person(&scratch, &clock, id, role, None);
        }
        let armed = Armed::default();
        let hook = armed.clone();
        let commit = move |store: &_, unit| hook.commit(store, unit);
        let store = HookedStore::committing(scratch.store.clone(), commit);
        let desk = Desk::builder(
            Arc::new(store),
            BTreeMap::new(),
            Arc::default(),
            Arc::new(move || clock.now()),
        );
        Self { scratch, desk: Arc::new(desk.build()), armed }
    }

    fn interleave(&self, first: &Deed, before: usize, timeout: Duration, second: &Deed) -> Outcome {
        let desk = self.desk.clone();
        let does = move |deed: &Deed| does(&desk, deed);
        self.armed.interleave(does, (first, before), timeout, second)
    }

    fn state(&self) -> Model {
        let store = &self.scratch.store;
        let people = store.people().expect("a read").into_iter().map(|row| {
            let credentials = store.credentials_of(&row.id).expect("a read");
            let count = |kind| credentials.iter().filter(|row| row.kind == kind).count();
            let proposal = row.proposal.map(|proposal| {
                (proposal.kind, proposal.roles.first().copied(), proposal.by.to_string())
            });
            let person = Person {
                state: row.state,
                role: row.roles.first().copied(),
                proposal,
                tokens: count(CredentialKind::ConsoleToken),
                enrolments: count(CredentialKind::Enrolment),
            };
            (row.id.to_string(), person)
        });
        Model(people.collect())
    }
}

fn does(desk: &Desk, deed: &Deed) -> bool {
    enters(desk, deed.actor, None, |principal| asks(desk, principal, &deed.what))
}

fn asks(desk: &Desk, act: &Principal, what: &What) -> bool {
    let person = |id: &str| id.parse().expect("an id");
    match what {
        What::Register(id, role) => {
            let (id, name, roles) = (person(id), "新人".to_owned(), vec![(*role).into()]);
            desk.ask(act, ProposePerson { id, name, roles, municipality: None }).is_ok()
        }
        What::Propose(id, kind, role) => {
            let (id, roles) = (person(id), role.iter().copied().map(Into::into).collect());
            let kind = kind.name().parse().expect("of one who is registered");
            desk.ask(act, ProposeChange { id, kind, roles, municipality: None }).is_ok()
        }
        What::Confirm(id) => desk.ask(act, ConfirmProposal { id: person(id) }).is_ok(),
        What::Refuse(id) => desk.ask(act, RefuseProposal { id: person(id) }).is_ok(),
        What::Suspend(id) => desk.ask(act, SuspendPerson { id: person(id) }).is_ok(),
        What::MakeToken => desk.ask(act, MakeToken { days: Some(30), program: false }).is_ok(),
    }
}

/// What a confirmation rests on ends while it is confirmed: nothing is confirmed.
#[test]
fn w3_a_confirmation_rests_on_its_author_until_it_commits() {
    let registry = Registry::new();
    let deed = |actor, what| Deed { actor, what };
    let proposed = What::Propose("examiner", ProposalKind::Enrolment, None);
    assert!(does(&registry.desk, &deed("senior-1", proposed)));
    let confirm = deed("manager-1", What::Confirm("examiner"));
    // Ids whose turns are not one another's.
    let desk = registry.desk.clone();
    let does = move |deed: &Deed| {
        enters(&desk, deed.actor, Some(deed.actor), |act| asks(&desk, act, &deed.what))
    };
    let suspend = deed("senior-2", What::Suspend("senior-1"));
    let outcome = registry.armed.interleave(does, (&confirm, 0), LONG, &suspend);
    let expected = Outcome { one: false, two: true, order: Order::SecondBetween };
    assert_eq!(outcome, expected);
    assert_eq!(registry.state().0["examiner"].enrolments, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn w3_what_two_do_at_once_they_could_have_done_one_after_the_other(
        pairs in prop::collection::vec((deed(), 0..2_usize, deed(), whom()), 1..60)
    ) {
        let registry = Registry::new();
        let mut model = Model::new();
        for (first, before, second, whom) in pairs {
            let second = model.related(&first, &second, whom);
            let outcome = registry.interleave(&first, before, SHORT, &second);
            model = model.expect((&first, before), &second, &outcome, &registry.state());
        }
    }
}
