//! The registry of people: proposed by a senior operator, confirmed by the CA manager (A 5.2.4.1).
//!
//! Nobody confirms what they proposed, nor what concerns themselves; exclusive roles are refused at
//! the proposal and again at the confirmation. No record is ever deleted.

mod author;
mod proposals;

use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::Spaced;
use domain::staff::{
    CredentialKind, ENROLMENT_HOURS, PersonEvent, PersonState, ProposalKind, Role, credential_rule,
};
use jiff::SignedDuration;
use store::{Change, CredentialRow, Entry, PersonRow, Unit};
use x509::fingerprint::sha256;

use self::proposals::{confirmable, confirmed, new_person, not_oneself, of_state, proposal};
use super::permission::Operation;
use super::principal::Principal;
use super::repeat::Done;
use super::shown::{Made, resting};
use super::{Desk, reading};
use crate::problem::Problem;
use crate::wire::{
    ConfirmationBody, NewPersonBody, PersonBody, PersonList, ProposalBody, SecretText,
};

impl Desk {
    /// Everybody in the registry.
    ///
    /// # Errors
    /// The database's; the reading is journaled first.
    pub fn people(&self, act: &Principal) -> Result<PersonList, Problem> {
        let operation = Operation::ListPeople;
        self.admit(act, operation)?;
        let rows = self.store.people()?;
        self.journal_reading(reading(act, operation).detail("rows", rows.len()))?;
        Ok(PersonList { people: rows.iter().map(PersonBody::from).collect() })
    }

    /// A person with what lets them in.
    ///
    /// # Errors
    /// 404; the reading is journaled first.
    pub fn person(&self, act: &Principal, id: &str) -> Result<PersonBody, Problem> {
        let operation = Operation::ShowPerson;
        self.admit(act, operation)?;
        let row = self.found(act, operation, id)?;
        self.journal_reading(reading(act, operation).subject(&row.id))?;
        let body = PersonBody::from(&row);
        let credentials = self.store.credentials_of(&row.id)?;
        Ok(body.with(&credentials, self.store.password(&row.id)?.as_ref()))
    }

