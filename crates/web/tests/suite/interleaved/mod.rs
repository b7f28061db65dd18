//! Any two operations at once: whatever comes of them comes of them one after the other too.
//!
//! The first is stopped before a commit, when everything it decides on has been read; the second runs to
//! its end meanwhile; then the first goes on. If it changes anything then, it must be what a model of
//! the clauses admits after the second, however little of it the first has read; else it is refused,
//! and its caller decides again.

mod model;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use domain::staff::{CredentialKind, ProposalKind};
use jitsuin_web::desk::{Desk, Door, Principal, Shown};
use jitsuin_web::wire::{NewPersonBody, ProposalBody, TokenWishBody};
use proptest::prelude::*;
use store::Store;
use testkit::{Clock, HookedStore, Scratch};

use self::model::{Deed, Model, Person, What, deed, first_people, whom};
use super::world::add_person;

/// What is done at the moment before a commit.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A registry whose next commit but so many waits for something else.
struct Registry {
    scratch: Scratch,
    desk: Arc<Desk>,
    armed: Arc<Mutex<Option<(usize, Meanwhile)>>>,
}

impl Registry {
    fn new() -> Self {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        for (id, role) in first_people() {
            add_person(&scratch, &clock, id, role, None);
        }
        let armed: Arc<Mutex<Option<(usize, Meanwhile)>>> = Arc::default();
        let hook = Arc::clone(&armed);
        let store = HookedStore::committing(scratch.store.clone(), move |store, unit| {
            let due = {
                let mut armed = hook.lock().expect("the hook");
                match armed.take() {
                    Some((0, meanwhile)) => Some(meanwhile),
                    Some((more, meanwhile)) => {
                        *armed = Some((more - 1, meanwhile));
                        None
                    }
                    None => None,
                }
            };
            if let Some(meanwhile) = due {
                meanwhile();
            }
            store.commit(unit)
        });
        let desk = Desk::new(Arc::new(store), BTreeMap::new(), Arc::new(move || clock.now()));
        Self { scratch, desk: Arc::new(desk), armed }
    }

    /// Has the second deed done while the first stands before a commit, and waits for it so long.
    fn interleave(
        &self,
        first: &Deed,
        before: usize,
        patience: Duration,
        second: &Deed,
    ) -> Outcome {
        let answered = self.arm(before, patience, second.clone());
        let one = does(&self.desk, first);
        // The first may have had fewer commits.
        let unused = self.armed.lock().expect("the hook").take();
        let order = match unused {
            Some((_, meanwhile)) => {
                meanwhile();
                Order::FirstThenSecond
            }
            None => Order::SecondBetween,
        };
        let (two, in_time) = answered.recv().expect("an answer");
        Outcome { one, two, order: if in_time { order } else { Order::Either } }
    }

    fn arm(&self, before: usize, patience: Duration, deed: Deed) -> Receiver<(bool, bool)> {
        let (answer, answered) = channel();
        let desk = Arc::clone(&self.desk);
        let meanwhile = move || {
            let (ended, end) = channel();
            let second = thread::spawn(move || {
                let done = does(&desk, &deed);
                ended.send(()).ok();
                done
            });
            // It may wait for a turn that the first one has; then the first goes on.
            let in_time = end.recv_timeout(patience).is_ok();
            thread::spawn(move || {
                let done = second.join().expect("no panic");
                answer.send((done, in_time)).expect("the test waits");
            });
        };
        *self.armed.lock().expect("the hook") = Some((before, Box::new(meanwhile)));
        answered
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

/// How long the second is waited for where it may be held up by the first.
const SHORT: Duration = Duration::from_millis(500);

/// And where nothing holds it up but a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// How two deeds were answered.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    one: bool,
    two: bool,
    order: Order,
}

#[derive(Debug, PartialEq, Eq)]
enum Order {
    /// The first had ended, or held the second up.
    FirstThenSecond,
    /// The second came and went while the first stood before a commit.
    SecondBetween,
    /// The second took its time, on a busy machine or held up by the first, which went on.
    Either,
}

impl Model {
    /// Every way in which two deeds may be answered, and what is then.
    fn admits(&self, first: &Deed, second: &Deed, order: &Order) -> Vec<(bool, bool, Self)> {
        let mut ways = Vec::new();
        if *order != Order::SecondBetween {
            let mut after = self.clone();
            let one = after.does(first);
            let two = after.does(second);
            ways.push((one, two, after));
        }
        if *order != Order::FirstThenSecond {
            let mut after = self.clone();
            let two = after.does(second);
            ways.push((false, two, after.clone()));
            let one = after.does(first);
            ways.push((one, two, after));
        }
        ways
    }
}

/// Comes in and asks; whether it was done.
fn does(desk: &Desk, deed: &Deed) -> bool {
    let door = Door { name: "test".to_owned(), from: [127, 0, 0, 1].into() };
    let entered = desk.enter(Ok(Shown::bearer(deed.actor)), &door, None);
    entered.is_ok_and(|principal| asks(desk, &principal, &deed.what))
}

fn asks(desk: &Desk, act: &Principal, what: &What) -> bool {
    let names = |role: &Option<domain::staff::Role>| {
        role.iter().map(|role| role.name().to_owned()).collect::<Vec<_>>()
    };
    match what {
        What::Register(id, role) => {
            let roles = names(&Some(*role));
            let (id, name) = ((*id).to_owned(), "新人".to_owned());
            desk.propose_person(act, &NewPersonBody { id, name, roles, municipality: None }).is_ok()
        }
        What::Propose(id, kind, role) => {
            let (kind, roles) = (kind.name().to_owned(), names(role));
            desk.propose_change(act, id, &ProposalBody { kind, roles, municipality: None }).is_ok()
        }
        What::Confirm(id) => desk.confirm_proposal(act, id).is_ok(),
        What::Refuse(id) => desk.refuse_proposal(act, id).is_ok(),
        What::Suspend(id) => desk.suspend_person(act, id).is_ok(),
        What::MakeToken => {
            let wish = TokenWishBody { days: Some(30), program: false };
            desk.make_token(act, [127, 0, 0, 1].into(), &wish).is_ok()
        }
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
    let outcome =
        registry.interleave(&confirm, 0, LONG, &deed("senior-2", What::Suspend("senior-1")));
    let expected = Outcome { one: false, two: true, order: Order::SecondBetween };
    assert_eq!(outcome, expected);
    assert_eq!(registry.state().0["examiner"].enrolments, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn w3_what_two_do_at_once_they_could_have_done_one_after_the_other(
        pairs in prop::collection::vec((deed(), 0..2_usize, deed(), whom()), 1..60)
    ) {
        let registry = Registry::new();
        let mut model = Model::new();
        for (first, before, second, whom) in pairs {
            let second = model.related(&first, &second, whom);
            let outcome = registry.interleave(&first, before, SHORT, &second);
            let found = (outcome.one, outcome.two, registry.state());
            let admitted = model.admits(&first, &second, &outcome.order);
            prop_assert!(
                admitted.contains(&found),
                "{first:?} (before commit {before}) and {second:?}: {outcome:?} in {model:#?}\n\
                 came to {:#?}\nand not to one of {admitted:#?}",
                found.2
            );
            model = found.2;
        }
    }
}
