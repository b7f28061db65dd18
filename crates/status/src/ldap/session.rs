//! One client's session without sockets: a request comes in, answers come out.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::answer::{LdapAnswer, Next};
use super::decode::DecodeError;
use super::directory::{BindRefusal, Directory, Identity};
use super::dn::Dn;
use super::encode::{self, Outcome};
use super::message::{
    Authentication, BindRequest, Control, Message, Operation, Password, Request, ResultCode,
};
use super::paging::{PAGED_RESULTS, PagedSearches};
use super::query_log::{Asked, LogUnavailable, Query, QueryLog};
use super::root::{START_TLS, WHO_AM_I};
use super::settings::{ClearPasswords, Settings};
use crate::verifier_auth::Attempt;

/// What tells the time.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// What all sessions of a server share.
pub struct Service {
    /// The entries and the verifiers.
    pub directory: Arc<dyn Directory>,
    /// The record of what was asked.
    pub log: Arc<dyn QueryLog>,
    /// The time.
    pub clock: Arc<Clock>,
    /// Limits and rules.
    pub settings: Settings,
    /// Whether TLS can be started.
    pub start_tls: bool,
}

/// A session: who the client is, and what it has not finished reading.
pub struct Session {
    pub(super) service: Arc<Service>,
    pub(super) peer: SocketAddr,
    pub(super) identity: Identity,
    pub(super) paged: PagedSearches,
    encrypted: bool,
    failed_binds: u32,
}

impl Session {
    /// A session that begins anonymous; `encrypted` when TLS came first.
    pub fn new(service: Arc<Service>, peer: SocketAddr, encrypted: bool) -> Self {
        let (identity, paged) = (Identity::Anonymous, PagedSearches::default());
        Self { service, peer, identity, paged, encrypted, failed_binds: 0 }
    }

    /// Who the client is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Tells the session that the TLS it agreed to is in force.
    pub fn tls_established(&mut self) {
        self.encrypted = true;
    }

    /// Answers one request. It is recorded before this returns; large values are read as the
    /// answer is taken.
    pub fn handle(&mut self, message: Message) -> LdapAnswer {
        let Message { id, request, controls } = message;
        if let Some(operation) = operation_of(&request)
            && let Some(outcome) = unserved_control(operation, &controls)
        {
            let outcome = self.recorded(Asked::Refused(operation), outcome);
            return LdapAnswer::one(encode::result(id, operation, &outcome));
        }
        match request {
            Request::Bind(bind) => self.bind(id, bind),
            Request::Unbind => LdapAnswer::nothing().then(Next::Close),
            // Operations are finished in order, so there is never one left to abandon (RFC 4511 section 4.11).
            Request::Abandon(_) => LdapAnswer::nothing(),
            Request::Search(search) => self.search(id, &search, &controls),
            Request::Compare(compare) => self.compare(id, compare),
            Request::Extended { name, has_value } => self.extended(id, name, has_value),
            Request::Write(operation) => {
                let words = "this directory is read only: it shows what the certification authorities published";
                self.refuse(id, operation, Outcome::new(ResultCode::UnwillingToPerform, words))
            }
            Request::Refused { operation, code, reason } => {
                self.refuse(id, operation, Outcome::new(code, reason))
            }
        }
    }

    /// Ends the session over octets that are no request (RFC 4511 section 4.1.1).
    pub fn malformed(&mut self, error: &DecodeError) -> LdapAnswer {
        let outcome = Outcome::new(ResultCode::ProtocolError, error.to_string());
        let outcome = self.recorded(Asked::Malformed(error.to_string()), outcome);
        LdapAnswer::one(encode::notice_of_disconnection(&outcome)).then(Next::Close)
    }

    /// Tells that there was no place for an operation, or ends the session where there is nothing to tell.
    pub(super) fn busy(&self, asked: Option<(u32, Operation)>) -> LdapAnswer {
        let Some((id, operation)) = asked else { return LdapAnswer::nothing().then(Next::Close) };
        self.refuse(
            id,
            operation,
            Outcome::new(ResultCode::Busy, "too many ask; try again shortly"),
        )
    }

    fn refuse(&self, id: u32, operation: Operation, outcome: Outcome) -> LdapAnswer {
        let outcome = self.recorded(Asked::Refused(operation), outcome);
        LdapAnswer::one(encode::result(id, operation, &outcome))
    }

    /// Records a result and returns it, or `unavailable` when it cannot be recorded.
    pub(super) fn recorded(&self, asked: Asked, outcome: Outcome) -> Outcome {
        let query = Query {
            at: (self.service.clock)(),
            peer: self.peer,
            identity: self.identity.clone(),
            asked,
            result: outcome.code,
        };
        self.service.recorded(&query, outcome)
    }

    /// A bind, whatever its result, ends what the former identity was allowed (RFC 4511 section 4.2.1).
    fn bind(&mut self, id: u32, bind: BindRequest) -> LdapAnswer {
        self.paged.clear();
        self.identity = Identity::Anonymous;
        let outcome = match self.authenticate(&bind) {
            Ok(identity) => {
                self.identity = identity;
                Outcome::success()
            }
            Err(outcome) => outcome,
        };
        let outcome = self.recorded(Asked::Bind { name: bind.name }, outcome);
        if outcome.code != ResultCode::Success {
            self.identity = Identity::Anonymous;
        }
        let response = encode::result(id, Operation::Bind, &outcome);
        if outcome.code == ResultCode::InvalidCredentials {
            self.failed_binds += 1;
        }
        if self.failed_binds >= self.service.settings.limits.failed_binds {
            return LdapAnswer::one(response).then(Next::Close);
        }
        LdapAnswer::one(response)
    }

