//! Who asks, by a bearer token or a client certificate, and whether they may, before anything else is
//! read.
//!
//! Nothing is open to somebody who did not prove who they are, and who may not do something is told
//! that and not what the form lacks. Every failed attempt is a journal entry, because it is evidence
//! (E1); it says by which door somebody tried, never with which
//! credential and never whose record was asked for.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use domain::id::OperationId;
use domain::rule;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use hyper::http::{HeaderMap, request};
use zeroize::Zeroizing;

use crate::api::{Api, Asking, no_such_method};
use crate::desk::permission::Operation;
use crate::desk::{Desk, Door, Principal, Shown, unproven};
use crate::origin;
use crate::peer::Peer;
use crate::problem::{Fault, Problem, parse_id};
use crate::wire::SecretText;

/// The header with the id of an operation, on requests and answers.
pub const OPERATION_ID: &str = "operation-id";

/// The scheme by which a console shows a password.
const BASIC: &str = "Basic ";

/// Octets of a token: those we give have 24.
const MAX_TOKEN: usize = 256;

/// Characters of an address that the journal keeps of a failed attempt.
const MAX_DOOR: usize = 100;

/// The door by which a request came, for its handler.
pub(crate) struct ThisDoor(pub(crate) Door);

impl<S: Sync> FromRequestParts<S> for ThisDoor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self(door(parts)))
    }
}

/// Lets a request pass with its [`Principal`]; or answers 401 or 403, after the journal has the
/// attempt.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // The unread body of a refusal makes the server close the connection, so nobody can fill it for
    // us.
    let (act, admitted) = match admit(&api, &parts).await {
        Ok(entered) => {
            note(&api, &parts, &entered.0);
            entered
        }
        Err(problem) => return unstored(problem.into_response()),
    };
    let operation = HeaderValue::from_str(act.operation.as_str());
    let answer = match admitted {
        Ok(()) => {
            let proven = Peer::of(&parts).and_then(|peer| peer.certificate.clone());
            parts.extensions.insert(act.having_proven(proven));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    };
    let mut response = unstored(answer);
    if let Ok(operation) = operation {
        response.headers_mut().insert(OPERATION_ID, operation);
    }
    response
}

/// Notes who came in over a connection and from where: it is no stranger's any more, but counts for them.
fn note(api: &Api, parts: &request::Parts, principal: &Principal) {
    let peer = Peer::of(parts).filter(|peer| !peer.is_console);
    let (Some(peer), Some(person)) = (peer, principal.id()) else { return };
    api.note_home(person, peer.address.ip());
    if let Some(place) = &peer.place {
        place.proven(person.as_str());
    }
}

/// Lets a request pass that is meant for this site and that no page of another sent.
pub(crate) async fn expect_ours(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match api.expect_ours(&parts).and_then(|()| origin::expect_own_page(&parts)) {
        // What stands before the guard is what the description says is open.
        Ok(()) if is_undescribed(&api, &parts) => unstored(no_such_method().into_response()),
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => {
            let turned = api.turned_away(Asking::of(&parts), door(&parts), problem);
            unstored(turned.await.into_response())
        }
    }
}

/// Whether a request stands at a route before the guard that the description does not open.
fn is_undescribed(api: &Api, parts: &request::Parts) -> bool {
    let path = parts.extensions.get::<MatchedPath>();
    path.is_some_and(|path| !api.is_open(&parts.method, path.as_str()))
}

/// No cache between here and the caller may keep an answer: most hold personal data.
fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who it is, and whether what they ask for is open to them.
pub(crate) async fn admit(
    api: &Api,
    parts: &request::Parts,
) -> Result<(Principal, Result<(), Problem>), Problem> {
    let shown = shown(parts);
    let given = operation_id(&parts.headers);
    let door = door(parts);
    let asked = asked(api, parts);
    let asking = Asking::of(parts);
    let look_up = move |desk: &Desk| {
        let shown = shown.and_then(|shown| given.map(|given| (shown, given)));
        let (shown, given) = shown.map_or_else(|problem| (Err(problem), None), |(s, g)| (Ok(s), g));
        let principal = desk.entrance().enter(shown, &door, given)?;
        let admitted = match asked {
            Asked::For(operation) => desk.ledger().admit(&principal, operation),
            Asked::Undescribed => Err(no_such_method()),
            Asked::Nowhere => Ok(()),
        };
        Ok((principal, admitted))
    };
    // Who has come in over this connection, or comes from where somebody did lately, does not wait behind
    // a crowd that tries to.
    let place = Peer::of(parts).and_then(|peer| peer.place.as_ref());
    match place.is_some_and(|place| place.is_known()) {
        true => api.look_up(asking, look_up).await,
        false => api.run_for_stranger(&asking, look_up).await,
    }
}

/// What is asked for.
enum Asked {
    /// An operation of the table of permissions.
    For(Operation),
    /// No route leads there, which whoever was let in is told.
    Nowhere,
    /// There is a route, of which nobody has said to whom it is open.
    Undescribed,
}

fn asked(api: &Api, parts: &request::Parts) -> Asked {
    match (api.asked_for(parts), parts.extensions.get::<MatchedPath>()) {
        (_, None) => Asked::Nowhere,
        (Some(operation), _) => Asked::For(operation),
        (None, Some(_)) => Asked::Undescribed,
    }
}

/// What is shown; a token goes before a certificate, so that who sends one is not somebody else. A
/// certificate is shown by the browser for whatever page asks: what it is to change something bears a
/// mark that no form of a page has.
fn shown(parts: &request::Parts) -> Result<Shown, Problem> {
    let peer = Peer::of(parts);
    if let Some(password) = peer.filter(|peer| peer.is_console).and_then(|_| password(parts)) {
        return Ok(password);
    }
    if let Some(token) = bearer(&parts.headers, AUTHORIZATION.as_str())? {
        return Ok(token);
    }
    let certificate = peer.and_then(|peer| peer.certificate.clone());
    let needed = || unproven("a bearer token or a client certificate is needed");
    let certificate = certificate.ok_or_else(needed)?;
    origin::expect_no_form(parts)?;
    Ok(Shown::Certificate(certificate))
}

