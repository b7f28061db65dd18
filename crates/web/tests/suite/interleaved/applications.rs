//! An application at a window, at which two clerks do something at once, or one is suspended meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::application::ApplicationState;
use domain::staff::{PersonState, Role};
use jitsuin_web::desk::applications::{
    IssueApplication, RefuseApplication, VerifyApplication, WithdrawApplication,
};
use jitsuin_web::desk::people::SuspendPerson;
use jitsuin_web::desk::{Desk, Principal};
use jitsuin_web::wire::ReceiveApplication;
use serde_json::{Value, json};
use store::ApplicationRow;
use store::reads::{ReadPeople, ReadWindows};

use super::{Armed, Model, SHORT, enters, pairs};
use crate::suite::flow::{evidence, form};
use crate::suite::world::{KAWAGUCHI, World, add_person, resident_number};

/// Two clerks of one window, and who suspends them.
const PEOPLE: [(&str, Role); 3] =
    [("clerk-1", Role::WindowClerk), ("clerk-2", Role::WindowClerk), ("manager", Role::CaManager)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Deed {
    actor: &'static str,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Receive,
    Verify,
    Refuse,
    Withdraw,
    Issue,
    Suspend(&'static str),
}

/// One unit of a deed.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// What leaves the application as it is: a card bound, a certificate on it.
    Towards(Deed),
    /// What changes it.
    To(Deed),
}

/// An application as the clauses have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Application {
    /// None before it was received.
    state: Option<ApplicationState>,
    /// Who took it in: again under the same operation, it is done.
    by: Option<&'static str>,
    suspended: BTreeSet<&'static str>,
}

impl Model for Application {
    type Deed = Deed;
    type Part = Part;
    type Seen = (Option<ApplicationState>, BTreeSet<&'static str>);

    fn seen(&self) -> Self::Seen {
        (self.state, self.suspended.clone())
    }

    fn parts(&self, deed: &Deed) -> Vec<Part> {
        match deed.what {
            What::Issue => vec![Part::Towards(*deed), Part::To(*deed)],
            _ => vec![Part::To(*deed)],
        }
    }

    fn does(&mut self, part: &Part) -> bool {
        let (Part::Towards(Deed { actor, what }) | Part::To(Deed { actor, what })) = *part;
        if self.suspended.contains(actor)
            || (actor == "manager") != matches!(what, What::Suspend(_))
        {
            return false;
        }
        use ApplicationState as A;
        let to = match (what, self.state) {
            (What::Suspend(whom), _) => return self.suspended.insert(whom),
            (What::Receive, None) => {
                self.by = Some(actor);
                A::Received
            }
            (What::Receive, Some(_)) => return self.by == Some(actor),
            (What::Verify, Some(A::Received)) => A::Verified,
            (What::Refuse, Some(A::Received | A::Verified)) => A::Refused,
            (What::Withdraw, Some(A::Received | A::Verified)) => A::Withdrawn,
            (What::Issue, Some(A::Verified)) => A::Issued,
            _ => return false,
        };
        if matches!(part, Part::To(_)) {
            self.state = Some(to);
        }
        true
    }
}

impl Application {
    /// A deed that is likely to be done now: `lot` draws it.
    fn likely(&self, lot: u8) -> Deed {
        let actor = PEOPLE[usize::from(lot % 2)].0;
        let what = match (lot / 2 % 10, self.state) {
            (0, _) => What::Refuse,
            (1, _) => What::Withdraw,
            (2, _) => What::Receive,
            (_, None) => What::Receive,
            (_, Some(ApplicationState::Received)) => What::Verify,
            _ => What::Issue,
        };
        Deed { actor, what }
    }

