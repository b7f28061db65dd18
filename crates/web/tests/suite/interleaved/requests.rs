//! A service request, at which two people do something at once, or one of them is suspended meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::hexadecimal::hex;
use domain::id::ServiceRequestId;
use domain::service_request::{RequestState, RequestStepName};
use domain::staff::{PersonState, Role};
use jitsuin_web::desk::people::SuspendPerson;
use jitsuin_web::desk::service_requests::{
    ApproveServiceRequest, ExamineServiceRequest, IssueServiceRequest, ReceiveServiceRequest,
    RefuseServiceRequest, ReleaseServiceRequest, RevokeServiceRequest, WithdrawServiceRequest,
};
use jitsuin_web::desk::{Desk, Principal};
use serde_json::Value;
use store::reads::{ReadPeople, ReadProceedings};
use x509::digest::sha256;

use super::{Armed, Model, SHORT, enters, pairs};
use crate::suite::service_requests::for_server;
use crate::suite::world::{World, add_person};

/// Who is there, with their role. The last one suspends others.
const PEOPLE: [(&str, Role); 10] = [
    ("intake-1", Role::IntakeClerk),
    ("intake-2", Role::IntakeClerk),
    ("examiner-1", Role::Examiner),
    ("examiner-2", Role::Examiner),
    ("approver-1", Role::Approver),
    ("approver-2", Role::Approver),
    ("senior-1", Role::SeniorOperator),
    ("senior-2", Role::SeniorOperator),
    ("senior-3", Role::SeniorOperator),
    ("manager", Role::CaManager),
];

