//! One HTTP request: read within bounds, handed to its part, answered.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use domain::hexadecimal::hex;
use domain::id::VerifierId;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH,
};
use hyper::http::request;
use hyper::{Request, Response};
use tokio::time::timeout;
use x509::digest::sha256;
use x509::ocsp::request::MAX_REQUEST_LENGTH;

use super::condition::Conditions;
use super::encoded::decoded;
use super::host;
use super::reply::{OCSP_RESPONSE, Reply, http_date, ocsp_response};
use super::repository::{Fetch, Repository};
use super::route::{Parts, Route};
use super::server::{Clock, Questions, Shared};
use crate::askers::Shown;
use crate::ocsp::{Freshness, Heard, OcspAnswer, Responder};
use crate::room::Place;
use crate::subscriber::Asker;
use crate::unsent::{TooMuch, held};

/// The answers to one client.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) encrypted: bool,
    pub(super) place: Arc<Place>,
}

/// Why a body was not read.
enum Unread {
    TooLong,
    TooSlow,
    Broken,
}

impl Endpoint {
    /// Answers a request; whatever happens, there is an answer.
    pub(super) async fn respond(self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.place.asked();
        let (head, body) = request.into_parts();
        if let Err(fault) = host::expect_one(head.version, &head.headers) {
            return Reply::words(400, &format!("host: {}", fault.rule())).into_response();
        }
        let services = &self.shared.services;
        let parts =
            Parts { ocsp: services.ocsp.is_some(), repository: services.repository.is_some() };
        let route = parts.route(&head.method, head.uri.path());
        match (route, &services.ocsp, &services.repository) {
            (Route::OcspBody, Some(responder), _) => self.posted(responder, &head, body).await,
            (Route::OcspPath(encoded), Some(responder), _) => {
                self.addressed(responder, &head, encoded).await.into_response()
            }
            (Route::Repository, _, Some(repository)) => self.fetched(repository, &head).await,
            (Route::WrongMethod(allowed), ..) => {
                Reply::words(405, "not by this method").header("allow", allowed).into_response()
            }
            _ => Reply::words(404, "nothing is published here").into_response(),
        }
    }

    async fn posted(
        &self,
        responder: &Responder,
        head: &request::Parts,
        body: Incoming,
    ) -> Response<Full<Bytes>> {
        if !is_ocsp_request(&head.headers) {
            let words = "an OCSP request has the type application/ocsp-request";
            return Reply::words(415, words).into_response();
        }
        if head.headers.contains_key(IF_MATCH) {
            // Nothing is there to be changed or replaced by it (RFC 9110 13.1.1); the other conditions hold
            // of nothing, or are none of a POST's.
            return Reply::condition_failed().into_response();
        }
        let answer = match self.read(body).await {
            Ok(der) => self.asked(responder, &der).await,
            Err(Unread::TooLong) => responder.refuse_oversized(self.peer, (self.shared.clock)()),
            Err(Unread::TooSlow) => {
                let reply = Reply::words(408, "the request took too long");
                return reply.header("connection", "close").into_response();
            }
            Err(Unread::Broken) => {
                return Reply::words(400, "the request broke off").into_response();
            }
        };
        uncached(answer)
    }

    /// Has the responder answer, at a place of whoever asks: a verifier stands behind as many signatures as
    /// there are places of strangers and of other verifiers, and not behind all who are in line for them.
    async fn asked(&self, responder: &Responder, der: &[u8]) -> OcspAnswer {
        let clock = &*self.shared.clock;
        let heard = {
            let _at_work = self.place.at_work();
            let now = clock();
            if let Some(answer) = responder.again(der, self.peer, now) {
                return answer;
            }
            let heard = responder.hear(der, self.peer, now);
            if let Some(id) = heard.id() {
                self.place.proven(id.as_str());
            }
            if let Some(answer) = responder.repeat(&heard, now) {
                return answer;
            }
            heard
        };
        let mut cut = Cut { responder, clock, heard: Some(heard.unanswered()) };
        let Questions { open, verifiers } = &self.shared.questions;
        let entered = match heard.id() {
            Some(id) => verifiers.enter(Asker::known(id.as_str())).await,
            None => open.enter(Asker::at(self.peer.ip())).await,
        };
        if entered.is_some() {
            // On one thread, whoever came in with it gets in line, or is answered, before the work is done.
            tokio::task::yield_now().await;
        }
        cut.heard = None;
        let _at_work = self.place.at_work();
        match entered {
            Some(_entered) => responder.answer_to(heard, clock()),
            None => responder.refuse_crowded(heard, clock()),
        }
    }

