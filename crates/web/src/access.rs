//! Who asks: a bearer token or a pinned client certificate, before anything else is read.
//!
//! Nothing is open to somebody who did not prove who they are. Every failed attempt is a journal
//! entry, because it is evidence (E1); it says by which door somebody tried, never with which
//! credential and never whose record was asked for.

use std::net::SocketAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::act::{Act, Actor};
use domain::id::OperationId;
use domain::journal::EventKind;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use hyper::http::{HeaderMap, request};
use store::{Credential, Entry, OperatorRow, Unit};
use x509::fingerprint::sha256;

use crate::api::Api;
use crate::desk::Desk;
use crate::problem::{Fault, Problem, parse_id};

/// The header with the id of an operation, on requests and answers.
pub const OPERATION_ID: &str = "operation-id";

/// The header in which the second person of an operation shows their own bearer token, as the first
/// does in `Authorization`.
pub const APPROVER_AUTHORIZATION: &str = "approver-authorization";

/// Octets of a token: those we give have 24.
const MAX_TOKEN: usize = 256;

/// Characters of an address that the journal keeps of a failed attempt.
const MAX_DOOR: usize = 100;

/// The other end of a connection, as the accept loop knows it.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// SHA-256 of the client certificate whose key it has proven to hold.
    pub certificate: Option<[u8; 32]>,
}

/// Lets a request pass with its [`Act`], or answers 401 after the journal has the attempt.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let act = match admit(&api, &parts).await {
        Ok(act) => act,
        // The unread body makes the server close the connection, so nobody can fill it for us.
        Err(problem) => return unstored(problem.into_response()),
    };
    let operation = HeaderValue::from_str(act.operation.as_str());
    parts.extensions.insert(act);
    let mut response = unstored(next.run(Request::from_parts(parts, body)).await);
    if let Ok(operation) = operation {
        response.headers_mut().insert(OPERATION_ID, operation);
    }
    response
}

/// No cache between here and the caller may keep an answer: most hold personal data.
fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn admit(api: &Api, parts: &request::Parts) -> Result<Act, Problem> {
    let peer = parts.extensions.get::<Peer>().copied();
    let credential = credential(&parts.headers, peer);
    let operation = operation_id(&parts.headers);
    let door = format!("{} {}", parts.method, door(parts.uri.path()));
    api.run(move |desk| {
        let proven = credential.and_then(|credential| actor(desk, &credential));
        match proven {
            Ok(actor) => desk.act(actor, operation?),
            Err(problem) if problem.is_refusal() => {
                let act = desk.act(Actor::Anonymous, None)?;
                let entry = Entry::new(EventKind::AccessRefused, &act).subject(door);
                let entry = match peer {
                    Some(peer) => entry.detail("peer", peer.address.ip()),
                    None => entry,
                };
                desk.store().commit(Unit::new(entry.refused(&problem.detail)))?;
                Err(problem)
            }
            Err(failure) => Err(failure),
        }
    })
    .await
}

/// What is shown; a token goes before a certificate, so that who sends one is not somebody else.
fn credential(headers: &HeaderMap, peer: Option<Peer>) -> Result<Credential, Problem> {
    if let Some(token) = bearer(headers, AUTHORIZATION.as_str())? {
        return Ok(token);
    }
    let certificate = peer.and_then(|peer| peer.certificate);
    let certificate =
        certificate.ok_or_else(|| unproven("a bearer token or a client certificate is needed"))?;
    Ok(Credential::CertificateSha256(certificate))
}

/// The token in the header `name`, if it is there.
fn bearer(headers: &HeaderMap, name: &str) -> Result<Option<Credential>, Problem> {
    let mut given = headers.get_all(name).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(unproven(&format!("{name}: it is given twice"))),
    };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.filter(|token| (1..=MAX_TOKEN).contains(&token.len()));
    let token = token.ok_or_else(|| unproven(&format!("{name}: it is no bearer token")))?;
    Ok(Some(Credential::TokenSha256(sha256(token.as_bytes()))))
}

/// What the second person shows: their name in the first one's mouth proves nothing.
pub(crate) struct Approval(Option<Credential>);

impl<S: Sync> FromRequestParts<S> for Approval {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self, Problem> {
        let unread = |problem: Problem| Problem { fault: Fault::Malformed, ..problem };
        bearer(&parts.headers, APPROVER_AUTHORIZATION).map(Self).map_err(unread)
    }
}

impl Approval {
    /// Whether `person` showed it.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn is_of(&self, desk: &Desk, person: &str) -> Result<bool, Problem> {
        let Some(credential) = &self.0 else { return Ok(false) };
        let shown = desk.store().operator_by_credential(credential)?;
        Ok(shown.is_some_and(|operator| operator.id.as_str() == person))
    }
}

fn actor(desk: &Desk, credential: &Credential) -> Result<Actor, Problem> {
    match desk.store().operator_by_credential(credential)? {
        Some(operator) => actor_of(operator),
        None => Err(unproven("the token or certificate belongs to nobody")),
    }
}

/// As whom an operator acts.
pub(crate) fn actor_of(operator: OperatorRow) -> Result<Actor, Problem> {
    let OperatorRow { id, municipality, role, .. } = operator;
    match (municipality, role.as_str()) {
        (Some(municipality), _) => Ok(Actor::WindowClerk { id, municipality }),
        (None, "call-centre") => Ok(Actor::CallCentreAgent(id)),
        // Without its window a clerk would count as staff, who may do what no clerk may.
        (None, "clerk") => Err(unproven("the clerk is registered without a municipality")),
        (None, _) => Ok(Actor::Staff(id)),
    }
}

fn unproven(detail: &str) -> Problem {
    Problem::new(Fault::Unauthenticated, detail)
}

fn operation_id(headers: &HeaderMap) -> Result<Option<OperationId>, Problem> {
    let mut given = headers.get_all(OPERATION_ID).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| given.next().is_none());
    let id = parse_id(OPERATION_ID, text.unwrap_or_default());
    id.map(Some).map_err(|problem| Problem { fault: Fault::Malformed, ..problem })
}

/// An address for the journal: what may name a person or hold rubbish is left out.
fn door(path: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || matches!(c, '-' | '.');
    let is_word = |part: &str| part.chars().all(plain) || part == "v1";
    let parts = path.split('/').map(|part| if is_word(part) { part } else { "…" });
    parts.collect::<Vec<_>>().join("/").chars().take(MAX_DOOR).collect()
}