    /// Proposes a new person.
    ///
    /// # Errors
    /// 422 for roles that no person may hold together, or an id that was ever given.
    pub fn propose_person(
        &self,
        act: &Principal,
        body: &NewPersonBody,
    ) -> Result<PersonBody, Problem> {
        let operation = Operation::ProposePerson;
        self.admit(act, operation)?;
        let by = self.own_id(act, operation)?;
        let row = new_person(body, by, act.at);
        let row = row.and_then(|row| self.expect_share(&row.id, &row.roles).map(|()| row));
        let row = self.checked(act, operation, row)?;
        let asked = json(body)?;
        let done = self.once_in_a_unit(act, operation, &[&asked], || {
            let free = match self.store.person(&row.id)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("id", "it was given to a person before")),
            };
            self.checked(act, operation, free)?;
            let entry = changed(act, &row).detail("proposed", ProposalKind::Registration);
            let change = Change::AddPerson(row.clone().into());
            let unit = Unit::new(entry.detail("roles", words(&row.roles))).change(change);
            let unit =
                resting(unit, act, &Made::Proposal(&row.id, ProposalKind::Registration, act.at))?;
            Ok((unit, row.id.to_string()))
        });
        self.as_they_stand(&done?.answer())
    }

    /// Proposes a change of a person: other roles, an enrolment, a reinstatement, a removal.
    ///
    /// # Errors
    /// 404; 422 where it does not fit the person's state, or the roles exclude each other.
    pub fn propose_change(
        &self,
        act: &Principal,
        id: &str,
        body: &ProposalBody,
    ) -> Result<PersonBody, Problem> {
        let operation = Operation::ProposeChange;
        self.admit(act, operation)?;
        let by = self.own_id(act, operation)?;
        let asked = json(body)?;
        let done = self.once_in_a_unit(act, operation, &[id, &asked], || {
            let row = self.found(act, operation, id)?;
            let proposal = proposal(&row, body, by, act.at);
            let proposal =
                proposal.and_then(|one| self.expect_share(&row.id, &one.roles).map(|()| one));
            let proposal = self.checked(act, operation, proposal)?;
            let entry = changed(act, &row).detail("proposed", proposal.kind);
            let entry = entry.detail("roles", words(&proposal.roles));
            let (person, kind) = (row.id.clone(), proposal.kind);
            let to = PersonRow { proposal: Some(proposal), ..row.clone() };
            let (unit, id) = set_person(entry, row, to);
            let unit = resting(unit, act, &Made::Proposal(&person, kind, act.at))?;
            Ok((unit, id))
        });
        self.as_they_stand(&done?.answer())
    }

    /// A custodian is who holds a share of the keys (A 6.2.2, S 6-2-1-2): whoever had the office alone
    /// would be counted where the quorum is, and could not come to it.
    fn expect_share(&self, person: &ActorId, roles: &[Role]) -> Result<(), Problem> {
        let Some(room) = self.keyroom.as_ref().filter(|_| roles.contains(&Role::KeyCustodian))
        else {
            return Ok(());
        };
        if room.custody.standing().custodians.contains(person) {
            return Ok(());
        }
        let rule = "no share of the keys was made for this person: custodians are those to whom the \
                    set-up gave one (A 6.2.2, S 6-2-1-2)";
        Err(Problem::refused("roles", rule))
    }

    /// What takes away the credentials of a kind that the roles from now on do not allow.
    fn credentials_beyond(&self, to: &PersonRow) -> Result<Vec<Change>, Problem> {
        let is_allowed = |row: &CredentialRow| {
            to.roles.iter().all(|role| credential_rule(*role).kinds.contains(&row.kind))
        };
        let rows = self.store.credentials_of(&to.id)?;
        let beyond = rows.into_iter().filter(|row| !is_allowed(row));
        Ok(beyond.map(|row| Change::DropCredential(row.sha256)).collect())
    }

    /// Confirms what was proposed; a new person, or one who lost theirs, gets an enrolment secret.
    ///
    /// # Errors
    /// 422 where nothing was proposed, by whom proposed it, or about oneself.
    pub fn confirm_proposal(&self, act: &Principal, id: &str) -> Result<ConfirmationBody, Problem> {
        let operation = Operation::ConfirmProposal;
        self.admit(act, operation)?;
        let person: ActorId = self.id(act, operation, "person", id)?;
        let mut secret = None;
        let done = self.once_in_a_unit(act, operation, &[id], || {
            let (unit, expires, fresh) = self.confirmation(act, operation, id)?;
            secret = fresh;
            Ok((unit, expires))
        })?;
        // A session begun with what is no credential any more, or under other roles, ends.
        self.sessions.end_all_of(&person);
        self.dismiss_custodian(act)?;
        let (enrolment_expires, secret): (Option<String>, _) = match done {
            Done::Now(expires) => (expires, secret),
            Done::Before(expires) => {
                let secret = self.enrolment_again(act, &person, expires.as_deref())?;
                (expires, secret)
            }
        };
        let enrolment_secret = secret.map(|secret| secret.expose().to_owned());
        let person = self.as_they_stand(person.as_str())?;
        Ok(ConfirmationBody { person, enrolment_secret, enrolment_expires })
    }

    /// The unit of a confirmation, until when its secret must be used, and the secret if there is one.
    fn confirmation(
        &self,
        act: &Principal,
        operation: Operation,
        id: &str,
    ) -> Result<(Unit, Option<String>, Option<SecretText>), Problem> {
        let row = self.found(act, operation, id)?;
        let proposal = self.checked(act, operation, confirmable(&row, act))?;
        let author = self.checked(act, operation, self.author_of(&row.id, &proposal, act.at))?;
        let to = self.checked(act, operation, confirmed(&row, &proposal, act))?;
        let entry = changed(act, &row).detail("confirmed", proposal.kind);
        let entry = entry.detail("proposed_by", &proposal.by).detail("roles", words(&to.roles));
        let mut unit =
            Unit::new(entry).change(Change::SetPerson { from: row.into(), to: to.clone().into() });
        unit = unit.requiring(author);
        if matches!(proposal.kind, ProposalKind::Enrolment | ProposalKind::Removal) {
            unit = unit.change(Change::DropCredentials(to.id.clone()));
        }
        if proposal.kind == ProposalKind::Roles {
            unit = self.credentials_beyond(&to)?.into_iter().fold(unit, Unit::change);
        }
        let (mut expires, mut secret) = (None, None);
        if matches!(proposal.kind, ProposalKind::Registration | ProposalKind::Enrolment) {
            let fresh = crate::random::secret()?;
            let credential = enrolment(&to.id, &fresh, act)?;
            expires = credential.expires.map(|time| time.to_string());
            unit = unit.change(Change::AddCredential(credential.into()));
            secret = Some(fresh);
        }
        Ok((unit, expires, secret))
    }

    /// The secret of an enrolment that was confirmed before under this operation's id, whose answer did
    /// not arrive: another in its place, as long as nobody has used it.
    fn enrolment_again(
        &self,
        act: &Principal,
        person: &ActorId,
        expires: Option<&str>,
    ) -> Result<Option<SecretText>, Problem> {
        match expires {
            None => Ok(None),
            Some(_) => self.secret_again(act, person, CredentialKind::Enrolment),
        }
    }

    /// Refuses what was proposed; a person who was never confirmed counts as removed.
    ///
    /// # Errors
    /// As [`confirm_proposal`](Self::confirm_proposal).
    pub fn refuse_proposal(&self, act: &Principal, id: &str) -> Result<PersonBody, Problem> {
        let operation = Operation::RefuseProposal;
        self.admit(act, operation)?;
        let done = self.once_in_a_unit(act, operation, &[id], || {
            let row = self.found(act, operation, id)?;
            let proposal = self.checked(act, operation, confirmable(&row, act))?;
            let mut to = PersonRow { proposal: None, ..row.clone() };
            if proposal.kind == ProposalKind::Registration {
                let after = row.state.after(PersonEvent::Refuse);
                to.state = self.checked(act, operation, after.map_err(of_state))?;
                to.since = act.at;
                // They never had any.
                to.roles.clear();
            }
            let entry = changed(act, &row).detail("refused", proposal.kind);
            Ok(set_person(entry, row, to))
        });
        self.as_they_stand(&done?.answer())
    }

    /// Keeps a person from acting, at once; what was proposed for them lapses.
    ///
    /// # Errors
    /// 422 about oneself, and where nobody would be left who registers people.
    pub fn suspend_person(&self, act: &Principal, id: &str) -> Result<PersonBody, Problem> {
        let operation = Operation::SuspendPerson;
        self.admit(act, operation)?;
        let person: ActorId = self.id(act, operation, "person", id)?;
        let done = self.once_in_a_unit(act, operation, &[id], || {
            let row = self.found(act, operation, id)?;
            self.checked(act, operation, not_oneself(&row, act))?;
            let after = row.state.after(PersonEvent::Suspend).map_err(of_state);
            let state = self.checked(act, operation, after)?;
            let to = PersonRow { state, proposal: None, since: act.at, ..row.clone() };
            Ok(set_person(changed(act, &row).detail("suspended", true), row, to))
        })?;
        self.sessions.end_all_of(&person);
        self.dismiss_custodian(act)?;
        self.as_they_stand(&done.answer())
    }

    /// Whether those are registered who register all others; custodians do not.
    ///
    /// # Errors
    /// The database's.
    pub fn has_first_people(&self) -> Result<bool, Problem> {
        Ok(self.store.people()?.iter().any(|person| person.roles != [Role::KeyCustodian]))
    }

    /// Registers the first two people, who register all others: once in an installation's life.
    /// Each comes in with the secret that was written for them, and has 24 hours to use it.
    ///
    /// # Errors
    /// 422 where there ever was anybody but the custodians, who are registered with their shares: there
    /// is no back door.
    pub fn register_first_people(
        &self,
        act: &Principal,
        manager: (&ActorId, &SecretText),
        senior_operator: (&ActorId, &SecretText),
    ) -> Result<(), Problem> {
        let operation = Operation::RegisterFirstPeople;
        self.admit(act, operation)?;
        let is_taken = |id| Ok::<_, Problem>(self.store.person(id)?.is_some());
        let first = match () {
            () if self.has_first_people()? || manager.0 == senior_operator.0 => {
                Err(Problem::refused("people", "only the first two come in without others"))
            }
            () if is_taken(manager.0)? || is_taken(senior_operator.0)? => {
                Err(Problem::refused("people", "one of them is a custodian: nobody is both"))
            }
            () => Ok(()),
        };
        self.checked(act, operation, first)?;
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
        unit.map_or(Ok(()), |unit| self.commit(act, operation, unit))
    }

    /// A person as they stand now. What is kept of an answer is their id: the name that was typed is in
    /// the registry alone.
    fn as_they_stand(&self, id: &str) -> Result<PersonBody, Problem> {
        let row = self.store.person(&crate::problem::parse_id("person", id)?)?;
        Ok(PersonBody::from(&row.ok_or_else(|| Problem::unknown("person"))?))
    }

    pub(super) fn found(
        &self,
        act: &Principal,
        operation: Operation,
        id: &str,
    ) -> Result<PersonRow, Problem> {
        let id: ActorId = self.id(act, operation, "person", id)?;
        let found = self.store.person(&id)?.ok_or_else(|| Problem::unknown("person"));
        self.checked(act, operation, found)
    }

    fn own_id(&self, act: &Principal, operation: Operation) -> Result<ActorId, Problem> {
        let id = act.id().cloned().ok_or_else(|| Problem::refused("person", operation.rule()));
        self.checked(act, operation, id)
    }
}

