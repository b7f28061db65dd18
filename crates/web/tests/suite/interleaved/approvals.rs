//! What takes two people: approved and carried out at once, while one of them is suspended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::staff::{PersonState, Role};
use jitsuin_web::desk::people::SuspendPerson;
use jitsuin_web::desk::register::EraseResident;
use jitsuin_web::desk::{ApproveOperation, Desk, Principal};
use serde_json::Value;
use store::reads::{ReadJournal, ReadPeople};

use super::{Armed, Model, SHORT, enters, pairs};
use crate::suite::world::{World, add_person};

/// Those who may ask and approve, and the last one, who suspends them.
const PEOPLE: [&str; 4] = ["senior-1", "senior-2", "senior-3", "manager"];

/// People of whom nothing is kept: their erasure is an entry, and no more.
const CODES: [&str; 2] = ["20000000001", "20000000002"];

/// Under which id an operation is approved and asked for.
const OPERATIONS: [&str; 2] = ["op-1", "op-2"];

type Operation = &'static str;
type Who = &'static str;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Deed {
    actor: Who,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Approve { operation: Operation, code: &'static str },
    Erase { operation: Operation, code: &'static str, approver: Who },
    Suspend(Who),
}

/// What was approved and done under each id, and who may not act any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Approvals {
    /// By whom, of what.
    approved: BTreeMap<Operation, (Who, &'static str)>,
    /// By whom, of what, and by whose approval.
    done: BTreeMap<Operation, (Who, &'static str, Who)>,
    suspended: BTreeSet<Who>,
}

/// Each approval and each erasure in the journal, and who is suspended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    approved: BTreeSet<(String, String)>,
    done: BTreeSet<(String, String, String)>,
    /// Of each kind, no matter of what.
    entries: (usize, usize),
    suspended: BTreeSet<Who>,
}

impl Model for Approvals {
    type Deed = Deed;
    type Part = Deed;
    type Seen = Seen;

    fn seen(&self) -> Seen {
        let approved = self.approved.iter();
        let done = self.done.iter();
        Seen {
            approved: approved.map(|(id, (by, _))| (str(id), str(by))).collect(),
            done: done.map(|(id, (by, _, approver))| (str(id), str(by), str(approver))).collect(),
            entries: (self.approved.len(), self.done.len()),
            suspended: self.suspended.clone(),
        }
    }

    fn parts(&self, deed: &Deed) -> Vec<Deed> {
        vec![*deed]
    }

    fn does(&mut self, Deed { actor, what }: &Deed) -> bool {
        if self.suspended.contains(actor) {
            return false;
        }
        match *what {
            What::Suspend(whom) => *actor == "manager" && self.suspended.insert(whom),
            // Nobody else approves under an id, and nothing else.
            What::Approve { operation, code } => {
                *self.approved.entry(operation).or_insert((actor, code)) == (*actor, code)
            }
            What::Erase { operation, code, approver } => {
                let asked = (*actor, code, approver);
                if let Some(before) = self.done.get(operation) {
                    return *before == asked;
                }
                let is_approved = self.approved.get(operation) == Some(&(approver, code));
                let done = is_approved && approver != *actor && !self.suspended.contains(approver);
                if done {
                    self.done.insert(operation, asked);
                }
                done
            }
        }
    }
}

impl Approvals {
    /// A deed that is likely to be done now: `lot` draws it.
    fn likely(&self, lot: u8) -> Deed {
        let lots = [2, 3, 2, 4].map({
            let mut left = usize::from(lot);
            move |of| {
                let drawn = left % of;
                left /= of;
                drawn
            }
        });
        let [operation, actor, code, kind] = lots;
        let (operation, code) = (OPERATIONS[operation], CODES[code]);
        let actor = PEOPLE[actor];
        let what = match (kind, self.approved.get(operation)) {
            (1..=3, Some((approver, code))) => What::Erase { operation, code, approver },
            _ => What::Approve { operation, code },
        };
        Deed { actor, what }
    }

    /// What somebody else does at the same time.
    fn at_the_same_time(&self, first: &Deed, lot: u8) -> Deed {
        let suspended = |whom| Deed { actor: "manager", what: What::Suspend(whom) };
        match (lot % 8, first.what) {
            (0, _) => suspended(first.actor),
            (1, What::Erase { approver, .. }) => suspended(approver),
            (2..=4, _) => Deed { actor: self.likely(lot).actor, ..*first },
            _ => self.likely(lot / 8),
        }
    }
}

fn str(text: &str) -> String {
    text.to_owned()
}

/// An installation's, and people of its own.
#[derive(Clone)]
struct Real {
    desk: Arc<Desk>,
    store: Arc<store::Sqlite>,
    /// What tells its people and operations from those of the other cases.
    number: usize,
    /// The first journal entry of the case.
    from: u64,
}

impl Real {
    fn new(world: &World, number: usize) -> Self {
        for (id, role) in PEOPLE.into_iter().zip([
            Role::SeniorOperator,
            Role::SeniorOperator,
            Role::SeniorOperator,
            Role::CaManager,
        ]) {
            add_person(&world.scratch, &world.clock, &format!("{id}-{number}"), role, None);
        }
        let (desk, store) = (world.desk.clone(), world.scratch.store.clone());
        Self { desk, store, number, from: world.entries() }
    }

    fn own(&self, id: &str) -> String {
        format!("{id}-{}", self.number)
    }

    fn does(&self, deed: &Deed) -> bool {
        let operation = match deed.what {
            What::Erase { operation, .. } => Some(self.own(operation)),
            What::Approve { .. } | What::Suspend(_) => None,
        };
        let who = self.own(deed.actor);
        enters(&self.desk, &who, operation.as_deref(), |act| self.asks(act, deed.what))
    }

    fn asks(&self, act: &Principal, what: What) -> bool {
        match what {
            What::Suspend(whom) => {
                let id = self.own(whom).parse().expect("an id");
                self.desk.ask(act, SuspendPerson { id }).is_ok()
            }
            What::Approve { operation, code } => {
                let operation = self.own(operation).parse().expect("an id");
                let resident = code.parse().expect("a code");
                self.desk.ask(act, ApproveOperation::Erasure { operation, resident }).is_ok()
            }
            What::Erase { code, approver, .. } => {
                let (code, approver) = (code.parse(), self.own(approver).parse());
                let (code, approver) = (code.expect("a code"), approver.expect("an id"));
                self.desk.ask(act, EraseResident { code, approver }).is_ok()
            }
        }
    }

    fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for (_, body) in self.store.journal(self.from, 10_000).expect("a journal") {
            let entry: Value = serde_json::from_slice(&body).expect("JSON");
            if entry["outcome"]["result"] != "done" {
                continue;
            }
            let own = |value: &Value| {
                let text = value.as_str().expect("text");
                text.strip_suffix(&format!("-{}", self.number)).expect("of this case").to_owned()
            };
            let actor = &entry["actor"]["id"];
            match entry["kind"].as_str() {
                Some("operation-approved") => {
                    seen.entries.0 += 1;
                    seen.approved.insert((own(&entry["subject"]), own(actor)));
                }
                Some("personal-data-erased") => {
                    seen.entries.1 += 1;
                    let details = entry["details"].as_array().expect("details");
                    let approver = details.iter().find(|one| one[0] == "approver");
                    let approver = own(&approver.expect("an approver")[1]);
                    seen.done.insert((own(&entry["operation"]), own(actor), approver));
                }
                _ => {}
            }
        }
        let is_suspended = |id: &Who| {
            let id = self.own(id).parse().expect("an id");
            let person = self.store.person(&id).expect("a read").expect("a person");
            person.state == PersonState::Suspended
        };
        seen.suspended = PEOPLE.into_iter().filter(is_suspended).collect();
        seen
    }
}

#[test]
fn l9_w3_what_two_approve_and_do_at_once_they_could_have_done_one_after_the_other() {
    let armed = Armed::default();
    let hook = armed.clone();
    let world = World::committing(move |store, unit| hook.commit(store, unit));
    let mut done = 0;
    for (number, pairs) in pairs(12, 10).into_iter().enumerate() {
        let real = Real::new(&world, number);
        let mut model = Approvals::default();
        for (first, before, second) in pairs {
            let (first, before) = (model.likely(first), before % 2);
            let second = model.at_the_same_time(&first, second);
            let asked = real.clone();
            let outcome =
                armed.interleave(move |deed| asked.does(deed), (&first, before), SHORT, &second);
            model = model.expect((&first, before), &second, &outcome, &real.seen());
        }
        done += model.done.len();
    }
    assert!(done > 6, "some were carried out: {done}");
}