/// An id with its password (RFC 7617), if that is what is shown.
fn password(parts: &request::Parts) -> Option<Shown> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let text = Zeroizing::new(Base64::decode_vec(value.strip_prefix(BASIC)?).ok()?);
    let (id, password) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some(Shown::Password { id: id.to_owned(), password: SecretText::new(password) })
}

/// The value of the header by which [`password`] is shown.
pub(crate) fn basic(id: &str, password: &SecretText) -> Zeroizing<String> {
    let text = Zeroizing::new(format!("{id}:{}", password.expose()));
    Zeroizing::new(format!("{BASIC}{}", Base64::encode_string(text.as_bytes())))
}

/// The token in the header `name`, if it is there.
fn bearer(headers: &HeaderMap, name: &'static str) -> Result<Option<Shown>, Problem> {
    let mut given = headers.get_all(name).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(unproven(rule!("{}: it is given twice", name))),
    };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.filter(|token| (1..=MAX_TOKEN).contains(&token.len()));
    let token = token.ok_or_else(|| unproven(rule!("{}: it is no bearer token", name)))?;
    Ok(Some(Shown::bearer(token)))
}

/// The door of a request, for the journal.
pub(crate) fn door(parts: &request::Parts) -> Door {
    if let Some(peer) = Peer::of(parts).filter(|peer| peer.is_console) {
        return Door { name: "command line".to_owned(), from: peer.address.ip() };
    }
    // A stranger's own address is none of our doors, and must not make as many kinds as they can type.
    let door = parts.extensions.get::<MatchedPath>().map(|path| plain_path(path.as_str()));
    let method = match parts.method {
        Method::GET | Method::POST => parts.method.as_str(),
        _ => "…",
    };
    let name = format!("{method} {}", door.as_deref().unwrap_or("/…"));
    let nowhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    Door { name, from: Peer::of(parts).map_or(nowhere, |peer| peer.address.ip()) }
}

fn operation_id(headers: &HeaderMap) -> Result<Option<OperationId>, Problem> {
    let mut given = headers.get_all(OPERATION_ID).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| given.next().is_none());
    let id = parse_id(OPERATION_ID, text.unwrap_or_default());
    id.map(Some).map_err(|problem| Problem { fault: Fault::Malformed, ..problem })
}

/// An address for the journal: what may name a person or hold rubbish is left out.
fn plain_path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || matches!(c, '-' | '.');
    let is_word = |part: &str| part.chars().all(plain) || part == "v1";
    let parts = path.split('/').map(|part| if is_word(part) { part } else { "…" });
    parts.collect::<Vec<_>>().join("/").chars().take(MAX_DOOR).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use domain::journal::EventKind;
    use domain::staff::{CredentialKind, PersonState, Role};
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use store::{Change, CredentialRow, Entry, PersonRow, Store, Unit};
    use testkit::{Clock, Scratch, act};
    use x509::digest::sha256;

    use super::*;
    use crate::api::HEALTH;

    /// Somebody of the registry, with a token.
    fn register(scratch: &Scratch, clock: &Clock) {
        let person: domain::id::ActorId = "staff".parse().expect("an id");
        let row = PersonRow {
            id: person.clone(),
            name: "見本".to_owned(),
            state: PersonState::Active,
            roles: vec![Role::SeniorOperator],
            municipality: None,
            proposal: None,
            since: clock.now(),
        };
        let credential = CredentialRow {
            sha256: sha256(b"token"),
            person,
            kind: CredentialKind::ProgramToken,
            console: None,
            passkey: None,
            made: clock.now(),
            expires: None,
            operation: None,
        };
        for change in [Change::AddPerson(row.into()), Change::AddCredential(credential.into())] {
            let entry = Entry::new(EventKind::StaffChanged, &act(clock));
            scratch.store.commit(Unit::new(entry).change(change)).expect("a commit");
        }
    }

    /// A route that somebody adds and describes nowhere is in no table, so it must be open to nobody.
    #[tokio::test]
    async fn w3_a_route_that_is_not_described_is_open_to_nobody() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        register(&scratch, &clock);
        let told = clock.clone();
        let desk = Desk::builder(
            scratch.store.clone(),
            BTreeMap::new(),
            Arc::default(),
            Arc::new(move || told.now()),
        );
        let api = Api::new(Arc::new(desk.hosts(["localhost".to_owned()]).build()));
        let routes = || {
            let described = Router::new().route(HEALTH, get(|| async { "in" }));
            let more = described.route("/api/v1/cas", get(|| async { "in" }));
            more.route("/api/v1/undescribed", get(|| async { "in" }))
        };
        let guarded = routes().layer(from_fn_with_state(api.clone(), guard));
        let open = routes().layer(from_fn_with_state(api, expect_ours));
        for (routes, path, status) in [
            (&guarded, "/api/v1/cas", 200),
            (&guarded, HEALTH, 405),
            (&guarded, "/api/v1/undescribed", 405),
            (&open, HEALTH, 200),
            (&open, "/api/v1/cas", 405),
            (&open, "/api/v1/undescribed", 405),
        ] {
            let request = Request::get(path).header("host", "localhost");
            let request = request.header("authorization", "Bearer token").body(Body::empty());
            let site = TowerToHyperService::new(routes.clone());
            let answer = site.call(request.expect("a request")).await.expect("an answer");
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}
