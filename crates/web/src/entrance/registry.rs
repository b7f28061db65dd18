//! The registry of people as it is asked at the desk: who may act, and whether what let them in still does.

use std::sync::Arc;

use domain::act::Basis;
use domain::id::ActorId;
use domain::staff::PersonState;
use jiff::Timestamp;
use store::reads::ReadPeople;
use store::{CredentialRow, PersonRow};

use super::door::unproven;
use super::grounds::{Grounds, Made};
use super::principal::{Entrant, Proof};
use super::resting::Certificates;
use crate::problem::Problem;

/// People, what lets them in, and what that rests on. It commits nothing.
pub(crate) struct Registry {
    people: Arc<dyn ReadPeople>,
    grounds: Arc<Grounds>,
}

impl Registry {
    pub(crate) fn new(people: Arc<dyn ReadPeople>, grounds: &Arc<Grounds>) -> Self {
        Self { people, grounds: grounds.clone() }
    }

    /// A person who may act.
    ///
    /// # Errors
    /// 401 where they may not; the database's.
    pub(crate) fn who_may_come_in(&self, id: &ActorId) -> Result<PersonRow, Problem> {
        let person = self.people.person(id)?.filter(may_come_in);
        person.ok_or_else(|| unproven("whoever it belongs to may not act"))
    }

    /// Whose credential it is, who is let in by it.
    ///
    /// # Errors
    /// 401 where it has expired, its owner may not act, or a certificate it rests on is revoked or held;
    /// the database's.
    pub(crate) fn owner(
        &self,
        row: &CredentialRow,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Entrant, Problem> {
        if row.expires.is_some_and(|expires| expires <= now) {
            return Err(unproven("the token, certificate or passkey has expired"));
        }
        let person = self.who_may_come_in(&row.person)?;
        let certificates = self.grounds.credential_rests_on(row, now)?;
        Ok(Entrant { person, proof, basis: Basis::Credential(row.sha256), certificates })
    }

    /// What somebody was let in by rests on these certificates, if it still lets them in.
    ///
    /// # Errors
    /// 401 where one of them is revoked or held; the database's.
    pub(crate) fn stands(
        &self,
        person: &ActorId,
        basis: Basis,
        now: Timestamp,
    ) -> Result<Option<Certificates>, Problem> {
        match basis {
            Basis::Credential(sha256) => {
                let lasts = |row: &CredentialRow| {
                    row.person == *person && row.expires.is_none_or(|expires| now < expires)
                };
                let row = self.people.credential(&sha256)?.filter(lasts);
                row.map(|row| self.grounds.credential_rests_on(&row, now)).transpose()
            }
            Basis::Password(set) => {
                let row = self.people.password(person)?.filter(|row| row.set == set);
                row.map(|_| self.grounds.rests_on(&Made::Password(person, set), now)).transpose()
            }
            Basis::Nothing => Ok(None),
        }
    }
}

/// Whether a person may act at all.
pub(crate) fn may_come_in(person: &PersonRow) -> bool {
    person.state == PersonState::Active
}