    /// RFC 6960 A.1: the request in the address.
    async fn addressed(
        &self,
        responder: &Responder,
        head: &request::Parts,
        encoded: &str,
    ) -> Reply {
        // What cannot be decoded is no request; the responder says so and records it.
        let der = decoded(encoded).unwrap_or_default();
        let answer = self.asked(responder, &der).await;
        let now = (self.shared.clock)();
        let reply = match answer.freshness {
            Some(freshness) => cacheable(answer.bytes, freshness, now),
            None => {
                Reply::new(200, OCSP_RESPONSE, answer.bytes).header("cache-control", "no-store")
            }
        };
        reply.under(&Conditions::of(&head.headers), now)
    }

    async fn fetched(
        &self,
        repository: &Arc<Repository>,
        head: &request::Parts,
    ) -> Response<Full<Bytes>> {
        let said = head.uri.authority().map(|authority| authority.as_str());
        if !repository.is_asked(said.or(host::given(&head.headers).ok().flatten())) {
            return Reply::words(421, "host: this server is another one").into_response();
        }
        let fetch = Fetch {
            path: head.uri.path().to_owned(),
            authorization: text(&head.headers, AUTHORIZATION),
            conditions: Conditions::of(&head.headers),
            peer: self.peer,
            encrypted: self.encrypted,
            now: (self.shared.clock)(),
        };
        let shown = match fetch.authorization {
            Some(_) => Shown::Password,
            None => Shown::Nothing,
        };
        let (from, is_known) = (self.peer.ip(), self.place.is_known());
        let Some(entered) = self.shared.askers.enter(from, shown, is_known).await else {
            let reply = Reply::words(503, "too many ask; try again shortly");
            return reply.header("retry-after", "5").into_response();
        };
        let _at_work = self.place.at_work();
        let repository = Arc::clone(repository);
        let answer = move || {
            // Until it is made, even where nobody waits for it any more.
            let _entered = entered;
            repository.answer_to(&fetch)
        };
        match tokio::task::spawn_blocking(answer).await {
            Ok((reply, verifier)) => self.until_sent(reply, verifier.as_ref()).await,
            Err(fault) => Reply::unavailable(&fault),
        }
        .into_response()
    }

    /// The reply, which keeps a share of whoever asked until it is sent.
    async fn until_sent(&self, reply: Reply, verifier: Option<&VerifierId>) -> Reply {
        if let Some(id) = verifier {
            self.place.proven(id.as_str());
        }
        match self.shared.unsent.share(reply.body.len(), verifier, self.peer.ip()).await {
            Ok(share) => Reply { body: held(reply.body, share), ..reply },
            Err(TooMuch) => {
                let reply = Reply::words(503, "take what was asked for before; try again then");
                reply.header("retry-after", "5")
            }
        }
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Unread> {
        if body.size_hint().lower() > MAX_REQUEST_LENGTH as u64 {
            return Err(Unread::TooLong);
        }
        let collecting = Limited::new(body, MAX_REQUEST_LENGTH).collect();
        match timeout(self.shared.limits.body, collecting).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLong),
            Ok(Err(_)) => Err(Unread::Broken),
            Err(_) => Err(Unread::TooSlow),
        }
    }
}

/// A question that waits for its place. Cut off there it is refused, and has its record: what a verifier
/// signed is remembered by that after this process too.
struct Cut<'a> {
    responder: &'a Responder,
    clock: &'a Clock,
    heard: Option<Heard>,
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        if let Some(heard) = self.heard.take() {
            self.responder.answer_to(heard, (self.clock)());
        }
    }
}

/// Nobody between here and the client may keep the answer: the state may change at once.
fn uncached(answer: OcspAnswer) -> Response<Full<Bytes>> {
    let mut response = ocsp_response(answer.bytes);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// RFC 9919 7.2: caches may repeat it until nextUpdate.
fn cacheable(body: Bytes, freshness: Freshness, now: jiff::Timestamp) -> Reply {
    let left = freshness.next_update.duration_since(now).as_secs().max(0);
    let etag = format!("\"{}\"", hex(&sha256(&body)));
    Reply::new(200, OCSP_RESPONSE, body)
        .header("last-modified", http_date(freshness.produced_at))
        .header("expires", http_date(freshness.next_update))
        .header("etag", etag)
        .header("cache-control", format!("max-age={left}, public, no-transform, must-revalidate"))
}

fn is_ocsp_request(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/ocsp-request")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
