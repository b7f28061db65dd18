//! The entrance: who shows what, is who. Nobody stands at the desk but through here.

use std::net::IpAddr;
use std::sync::Arc;

use domain::act::{Act, Actor, Basis};
use domain::id::{ActorId, OperationId};
use domain::journal::EventKind;
use domain::rule::Rule;
use domain::staff::{CredentialKind, PersonState};
use jiff::{SignedDuration, Timestamp};
use store::{CredentialRow, PersonRow};
use x509::fingerprint::sha256;

use super::principal::{Entrant, Principal, Proof, actor_of};
use super::refusals::Kind;
use super::sessions::Session;
use super::shown::{Certificates, Made};
use super::{Desk, fresh_operation};
use crate::problem::{Fault, Problem};
use crate::wire::{LoginBody, SecretText, SessionBody};

/// What somebody shows.
pub enum Shown {
    /// A bearer token by its SHA-256: a console's, a program's, a session's, or an enrolment secret.
    Bearer([u8; 32]),
    /// A client certificate, DER, whose key they have proven to hold in this connection's handshake.
    Certificate(Arc<[u8]>),
    /// An id with a password or an enrolment secret.
    Password {
        /// The id.
        id: String,
        /// The password.
        password: SecretText,
    },
}

impl Shown {
    /// A bearer token.
    pub fn bearer(token: &str) -> Self {
        Self::Bearer(sha256(token.as_bytes()))
    }
}

/// By which door somebody comes, and from where.
#[derive(Debug, Clone)]
pub struct Door {
    /// The door's name, for the journal: never a person, never a credential.
    pub name: String,
    /// The address they come from; the loopback address at the installation's own console.
    pub from: IpAddr,
}

impl Desk {
    /// Finds out who shows `shown`, and stands them at the desk with their act.
    ///
    /// # Errors
    /// 401 when it is nobody's, expired, or bound to another console; the journal has it first.
    pub fn enter(
        &self,
        shown: Result<Shown, Problem>,
        door: &Door,
        operation: Option<OperationId>,
    ) -> Result<Principal, Problem> {
        let stranger = self.act(Actor::Anonymous, None)?;
        let found = match shown {
            Ok(Shown::Password { id, password }) => {
                self.by_password(&stranger, &id, &password, door)?
            }
            Ok(Shown::Bearer(sha256)) => {
                let found = self.by_bearer(&sha256, door.from, stranger.at);
                self.turned_away(&stranger, door, found)?
            }
            Ok(Shown::Certificate(der)) => {
                let found = self.by_certificate(der, stranger.at);
                self.turned_away(&stranger, door, found)?
            }
            Err(problem) => self.turned_away(&stranger, door, Err(problem))?,
        };
        let operation = operation.map_or_else(fresh_operation, Ok)?;
        let act = Act::new(actor_of(&found.person), stranger.at, operation);
        Ok(Principal::person(act, found).coming_from(door.from))
    }