pub(super) fn enrolment(
    id: &ActorId,
    secret: &SecretText,
    act: &Principal,
) -> Result<CredentialRow, Problem> {
    let expires = act.at.checked_add(SignedDuration::from_hours(ENROLMENT_HOURS));
    Ok(CredentialRow {
        sha256: sha256(secret.expose().as_bytes()),
        person: id.clone(),
        kind: CredentialKind::Enrolment,
        console: None,
        passkey: None,
        made: act.at,
        expires: Some(expires.map_err(|error| Problem::broke(&error))?),
        operation: Some(act.operation.clone()),
    })
}

/// The unit that changes a person, and who it is.
fn set_person(entry: Entry, from: PersonRow, to: PersonRow) -> (Unit, String) {
    let id = to.id.to_string();
    let change = Change::SetPerson { from: from.into(), to: to.into() };
    (Unit::new(entry).change(change), id)
}

/// What was asked, as a text that recognises it.
fn json(body: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(|error| Problem::broke(&error))
}

/// The entry of a change of a person, who stands in it by their id alone.
pub(super) fn changed(act: &Principal, row: &PersonRow) -> Entry {
    Entry::new(EventKind::StaffChanged, act).subject(&row.id)
}

fn words(roles: &[Role]) -> Spaced<Role> {
    Spaced(roles.to_vec())
}
