//! The registry of people as its clauses have it, one operation after the other.

use std::collections::BTreeMap;

use domain::staff::{
    CredentialKind, NEVER_FEWER, PersonState, ProposalKind, Role, credential_rule,
};
use jitsuin_web::desk::permission::Operation;
use proptest::prelude::*;

use super::Model;

/// Everybody there may be.
pub(super) const PEOPLE: [&str; 9] = [
    "senior-1",
    "senior-2",
    "senior-3",
    "senior-4",
    "manager-1",
    "manager-2",
    "manager-3",
    "examiner",
    "new",
];

/// Something that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) actor: &'static str,
    pub(super) what: What,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Register(&'static str, Role),
    Propose(&'static str, ProposalKind, Option<Role>),
    Confirm(&'static str),
    Refuse(&'static str),
    Suspend(&'static str),
    MakeToken,
}

/// A person as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) state: PersonState,
    /// None of who was refused before they ever had one.
    pub(super) role: Option<Role>,
    /// What is proposed, which role with it, and by whom.
    pub(super) proposal: Option<(ProposalKind, Option<Role>, String)>,
    /// How many console tokens and enrolment secrets they have.
    pub(super) tokens: usize,
    pub(super) enrolments: usize,
}

/// The registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry(pub(super) BTreeMap<String, Person>);

impl Registry {
    pub(super) fn new() -> Self {
        Self(first_people().map(|(id, role)| (id.to_owned(), Person::active(role))).collect())
    }

    fn is_let_in(&self, deed: &Deed) -> bool {
        let Some(actor) = self.0.get(deed.actor) else { return false };
        let operation = match deed.what {
            What::Register(..) => Operation::ProposePerson,
            What::Propose(..) => Operation::ProposeChange,
            What::Confirm(_) => Operation::ConfirmProposal,
            What::Refuse(_) => Operation::RefuseProposal,
            What::Suspend(_) => Operation::SuspendPerson,
            What::MakeToken => Operation::MakeToken,
        };
        let has_role = actor.role.is_some_and(|role| operation.is_open_to(role));
        actor.state == PersonState::Active && actor.tokens > 0 && has_role
    }

    fn tries(&mut self, deed: &Deed) -> Option<()> {
        let by = deed.actor;
        match deed.what {
            What::Register(id, role) if !self.0.contains_key(id) => {
                let proposal = Some((ProposalKind::Registration, Some(role), by.to_owned()));
                let state = PersonState::Proposed;
                let role = Some(role);
                let person = Person { state, role, proposal, tokens: 0, enrolments: 0 };
                self.0.insert(id.to_owned(), person);
            }
            What::Register(..) => return None,
            What::Propose(id, kind, role) => {
                let person = self.0.get_mut(id)?;
                if id == by || person.proposal.is_some() || !kind.fits(person.state) {
                    return None;
                }
                // What would leave too few is not even proposed.
                let loses =
                    kind == ProposalKind::Removal || role.is_some_and(|it| Some(it) != person.role);
                let role_before = person.role?;
                person.proposal = Some((kind, role, by.to_owned()));
                if loses && person.state == PersonState::Active {
                    self.keeps_without(id, role_before)?;
                }
            }
            What::Confirm(id) => {
                let (kind, role, author) = self.proposed(id, by)?;
                if self.0.get(&author)?.state != PersonState::Active {
                    return None;
                }
                self.0.get_mut(id)?.becomes(kind, role)?;
            }
            What::Refuse(id) => {
                let (kind, ..) = self.proposed(id, by)?;
                let person = self.0.get_mut(id)?;
                person.proposal = None;
                if kind == ProposalKind::Registration {
                    person.state = PersonState::Removed;
                    person.role = None;
                }
            }
            What::Suspend(id) => {
                let person = self.0.get_mut(id)?;
                if id == by || person.state != PersonState::Active {
                    return None;
                }
                (person.state, person.proposal) = (PersonState::Suspended, None);
            }
            What::MakeToken => {
                let person = self.0.get_mut(by)?;
                let kinds = credential_rule(person.role?).kinds;
                kinds.contains(&CredentialKind::ConsoleToken).then_some(())?;
                person.tokens += 1;
            }
        }
        Some(())
    }

    /// What is proposed for somebody, as one may settle it who neither is them nor proposed it.
    fn proposed(&self, id: &str, by: &str) -> Option<(ProposalKind, Option<Role>, String)> {
        let proposal = self.0.get(id)?.proposal.clone()?;
        (id != by && proposal.2 != by).then_some(proposal)
    }

    fn keeps_without(&self, id: &str, role: Role) -> Option<()> {
        let floor = NEVER_FEWER.iter().find(|floor| floor.role == role);
        let others = self.0.iter().filter(|(other, person)| *other != id && person.is(role));
        floor.is_none_or(|floor| others.count() >= floor.least as usize).then_some(())
    }

    /// Whether nobody is missing after a step without whom nobody could act.
    fn keeps(&self, before: &Self) -> bool {
        let count = |model: &Self, role| model.0.values().filter(|one| one.is(role)).count();
        NEVER_FEWER.iter().all(|floor| {
            let (then, now) = (count(before, floor.role), count(self, floor.role));
            now >= then || now >= floor.least as usize
        })
    }
}

impl Model for Registry {
    type Deed = Deed;
    type Part = Deed;
    type Seen = Self;

    fn seen(&self) -> Self {
        self.clone()
    }

    fn parts(&self, deed: &Deed) -> Vec<Deed> {
        vec![deed.clone()]
    }

    fn does(&mut self, deed: &Deed) -> bool {
        let before = self.clone();
        let done = self.is_let_in(deed) && self.tries(deed).is_some() && self.keeps(&before);
        if !done {
            *self = before;
        }
        done
    }
}

/// Whom the second of two deeds concerns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    /// Whomever it was drawn for.
    Anybody,
    /// Who does the first.
    Actor,
    /// Whom the first concerns.
    Same,
    /// Who proposed what the first settles.
    Author,
}

impl What {
    /// The person it concerns.
    fn concerns(&mut self) -> Option<&mut &'static str> {
        match self {
            Self::Propose(id, ..) | Self::Confirm(id) | Self::Refuse(id) | Self::Suspend(id) => {
                Some(id)
            }
            Self::Register(..) | Self::MakeToken => None,
        }
    }
}

impl Registry {
    /// The second deed so that it has to do with the first.
    pub(super) fn related(&self, first: &Deed, second: &Deed, whom: Whom) -> Deed {
        let mut of_first = first.what.clone();
        let target = of_first.concerns().map(|id| *id);
        let related = match whom {
            Whom::Anybody => None,
            Whom::Actor => Some(first.actor),
            Whom::Same => target,
            Whom::Author => target
                .and_then(|id| self.0.get(id)?.proposal.as_ref())
                .and_then(|(_, _, author)| PEOPLE.iter().find(|id| *id == author).copied()),
        };
        let mut deed = second.clone();
        if let (Some(related), Some(id)) = (related, deed.what.concerns()) {
            *id = related;
        }
        deed
    }
}

impl Person {
    fn active(role: Role) -> Self {
        Self {
            state: PersonState::Active,
            role: Some(role),
            proposal: None,
            tokens: 1,
            enrolments: 0,
        }
    }

    fn is(&self, role: Role) -> bool {
        self.state == PersonState::Active && self.role == Some(role)
    }

    /// What a confirmation makes of them.
    fn becomes(&mut self, kind: ProposalKind, role: Option<Role>) -> Option<()> {
        self.proposal = None;
        if let Some(event) = kind.event() {
            self.state = self.state.after(event).ok()?;
        }
        if matches!(kind, ProposalKind::Enrolment | ProposalKind::Removal) {
            (self.tokens, self.enrolments) = (0, 0);
        }
        if kind == ProposalKind::Roles {
            self.role = Some(role?);
            let kinds = credential_rule(role?).kinds;
            let keeps = |kind| usize::from(kinds.contains(&kind));
            self.tokens *= keeps(CredentialKind::ConsoleToken);
            self.enrolments *= keeps(CredentialKind::Enrolment);
        }
        self.enrolments +=
            usize::from(matches!(kind, ProposalKind::Registration | ProposalKind::Enrolment));
        Some(())
    }
}

/// Who is there at first: as few as may be, and two more.
pub(super) fn first_people() -> impl Iterator<Item = (&'static str, Role)> {
    [
        ("senior-1", Role::SeniorOperator),
        ("senior-2", Role::SeniorOperator),
        ("senior-3", Role::SeniorOperator),
        ("senior-4", Role::SeniorOperator),
        ("manager-1", Role::CaManager),
        ("manager-2", Role::CaManager),
        ("manager-3", Role::CaManager),
        ("examiner", Role::Examiner),
    ]
    .into_iter()
}

/// Whom a second deed concerns, mostly who has to do with the first.
pub(super) fn whom() -> impl Strategy<Value = Whom> {
    prop::sample::select(vec![Whom::Anybody, Whom::Actor, Whom::Same, Whom::Author])
}

/// Any deed, mostly of somebody to whom it was open at first.
pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let seniors = || prop::sample::select(&PEOPLE[..4]);
    let managers = || prop::sample::select(&PEOPLE[4..7]);
    let someone = || prop::sample::select(&PEOPLE[..]);
    let role = || prop::sample::select(vec![Role::SeniorOperator, Role::CaManager]);
    let kind = prop::sample::select(vec![
        ProposalKind::Roles,
        ProposalKind::Enrolment,
        ProposalKind::Reinstatement,
        ProposalKind::Removal,
    ]);
    let register = (seniors(), Just("new"), role())
        .prop_map(|(actor, id, role)| Deed { actor, what: What::Register(id, role) });
    let propose = (seniors(), someone(), kind, role()).prop_map(|(actor, id, kind, role)| {
        let role = (kind == ProposalKind::Roles).then_some(role);
        Deed { actor, what: What::Propose(id, kind, role) }
    });
    let settle = (managers(), someone(), 0..4_u8).prop_map(|(actor, id, lot)| Deed {
        actor,
        what: if lot == 0 { What::Refuse(id) } else { What::Confirm(id) },
    });
    let suspend = (prop::sample::select(&PEOPLE[..7]), someone())
        .prop_map(|(actor, id)| Deed { actor, what: What::Suspend(id) });
    let token = someone().prop_map(|actor| Deed { actor, what: What::MakeToken });
    prop_oneof![1 => register, 5 => propose, 5 => settle, 3 => suspend, 2 => token]
}