    /// Opens a session for who logs in with an id and a password.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub fn open_session(&self, login: LoginBody, door: &Door) -> Result<SessionBody, Problem> {
        let shown = Shown::Password { id: login.id, password: login.password };
        let principal = self.enter(Ok(shown), door, None)?;
        self.session_of(&principal, door)
    }

    /// Opens a session for who has come in.
    pub(super) fn session_of(
        &self,
        principal: &Principal,
        door: &Door,
    ) -> Result<SessionBody, Problem> {
        let registered = principal.registered().zip(principal.basis());
        let (person, basis) = registered.ok_or_else(|| unproven("the system needs no session"))?;
        let token = crate::random::secret()?;
        let hash = sha256(token.expose().as_bytes());
        let session = Session {
            person: person.id.clone(),
            proof: principal.proof(),
            basis,
            from: one_loopback(door.from),
            opened: principal.at,
        };
        let at = principal.at;
        self.sessions.open(hash, session);
        let end = at.checked_add(SignedDuration::from_hours(domain::staff::SESSION_HOURS));
        Ok(SessionBody {
            person: person.id.to_string(),
            roles: person.roles.iter().map(ToString::to_string).collect(),
            token: token.expose().to_owned(),
            strong: principal.proof() == Proof::Strong,
            must_change_password: principal.proof() == Proof::ExpiredPassword,
            expires: end.map_err(|error| Problem::broke(&error))?.to_string(),
        })
    }

    /// Hands on what came of somebody nobody knows yet; a refusal is in the journal first.
    ///
    /// # Errors
    /// What was found; the database's.
    pub(crate) fn turn_away<T>(
        &self,
        door: &Door,
        found: Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.turned_away(&self.act(Actor::Anonymous, None)?, door, found)
    }

    /// Hands on whom `found` found; a refusal is in the journal first, or counted for it.
    pub(super) fn turned_away<T>(
        &self,
        stranger: &Act,
        door: &Door,
        found: Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Err(problem) = &found
            && problem.is_refusal()
        {
            let kind = Kind::new(EventKind::AccessRefused, door, (*problem.rule).clone());
            self.refuse_stranger(stranger, kind, door.from)?;
        }
        found
    }

    fn by_bearer(
        &self,
        sha256: &[u8; 32],
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Entrant, Problem> {
        if let Some(session) = self.sessions.find(sha256, now) {
            return self.by_session(session, from, now);
        }
        let row = self.store.credential(sha256)?.ok_or_else(|| unproven(NOBODYS))?;
        let proof = match row.kind {
            CredentialKind::ConsoleToken => {
                let bound = row.console.map(one_loopback);
                if bound != Some(one_loopback(from)) {
                    return Err(unproven("the token is bound to another console"));
                }
                Proof::Strong
            }
            CredentialKind::ProgramToken => Proof::Weak,
            CredentialKind::Enrolment => Proof::Enrolment(*sha256),
            CredentialKind::ClientCertificate
            | CredentialKind::Passkey
            | CredentialKind::Password => return Err(unproven(NOBODYS)),
        };
        self.owner(&row, proof, now)
    }

    /// A session ends with what it rested on, whichever process changed it: a suspension, other roles,
    /// a new password, the end of the credential that opened it; and it is good where it was opened.
    fn by_session(
        &self,
        session: Session,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Entrant, Problem> {
        const ENDED: &str = "the session has ended: log in again";
        let Session { person, proof, basis, opened, .. } = session;
        if session.from != one_loopback(from) {
            return Err(unproven("the session is bound to another address"));
        }
        let person = self.who_may_come_in(&person)?;
        let certificates = self.stands(&person.id, basis, now)?;
        match certificates.filter(|_| person.since <= opened) {
            Some(certificates) => Ok(Entrant { person, proof, basis, certificates }),
            None => Err(unproven(ENDED)),
        }
    }

    /// What somebody was let in by rests on these certificates, if it still lets them in.
    ///
    /// # Errors
    /// 401 where one of them is revoked or held; the database's.
    pub(super) fn stands(
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
                let row = self.store.credential(&sha256)?.filter(lasts);
                row.map(|row| self.credential_rests_on(&row, now)).transpose()
            }
            Basis::Password(set) => {
                let row = self.store.password(person)?.filter(|row| row.set == set);
                row.map(|_| self.rests_on(&Made::Password(person, set), now)).transpose()
            }
            Basis::Nothing => Ok(None),
        }
    }

    fn by_certificate(&self, der: Arc<[u8]>, now: Timestamp) -> Result<Entrant, Problem> {
        let row = self.store.credential(&sha256(&der))?;
        let row = row.filter(|row| row.kind == CredentialKind::ClientCertificate);
        let row = row.ok_or_else(|| unproven(NOBODYS))?;
        let shown = self.expect_in_force(der, now)?;
        let mut entrant = self.owner(&row, Proof::Strong, now)?;
        entrant.certificates.push(shown);
        Ok(entrant)
    }

    pub(super) fn owner(
        &self,
        row: &CredentialRow,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Entrant, Problem> {
        if row.expires.is_some_and(|expires| expires <= now) {
            return Err(unproven("the token, certificate or passkey has expired"));
        }
        let person = self.who_may_come_in(&row.person)?;
        let certificates = self.credential_rests_on(row, now)?;
        Ok(Entrant { person, proof, basis: Basis::Credential(row.sha256), certificates })
    }

    pub(super) fn who_may_come_in(&self, id: &ActorId) -> Result<PersonRow, Problem> {
        let person = self.store.person(id)?.filter(may_come_in);
        person.ok_or_else(|| unproven("whoever it belongs to may not act"))
    }
}

const NOBODYS: &str = "the token or certificate belongs to nobody";

/// Whether a person may act at all.
pub(super) fn may_come_in(person: &PersonRow) -> bool {
    person.state == PersonState::Active
}

/// The same console under all its loopback addresses.
pub(super) fn one_loopback(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    if address.is_loopback() { IpAddr::from([127, 0, 0, 1]) } else { address }
}

pub(crate) fn unproven(rule: impl Into<Rule>) -> Problem {
    Problem::new(Fault::Unauthenticated, rule)
}