/// The hands through which a request goes, in order.
const FORWARD: [RequestStepName; 5] = [
    RequestStepName::Receive,
    RequestStepName::Examine,
    RequestStepName::Approve,
    RequestStepName::Release,
    RequestStepName::Confirm,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Deed {
    actor: &'static str,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Step(RequestStepName),
    Suspend(&'static str),
}

/// A request as the clauses have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    /// None before it was received.
    state: Option<RequestState>,
    steps: Vec<(RequestStepName, &'static str)>,
    suspended: BTreeSet<&'static str>,
}

impl Model for Request {
    type Deed = Deed;
    type Part = Deed;
    type Seen = Self;

    fn seen(&self) -> Self {
        self.clone()
    }

    /// The certificate is confirmed in the unit of its intent, and issued in one of its own.
    fn parts(&self, deed: &Deed) -> Vec<Deed> {
        let signs = Deed { what: What::Step(RequestStepName::Issue), ..*deed };
        match deed.what {
            What::Step(RequestStepName::Confirm) => vec![*deed, signs],
            _ => vec![*deed],
        }
    }

    fn does(&mut self, Deed { actor, what }: &Deed) -> bool {
        if self.suspended.contains(actor) {
            return false;
        }
        match *what {
            What::Suspend(whom) => role(actor) == Role::CaManager && self.suspended.insert(whom),
            What::Step(step) if !may(role(actor), step) => false,
            // Done before by the same person, it is done; but a signature waits for the seal of its
            // intent, which is not there yet.
            What::Step(step) if self.steps.contains(&(step, actor)) => {
                step != RequestStepName::Confirm || self.state == Some(RequestState::Issued)
            }
            What::Step(step) => match self.after(step, actor) {
                Some(state) => {
                    self.state = Some(state);
                    self.steps.push((step, actor));
                    true
                }
                None => false,
            },
        }
    }
}

impl Request {
    /// The state that a step leads to: from hand to hand, and no two of them one person's.
    fn after(&self, step: RequestStepName, actor: &str) -> Option<RequestState> {
        use RequestState as R;
        let others =
            step == RequestStepName::Issue || self.steps.iter().all(|(_, by)| *by != actor);
        let open = [Some(R::Received), Some(R::Examined), Some(R::Approved), Some(R::Released)];
        match (step, self.state) {
            (RequestStepName::Receive, None) => Some(R::Received),
            (RequestStepName::Examine, Some(R::Received)) if others => Some(R::Examined),
            (RequestStepName::Approve, Some(R::Examined)) if others => Some(R::Approved),
            (RequestStepName::Release, Some(R::Approved)) if others => Some(R::Released),
            (RequestStepName::Confirm, Some(R::Released)) if others => Some(R::Confirmed),
            (RequestStepName::Issue, Some(R::Confirmed)) => Some(R::Issued),
            (RequestStepName::Refuse, state) if open.contains(&state) => Some(R::Refused),
            (RequestStepName::Withdraw, state) if open.contains(&state) => Some(R::Withdrawn),
            _ => None,
        }
    }

    /// The step forward from here.
    fn next(&self) -> RequestStepName {
        FORWARD[self.steps.len().min(FORWARD.len() - 1)]
    }

    /// A deed that is likely to be done now: `lot` draws it.
    fn likely(&self, lot: u8) -> Deed {
        let step = match lot % 12 {
            0 => RequestStepName::Refuse,
            1 => RequestStepName::Withdraw,
            2 => FORWARD[usize::from(lot) / 12 % FORWARD.len()],
            _ => self.next(),
        };
        let who: Vec<_> = PEOPLE.iter().filter(|(_, role)| may(*role, step)).collect();
        Deed { actor: who[usize::from(lot) / 12 % who.len()].0, what: What::Step(step) }
    }

    /// What somebody else does at the same time: the same, something else, or the end of the first one's
    /// right.
    fn at_the_same_time(&self, first: &Deed, lot: u8) -> Deed {
        match lot % 4 {
            0 | 1 => Deed { actor: "manager", what: What::Suspend(first.actor) },
            2 => {
                let other = self.likely(lot);
                Deed { actor: other.actor, ..*first }
            }
            _ => self.likely(lot / 4),
        }
    }
}

fn role(actor: &str) -> Role {
    PEOPLE.iter().find(|(id, _)| *id == actor).expect("somebody").1
}

/// Whose a step is (A 5.2.1.1(3)-(6)).
fn may(role: Role, step: RequestStepName) -> bool {
    match step {
        RequestStepName::Receive | RequestStepName::Withdraw => role == Role::IntakeClerk,
        RequestStepName::Examine => role == Role::Examiner,
        RequestStepName::Approve => role == Role::Approver,
        RequestStepName::Release | RequestStepName::Confirm | RequestStepName::Issue => {
            role == Role::SeniorOperator
        }
        RequestStepName::Refuse => {
            matches!(role, Role::Examiner | Role::Approver | Role::SeniorOperator)
        }
        RequestStepName::Revoke => false,
    }
}

/// A request of an installation, and people of its own.
#[derive(Clone)]
struct Real {
    desk: Arc<Desk>,
    store: Arc<store::Sqlite>,
    ca: Arc<ca::CertificationAuthority>,
    /// What tells its people and its operation from those of the other cases.
    number: usize,
    intake: Value,
}

impl Real {
    fn new(world: &World, number: usize) -> Self {
        for (id, role) in PEOPLE {
            add_person(&world.scratch, &world.clock, &format!("{id}-{number}"), role, None);
        }
        Self {
            desk: world.desk.clone(),
            store: world.scratch.store.clone(),
            ca: world.authorities[&"jpki-auth".parse().expect("a CA")].clone(),
            number,
            intake: for_server(world, &format!("server-{number}")),
        }
    }

    fn intake(&self) -> ReceiveServiceRequest {
        serde_json::from_value(self.intake.clone()).expect("a request")
    }

    fn operation(&self) -> String {
        format!("received-{}", self.number)
    }

    fn id(&self) -> ServiceRequestId {
        let digest = sha256(format!("service request {}", self.operation()).as_bytes());
        format!("sr-{}", hex(&digest[..12])).parse().expect("an id")
    }

    fn does(&self, deed: &Deed) -> bool {
        let receives = deed.what == What::Step(RequestStepName::Receive);
        let operation = receives.then(|| self.operation());
        let who = format!("{}-{}", deed.actor, self.number);
        enters(&self.desk, &who, operation.as_deref(), |act| self.asks(act, deed.what))
    }

    fn asks(&self, act: &Principal, what: What) -> bool {
        let (desk, id) = (&self.desk, self.id());
        let step = match what {
            What::Suspend(whom) => {
                let id = format!("{whom}-{}", self.number).parse().expect("an id");
                return desk.ask(act, SuspendPerson { id }).is_ok();
            }
            What::Step(step) => step,
        };
        let id = id.into();
        match step {
            RequestStepName::Receive => desk.ask(act, self.intake()),
            RequestStepName::Examine => {
                desk.ask(act, ExamineServiceRequest { id, findings: "no doubt".to_owned() })
            }
            RequestStepName::Approve => desk.ask(act, ApproveServiceRequest { id }),
            RequestStepName::Release => desk.ask(act, ReleaseServiceRequest { id }),
            RequestStepName::Confirm | RequestStepName::Issue => {
                desk.ask(act, IssueServiceRequest { id })
            }
            RequestStepName::Revoke => desk.ask(act, RevokeServiceRequest { id }),
            RequestStepName::Refuse => {
                desk.ask(act, RefuseServiceRequest { id, reason: "another's name".to_owned() })
            }
            RequestStepName::Withdraw => desk.ask(act, WithdrawServiceRequest { id }),
        }
        .is_ok()
    }

    fn state(&self) -> Request {
        let own = |id: &str| {
            let known = PEOPLE.iter().find(|(one, _)| format!("{one}-{}", self.number) == id);
            known.expect("one of them").0
        };
        let request = self.store.service_request(&self.id()).expect("a read");
        let request =
            request.map(|_| self.ca.service_requests().one(&self.id()).expect("a request"));
        let steps = request.iter().flat_map(|request| request.steps());
        let is_suspended = |id: &&str| {
            let id = format!("{id}-{}", self.number).parse().expect("an id");
            let person = self.store.person(&id).expect("a read").expect("a person");
            person.state == PersonState::Suspended
        };
        Request {
            state: request.as_ref().map(|request| request.state()),
            steps: steps.map(|done| (done.step.name(), own(done.by.as_str()))).collect(),
            suspended: PEOPLE.map(|(id, _)| id).into_iter().filter(is_suspended).collect(),
        }
    }
}

#[test]
fn l13_w3_what_two_do_to_a_request_at_once_they_could_have_done_one_after_the_other() {
    let armed = Armed::default();
    let hook = armed.clone();
    let world = World::committing(move |store, unit| hook.commit(store, unit));
    let mut issued = 0;
    for (number, pairs) in pairs(12, 10).into_iter().enumerate() {
        let real = Real::new(&world, number);
        let mut model = real.state();
        for (first, before, second) in pairs {
            let first = model.likely(first);
            let second = model.at_the_same_time(&first, second);
            let done = real.clone();
            let outcome =
                armed.interleave(move |deed| done.does(deed), (&first, before), SHORT, &second);
            model = model.expect((&first, before), &second, &outcome, &real.state());
        }
        issued += usize::from(model.state == Some(RequestState::Issued));
    }
    assert!(issued > 0, "some came to their end");
}