    fn authenticate(&self, bind: &BindRequest) -> Result<Identity, Outcome> {
        if bind.version != 3 {
            return Err(Outcome::new(ResultCode::ProtocolError, "only LDAP version 3 is served"));
        }
        let password = match &bind.authentication {
            Authentication::Simple(Password(password)) => password,
            Authentication::Sasl(mechanism) => {
                let words =
                    format!("SASL mechanism {mechanism:?} is not served; bind with a password");
                return Err(Outcome::new(ResultCode::AuthMethodNotSupported, words));
            }
        };
        if bind.name.is_empty() && password.is_empty() {
            return Ok(Identity::Anonymous);
        }
        let name = named(&bind.name)?;
        if password.is_empty() {
            // A client that forgot to ask for the password must not believe it was checked (RFC 4513 section 5.1.2).
            let words = "a name without a password is not authenticated; bind anonymously instead";
            return Err(Outcome::new(ResultCode::UnwillingToPerform, words));
        }
        if !self.encrypted && self.service.settings.clear_passwords == ClearPasswords::Refused {
            let words = "passwords are only accepted over TLS; use StartTLS or ldaps";
            return Err(Outcome::new(ResultCode::ConfidentialityRequired, words));
        }
        self.check_password(&name, password)
    }

    fn check_password(&self, name: &Dn, password: &[u8]) -> Result<Identity, Outcome> {
        if name.is_root() {
            return Err(Outcome::new(ResultCode::InvalidCredentials, ""));
        }
        let attempt = Attempt { from: self.peer.ip(), at: (self.service.clock)() };
        let directory = &self.service.directory;
        directory.authenticate(name, password, attempt).map_err(|refusal| match refusal {
            BindRefusal::InvalidCredentials => Outcome::new(ResultCode::InvalidCredentials, ""),
            BindRefusal::Busy => Outcome::new(ResultCode::Busy, refusal.to_string()),
            BindRefusal::Unavailable(_) => unavailable(&refusal),
        })
    }

    fn extended(&mut self, id: u32, name: String, has_value: bool) -> LdapAnswer {
        let (outcome, value) = match name.as_str() {
            START_TLS if self.service.start_tls => (self.may_start_tls(has_value), None),
            WHO_AM_I if !has_value => (Outcome::success(), Some(self.identity.to_string())),
            WHO_AM_I => {
                (Outcome::new(ResultCode::ProtocolError, "this operation takes no value"), None)
            }
            _ => (
                Outcome::new(ResultCode::ProtocolError, "this extended operation is not served"),
                None,
            ),
        };
        let outcome = self.recorded(Asked::Extended(name.clone()), outcome);
        let done = outcome.code == ResultCode::Success;
        let response_name = (name == START_TLS).then_some(START_TLS);
        let response =
            encode::extended(id, &outcome, response_name, value.as_deref().filter(|_| done));
        if done && name == START_TLS {
            return LdapAnswer::one(response).then(Next::StartTls);
        }
        LdapAnswer::one(response)
    }

    fn may_start_tls(&self, has_value: bool) -> Outcome {
        if has_value {
            return Outcome::new(ResultCode::ProtocolError, "StartTLS takes no value");
        }
        if self.encrypted {
            return Outcome::new(ResultCode::OperationsError, "TLS is already in force");
        }
        Outcome::success()
    }
}

impl Service {
    /// Keeps the record, or turns the result into `unavailable`.
    pub(super) fn recorded(&self, query: &Query, outcome: Outcome) -> Outcome {
        self.log.record(query).map_or_else(|failure| unrecorded(&failure), |()| outcome)
    }
}

/// The result for a fault of ours; the words go to the program's log.
pub(super) fn unavailable(fault: &dyn std::error::Error) -> Outcome {
    tracing::error!(fault = %fault, "an LDAP operation could not be answered");
    not_now()
}

fn unrecorded(failure: &LogUnavailable) -> Outcome {
    if failure.is_fault() { unavailable(failure) } else { not_now() }
}

fn not_now() -> Outcome {
    Outcome::new(ResultCode::Unavailable, "the directory cannot answer now")
}

/// Reads a name of a request.
pub(super) fn named(name: &str) -> Result<Dn, Outcome> {
    name.parse().map_err(|error: super::dn::InvalidDn| {
        Outcome::new(ResultCode::InvalidDnSyntax, error.to_string())
    })
}

/// The operation that a request is for; none for those that are not answered.
pub(super) fn operation_of(request: &Request) -> Option<Operation> {
    Some(match request {
        Request::Bind(_) => Operation::Bind,
        Request::Search(_) => Operation::Search,
        Request::Compare(_) => Operation::Compare,
        Request::Extended { .. } => Operation::Extended,
        Request::Write(operation) | Request::Refused { operation, .. } => *operation,
        Request::Unbind | Request::Abandon(_) => return None,
    })
}

/// RFC 4511 section 4.1.11: a critical control that is unknown or out of place stops the operation.
fn unserved_control(operation: Operation, controls: &[Control]) -> Option<Outcome> {
    let served = |control: &Control| control.oid == PAGED_RESULTS && operation == Operation::Search;
    let control = controls.iter().find(|control| control.critical && !served(control))?;
    let words = format!("control {:?} is not served for this operation", control.oid);
    Some(Outcome::new(ResultCode::UnavailableCriticalExtension, words))
}