    /// What the other clerk does at the same time, or who suspends the first.
    fn at_the_same_time(&self, first: &Deed, lot: u8) -> Deed {
        let other = PEOPLE[usize::from(first.actor == PEOPLE[0].0)].0;
        match lot % 6 {
            0 => Deed { actor: "manager", what: What::Suspend(first.actor) },
            1 | 2 => Deed { actor: other, ..*first },
            _ => Deed { actor: other, ..self.likely(lot / 6) },
        }
    }
}

/// A resident's application at an installation, and clerks of its own.
#[derive(Clone)]
struct Real {
    desk: Arc<Desk>,
    store: Arc<store::Sqlite>,
    number: usize,
    form: Value,
}

impl Real {
    fn new(world: &World, number: usize) -> Self {
        for (id, role) in PEOPLE {
            let municipality = role.is_municipal().then_some(KAWAGUCHI);
            let id = format!("{id}-{number}");
            add_person(&world.scratch, &world.clock, &id, role, municipality);
        }
        let resident = resident_number(number);
        let mut form = form(world, "jpki-auth", "issue-with-card", "");
        form["resident"] = json!(resident.code.to_string());
        form["given_name"] = json!(resident.given_name);
        form["address"] = json!(resident.address);
        Self { desk: world.desk.clone(), store: world.scratch.store.clone(), number, form }
    }

    fn row(&self) -> Option<ApplicationRow> {
        let resident = self.form["resident"].as_str().expect("a code").parse().expect("a code");
        self.store.applications_of(&resident).expect("a read").pop()
    }

    fn does(&self, deed: &Deed) -> bool {
        let operation = (deed.what == What::Receive).then(|| format!("received-{}", self.number));
        let who = format!("{}-{}", deed.actor, self.number);
        enters(&self.desk, &who, operation.as_deref(), |act| self.asks(act, deed.what))
    }

    fn asks(&self, act: &Principal, what: What) -> bool {
        let desk = &self.desk;
        let text = self.row().map_or_else(|| "none".to_owned(), |row| row.id.to_string());
        let id = text.parse().expect("an id");
        let answer = match what {
            What::Suspend(whom) => {
                let id = format!("{whom}-{}", self.number).parse().expect("an id");
                return desk.ask(act, SuspendPerson { id }).is_ok();
            }
            What::Receive => {
                let form: ReceiveApplication =
                    serde_json::from_value(self.form.clone()).expect("a form");
                desk.ask(act, form)
            }
            What::Verify => {
                let mut seen = evidence();
                seen["id"] = text.into();
                let seen: VerifyApplication = serde_json::from_value(seen).expect("evidence");
                desk.ask(act, seen)
            }
            What::Refuse => {
                let reason = "another's".to_owned();
                desk.ask(act, RefuseApplication { id, reader: None, card_absent: false, reason })
            }
            What::Withdraw => {
                desk.ask(act, WithdrawApplication { id, reader: None, card_absent: false })
            }
            What::Issue => desk.ask(act, IssueApplication { id, reader: None, card_absent: false }),
        };
        answer.is_ok()
    }

    fn seen(&self) -> (Option<ApplicationState>, BTreeSet<&'static str>) {
        let is_suspended = |id: &&str| {
            let id = format!("{id}-{}", self.number).parse().expect("an id");
            let person = self.store.person(&id).expect("a read").expect("a person");
            person.state == PersonState::Suspended
        };
        let suspended = PEOPLE.map(|(id, _)| id).into_iter().filter(is_suspended).collect();
        (self.row().map(|row| row.state), suspended)
    }
}

#[test]
fn l1_w3_what_two_clerks_do_at_once_they_could_have_done_one_after_the_other() {
    let armed = Armed::default();
    let hook = armed.clone();
    let world = World::committing(move |store, unit| hook.commit(store, unit));
    let mut issued = 0;
    for (number, pairs) in pairs(14, 6).into_iter().enumerate() {
        let real = Real::new(&world, number);
        let mut model = Application::default();
        for (first, before, second) in pairs {
            let first = model.likely(first);
            let second = model.at_the_same_time(&first, second);
            let asked = real.clone();
            let outcome =
                armed.interleave(move |deed| asked.does(deed), (&first, before), SHORT, &second);
            model = model.expect((&first, before), &second, &outcome, &real.seen());
        }
        issued += usize::from(model.state == Some(ApplicationState::Issued));
    }
    assert!(issued > 1, "some came to a card: {issued}");
}
