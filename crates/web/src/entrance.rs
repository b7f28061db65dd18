//! The entrance: whoever asks is authenticated here. It is the only way to make a principal of somebody in the
//! registry.

mod by_passkey;
mod by_password;
pub(crate) mod challenges;
pub(crate) mod client_certificates;
pub(crate) mod door;
pub(crate) mod evenly;
pub(crate) mod foreign_issuers;
pub(crate) mod grounds;
pub(crate) mod password;
pub(crate) mod principal;
pub(crate) mod refusals;
pub(crate) mod registry;
pub(crate) mod resting;
pub(crate) mod sessions;

use std::net::IpAddr;
use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::id::{ActorId, OperationId};
use domain::journal::EventKind;
use domain::staff::CredentialKind;
use jiff::{SignedDuration, Timestamp};
use status::known::Known;
use store::reads::ReadPeople;
use x509::digest::sha256;

use self::challenges::Challenges;
use self::client_certificates::ClientCertificates;
use self::door::{Door, one_loopback, unproven};
use self::grounds::Grounds;
use self::password::Passwords;
use self::principal::{Entrant, Principal, Proof, actor_of};
use self::refusals::{Kind, Refusals};
use self::registry::Registry;
use self::sessions::{Session, Sessions};
use crate::acts::{Clock, act_now, fresh_operation};
use crate::ledger::Ledger;
use crate::origin::Hosts;
use crate::problem::Problem;
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

/// Who comes in: by what they show, by a session, and what is counted of strangers. It reads people, what lets
/// them in and certificates; it has no CA, no window and no key.
pub struct Entrance {
    clock: Clock,
    people: Arc<dyn ReadPeople>,
    ledger: Ledger,
    registry: Arc<Registry>,
    grounds: Arc<Grounds>,
    client_certificates: Arc<ClientCertificates>,
    refusals: Arc<Refusals>,
    passwords: Passwords,
    challenges: Challenges,
    sessions: Arc<Sessions>,
    homes: Known<ActorId>,
    hosts: Hosts,
}

/// What an entrance is built on.
pub(crate) struct Below {
    pub(crate) ledger: Ledger,
    pub(crate) registry: Arc<Registry>,
    pub(crate) grounds: Arc<Grounds>,
    pub(crate) client_certificates: Arc<ClientCertificates>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) sessions: Arc<Sessions>,
}

impl Entrance {
    /// An entrance under these hosts, nobody in yet.
    pub(crate) fn new(
        clock: Clock,
        people: Arc<dyn ReadPeople>,
        below: &Below,
        hosts: Hosts,
    ) -> Self {
        Self {
            clock,
            ledger: below.ledger.clone(),
            registry: below.registry.clone(),
            grounds: below.grounds.clone(),
            client_certificates: below.client_certificates.clone(),
            refusals: below.refusals.clone(),
            passwords: Passwords::new(people.clone(), &below.ledger),
            people,
            challenges: Challenges::default(),
            sessions: below.sessions.clone(),
            homes: Known::default(),
            hosts,
        }
    }

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
        let stranger = self.stranger()?;
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
    fn session_of(&self, principal: &Principal, door: &Door) -> Result<SessionBody, Problem> {
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
            roles: person.roles.iter().copied().map(Into::into).collect(),
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
        self.turned_away(&self.stranger()?, door, found)
    }

    /// Hands on whom `found` found; a refusal is in the journal first, or counted for it.
    fn turned_away<T>(
        &self,
        stranger: &Act,
        door: &Door,
        found: Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Err(problem) = &found
            && problem.is_refusal()
        {
            let kind = Kind::new(EventKind::AccessRefused, door, (*problem.rule).clone());
            self.refusals.refuse(stranger, kind, door.from)?;
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
        let row = self.people.credential(sha256)?.ok_or_else(|| unproven(NOBODYS))?;
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
        self.registry.owner(&row, proof, now)
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
        let person = self.registry.who_may_come_in(&person)?;
        let certificates = self.registry.stands(&person.id, basis, now)?;
        match certificates.filter(|_| person.since <= opened) {
            Some(certificates) => Ok(Entrant { person, proof, basis, certificates }),
            None => Err(unproven(ENDED)),
        }
    }

    fn by_certificate(&self, der: Arc<[u8]>, now: Timestamp) -> Result<Entrant, Problem> {
        let row = self.people.credential(&sha256(&der))?;
        let row = row.filter(|row| row.kind == CredentialKind::ClientCertificate);
        let row = row.ok_or_else(|| unproven(NOBODYS))?;
        let shown = self.client_certificates.expect_in_force(der, now)?;
        let mut entrant = self.registry.owner(&row, Proof::Strong, now)?;
        entrant.certificates.push(shown);
        Ok(entrant)
    }

    /// Notes that a person proved at an address who they are.
    pub(crate) fn note_home(&self, person: &ActorId, address: IpAddr) {
        self.homes.note(person, address, self.now());
    }

    /// Whether anybody of the registry came in lately from an address.
    pub fn knows(&self, address: IpAddr) -> bool {
        self.homes.has(address, self.now())
    }

    /// The hosts under which it is asked.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The host to which passkeys belong.
    ///
    /// # Errors
    /// 422 where there is none.
    pub(crate) fn host(&self) -> Result<&str, Problem> {
        let rule = "this desk has no host name that passkeys could belong to";
        self.hosts.first().ok_or_else(|| Problem::refused("passkey", rule))
    }

    /// The refusals of strangers.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The open sessions.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The challenges for passkeys.
    pub(crate) fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    /// The passwords, as they are tried.
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The act of somebody nobody knows yet.
    fn stranger(&self) -> Result<Act, Problem> {
        act_now(&self.clock, Actor::Anonymous, None)
    }
}

const NOBODYS: &str = "the token or certificate belongs to nobody";
