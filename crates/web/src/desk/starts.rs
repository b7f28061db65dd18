//! A start that is refused, and who accepts what it is refused for.

use std::sync::Arc;

use ca::Quorum;
use domain::act::Act;
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::OfTheInstallation;
use domain::staff::Role;
use jiff::Timestamp;
use store::{Entry, Unit};

use super::approvals::{Approvable, Approvals};
use super::custodians::Custodians;
use super::permission::Operation;
use super::reading;
use super::repeat::Repetition;
use crate::entrance::principal::Principal;
use crate::ledger::Ledger;
use crate::problem::Problem;

/// The fact of an acceptance that names query records which are lost.
pub const RECORDS_GIVEN_UP: &str = "records_given_up";

/// Why a start is refused, in words for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objections {
    /// What places outside know and the database does not, or the other way round.
    pub evidence: Vec<String>,
    /// What was done at a time that has not come yet, and when.
    pub clock: Vec<String>,
    /// The latest of these times.
    pub latest: Option<Timestamp>,
    /// Query records that are not there as they were sealed: no start is refused for them, and people may
    /// give them up.
    pub records: Vec<String>,
}

impl Objections {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.evidence.iter().chain(&self.clock).chain(&self.records)
    }
}

/// Who accepts what a start refuses, beside whoever asks.
pub enum Approval<'a> {
    /// Another person, by their id, who has approved it ([`Approvable::Start`]).
    SecondPerson(&'a ActorId),
    /// The custodians together, by their shares alone.
    Custodians(&'a Quorum),
}

/// How a start is accepted. It reads nothing itself, and commits.
pub struct Starts {
    ledger: Ledger,
    repetition: Arc<Repetition>,
    approvals: Arc<Approvals>,
    custodians: Custodians,
}

impl Starts {
    pub(super) fn new(
        (ledger, repetition): (&Ledger, &Arc<Repetition>),
        approvals: &Arc<Approvals>,
        custodians: &Custodians,
    ) -> Self {
        let (ledger, repetition) = (ledger.clone(), repetition.clone());
        Self { ledger, repetition, approvals: approvals.clone(), custodians: custodians.clone() }
    }

    /// Notes that somebody was told why a start is refused.
    ///
    /// # Errors
    /// 403; the database's.
    pub fn note_objections(&self, act: &Principal, objections: usize) -> Result<(), Problem> {
        let operation = Operation::AcceptStart;
        self.ledger.admit(act, operation)?;
        self.ledger.read(reading(act, operation).detail("objections", objections))
    }

    /// Has people accept what a start refuses, and give up query records that are lost; from then on
    /// `places` are those that are known to take checkpoints.
    ///
    /// Where the database itself is objected to, nobody is believed for what it says of them: the
    /// custodians accept, who prove themselves by their shares. A clock that is right now, and
    /// records that are lost, are for two people to accept as well, one of them an internal auditor
    /// (A 5.4, S 4-11-5).
    ///
    /// # Errors
    /// 403; 422 where nothing is objected, and where others would have to accept it; the database's.
    pub fn accept(
        &self,
        act: &Principal,
        by: &Approval<'_>,
        objections: &Objections,
        places: &[String],
    ) -> Result<(), Problem> {
        let operation = Operation::AcceptStart;
        self.ledger.admit(act, operation)?;
        let may = match objections.all().next() {
            None => Err(Problem::refused("objections", "nothing is objected to a start")),
            Some(_) => Ok(()),
        };
        self.ledger.checked(act, operation, may)?;
        match by {
            Approval::SecondPerson(approver) => {
                let parts: Vec<_> = [approver.as_str()]
                    .into_iter()
                    .chain(objections.all().map(String::as_str))
                    .collect();
                self.repetition.once_in_a_unit(act, operation, &parts, || {
                    let seconded = self.accepting(act, approver, objections)?;
                    let accepted = Entry::new(operation.kind(), &seconded);
                    let accepted = seconded
                        .second
                        .iter()
                        .fold(accepted, |entry, second| entry.detail("approver", &second.person));
                    Ok((acceptance(act, accepted, objections, places), ()))
                })?;
            }
            Approval::Custodians(quorum) => {
                let accepted = Entry::new(operation.kind(), act)
                    .detail("custodians", OfTheInstallation(&quorum.names()));
                let unit = acceptance(act, accepted, objections, places);
                let borne = self.custodians.borne_by(quorum, unit);
                self.ledger.commit(self.ledger.checked(act, operation, borne)?)?;
            }
        }
        Ok(())
    }

    /// The act of two people who accept a clock or give up records, one of them an internal auditor.
    fn accepting(
        &self,
        act: &Principal,
        approver: &ActorId,
        objections: &Objections,
    ) -> Result<Act, Problem> {
        let operation = Operation::AcceptStart;
        let rule = "what the database says of people is objected to with it: the custodians accept it, \
                    by their shares (--custodian ID=FILE each)";
        let custodians = || Problem::refused("custodians", rule);
        let clock_alone = if objections.evidence.is_empty() { Ok(()) } else { Err(custodians()) };
        self.ledger.checked(act, operation, clock_alone)?;
        let Objections { latest, records, .. } = objections;
        let what = Approvable::Start { latest: *latest, records };
        let seconded = self.approvals.seconded(act, approver, what)?;
        let two = [act.standing.as_ref(), seconded.second.as_ref()].into_iter().flatten();
        let rule = "one of the two is an internal auditor (A 5.4, S 4-11-5); where none can come, the \
                    custodians' quorum does: --custodian ID=FILE each";
        let audited =
            match two.flat_map(|one| &one.roles).any(|role| *role == Role::InternalAuditor) {
                true => Ok(()),
                false => Err(Problem::refused("approver", rule)),
            };
        self.ledger.checked(act, operation, audited)?;
        Ok(seconded)
    }
}

/// What accepts a start over `objections`; `places` are known from then on.
fn acceptance(act: &Act, accepted: Entry, objections: &Objections, places: &[String]) -> Unit {
    let accepted = objections
        .evidence
        .iter()
        .fold(accepted, |entry, one| entry.detail("accepted", OfTheInstallation(one)));
    let accepted = objections
        .clock
        .iter()
        .fold(accepted, |entry, one| entry.detail(ca::CLOCK_SAID_RIGHT, OfTheInstallation(one)));
    let accepted = objections
        .records
        .iter()
        .fold(accepted, |entry, one| entry.detail(RECORDS_GIVEN_UP, OfTheInstallation(one)));
    let known = Entry::new(EventKind::CheckpointPlaces, act);
    let known =
        places.iter().fold(known, |entry, name| entry.detail("place", OfTheInstallation(name)));
    Unit::new(accepted).entry(known)
}
