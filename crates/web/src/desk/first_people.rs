//! The first two people, who register all others.

use std::sync::Arc;

use domain::id::ActorId;
use domain::staff::{PersonState, Role};
use store::reads::ReadPeople;
use store::{Change, PersonRow, Unit};

use super::people::{changed, enrolment};
use super::permission::Operation as Permitted;
use crate::entrance::principal::Principal;
use crate::ledger::Ledger;
use crate::problem::Problem;
use crate::wire::SecretText;

/// How an installation gets its first people. It reads people, and commits.
pub struct FirstPeople {
    ledger: Ledger,
    people: Arc<dyn ReadPeople>,
}

impl FirstPeople {
    pub(super) fn new(ledger: &Ledger, people: Arc<dyn ReadPeople>) -> Self {
        Self { ledger: ledger.clone(), people }
    }

    /// Whether those are registered who register all others; custodians do not.
    ///
    /// # Errors
    /// The database's.
    pub fn are_registered(&self) -> Result<bool, Problem> {
        Ok(self.people.people()?.iter().any(|person| person.roles != [Role::KeyCustodian]))
    }

    /// Registers the first two people, who register all others: once in an installation's life.
    /// Each comes in with the secret that was written for them, and has 24 hours to use it.
    ///
    /// # Errors
    /// 422 where there ever was anybody but the custodians, who are registered with their shares: there
    /// is no back door.
    pub fn register(
        &self,
        act: &Principal,
        manager: (&ActorId, &SecretText),
        senior_operator: (&ActorId, &SecretText),
    ) -> Result<(), Problem> {
        let operation = Permitted::RegisterFirstPeople;
        self.ledger.admit(act, operation)?;
        let is_taken = |id| Ok::<_, Problem>(self.people.person(id)?.is_some());
        let first = match () {
            () if self.are_registered()? || manager.0 == senior_operator.0 => {
                Err(Problem::refused("people", "only the first two come in without others"))
            }
            () if is_taken(manager.0)? || is_taken(senior_operator.0)? => {
                Err(Problem::refused("people", "one of them is a custodian: nobody is both"))
            }
            () => Ok(()),
        };
        self.ledger.checked(act, operation, first)?;
        let mut unit: Option<Unit> = None;
        let first = [(manager, Role::CaManager), (senior_operator, Role::SeniorOperator)];
        for ((id, secret), role) in first {
            let row = PersonRow {
                id: id.clone(),
                name: id.to_string(),
                state: PersonState::Active,
                roles: vec![role],
                municipality: None,
                proposal: None,
                since: act.at,
            };
            let entry = changed(act, &row).detail("first", true).detail("roles", role);
            let begun = match unit {
                None => Unit::new(entry),
                Some(unit) => unit.entry(entry),
            };
            let credential = enrolment(id, secret, act)?;
            let begun = begun.change(Change::AddPerson(row.into()));
            unit = Some(begun.change(Change::AddCredential(credential.into())));
        }
        unit.map_or(Ok(()), |unit| self.ledger.decided(act, operation, unit))
    }
}
