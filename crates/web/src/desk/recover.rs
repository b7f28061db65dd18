//! The way back in, when what let people in has ended and nobody is left who could enrol them.

use std::sync::Arc;

use ca::Quorum;
use domain::id::ActorId;
use domain::rule;
use domain::rule::OfTheInstallation;
use domain::staff::{PersonState, ProposalKind};
use store::reads::ReadPeople;
use store::{Change, PersonRow, Unit};

use super::custodians::Custodians;
use super::people::{changed, enrolment};
use super::permission::Operation;
use crate::entrance::principal::Principal;
use crate::entrance::sessions::Sessions;
use crate::ledger::Ledger;
use crate::problem::Problem;
use crate::wire::{ConfirmationBody, PersonBody};

/// How the custodians let somebody in again. It reads people, commits, and ends sessions.
pub struct WayBackIn {
    ledger: Ledger,
    people: Arc<dyn ReadPeople>,
    custodians: Custodians,
    sessions: Arc<Sessions>,
}

impl WayBackIn {
    pub(super) fn new(
        ledger: &Ledger,
        people: Arc<dyn ReadPeople>,
        custodians: &Custodians,
        sessions: &Arc<Sessions>,
    ) -> Self {
        let (ledger, custodians) = (ledger.clone(), custodians.clone());
        Self { ledger, people, custodians, sessions: sessions.clone() }
    }

    /// Lets a person in office in again by the word of the custodians' quorum: they get an enrolment
    /// secret; what let them in before ends, and with it what they proposed and approved. Done again, it
    /// makes another.
    ///
    /// # Errors
    /// 404 for a person whom the registry does not know; 422 for one who is not in office, and where
    /// a custodian of the quorum left office meanwhile.
    pub fn recover(
        &self,
        act: &Principal,
        id: &ActorId,
        quorum: &Quorum,
    ) -> Result<ConfirmationBody, Problem> {
        let operation = Operation::RecoverPerson;
        self.ledger.admit(act, operation)?;
        let row = self.people.person(id)?.ok_or_else(|| Problem::unknown("person"));
        let row = self.ledger.checked(act, operation, row)?;
        let in_office = match row.state {
            PersonState::Active => Ok(()),
            state => {
                let rule = rule!("a person who is {} is not let in by custodians either", state);
                Err(Problem::refused("person", rule))
            }
        };
        self.ledger.checked(act, operation, in_office)?;
        let secret = crate::random::secret()?;
        let credential = enrolment(&row.id, &secret, act)?;
        let enrolment_expires = credential.expires.map(|time| time.to_string());
        let entry = changed(act, &row).detail("recovered", ProposalKind::Enrolment);
        let entry = entry.detail("custodians", OfTheInstallation(&quorum.names()));
        let to = PersonRow { since: act.at, ..row.clone() };
        let unit = Unit::new(entry)
            .requiring(row.clone().standing(domain::act::Basis::Nothing))
            .change(Change::SetPerson { from: row.clone().into(), to: to.into() })
            .change(Change::DropCredentials(row.id.clone()))
            .change(Change::AddCredential(credential.into()));
        let unit = self.ledger.checked(act, operation, self.custodians.borne_by(quorum, unit))?;
        self.ledger.decided(act, operation, unit)?;
        self.sessions.end_all_of(&row.id);
        Ok(ConfirmationBody {
            person: PersonBody::from(&row),
            enrolment_secret: Some(secret.expose().to_owned()),
            enrolment_expires,
        })
    }
}
