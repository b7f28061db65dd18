//! Answers that are made and not sent: each is whole in memory until its client takes it, or takes a thread.
//!
//! The place where an answer was made is free for others once it is made, whoever reads how slowly. So
//! that nobody makes one large answer after the other and takes none, whoever asked has a share of those
//! that are not sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::http::request::Parts;
use status::crowd::{Crowd, Entered};

use crate::peer::{Peer, Taken};
use crate::problem::Problem;

/// Large answers that one person may have in the making or unsent: a browser that loads a few pages over
/// a slow line. Each is a few megabytes.
const EACH: usize = 4;

/// How long somebody waits until one of their own is sent.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The shares of people.
pub(super) fn shares() -> Crowd {
    Crowd::of_shares(EACH, TIMEOUT)
}

/// Where a handler leaves the share that its answer takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsent(Arc<Mutex<Option<Entered>>>);

impl Unsent {
    /// Of a request.
    pub(super) fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    /// Has the answer keep this until it is sent.
    pub(super) fn keep(&self, share: Entered) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(share);
    }

    fn take(&self) -> Option<Entered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The octets of an answer, which go with the last of them that is sent.
struct Held {
    octets: Bytes,
    _share: Entered,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

/// Has an answer keep its share until it is sent.
pub(super) async fn until_sent(mut request: Request, next: Next) -> Response {
    let unsent = Unsent::default();
    let place = request.extensions().get::<Peer>().and_then(|peer| peer.place.clone());
    let taken = request.extensions().get::<Taken>().cloned().unwrap_or_default();
    request.extensions_mut().insert(unsent.clone());
    let response = next.run(request).await;
    let Some(share) = unsent.take() else { return response };
    let (head, body) = response.into_parts();
    if body.size_hint().exact().is_none() {
        // It is made while it is sent, and the share goes with it. Who takes it is not idle.
        let keeping = body.map_frame(move |frame| {
            let _share = &share;
            taken.note();
            if let Some(place) = &place {
                place.asked();
            }
            frame
        });
        return Response::from_parts(head, Body::new(keeping));
    }
    // It is whole in memory already.
    match to_bytes(body, usize::MAX).await {
        Ok(octets) => {
            let octets = Bytes::from_owner(Held { octets, _share: share });
            Response::from_parts(head, Body::from(octets))
        }
        Err(error) => Problem::broke(&error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;

    use axum::routing::get;
    use axum::{Router, middleware};
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use testkit::{Clock, Scratch};

    use super::*;
    use crate::api::Api;
    use crate::api::places::{Places, Served};
    use crate::desk::Desk;
    use crate::desk::journal::ExportForm;
    use crate::operation::{Answer, Streamed};

    fn api(scratch: &Scratch) -> Api {
        let clock = Clock::at("2026-11-22T03:00:00Z");
        let clock = Arc::new(move || clock.now());
        let desk = Desk::builder(scratch.store.clone(), BTreeMap::new(), Arc::default(), clock);
        Api::new(Arc::new(desk.build()))
    }

    /// A page of the journal, and an operation, for whoever asks.
    fn site(scratch: &Scratch) -> TowerToHyperService<Router> {
        let api = api(scratch);
        let unsent = Crowd::of_shares(EACH, Duration::ZERO);
        let api = Api { places: Places { unsent, ..api.places.clone() }, ..api };
        let answer = |served: Served| async move { served.run(|_| Ok("a page")).await };
        let router = Router::new()
            .route("/api/v1/journal", get(answer))
            .route("/api/v1/cas", get(answer))
            .layer(middleware::from_fn(until_sent))
            .with_state(api);
        TowerToHyperService::new(router)
    }

    async fn ask(site: &TowerToHyperService<Router>, from: u8, path: &str) -> Response {
        let address = SocketAddr::from(([192, 0, 2, from], 40_000));
        let request = Request::get(path)
            .extension(Peer { address, certificate: None, place: None, is_console: false })
            .body(Body::empty());
        site.call(request.expect("a request")).await.expect("an answer")
    }

    /// One after the other, a person could once have as many pages in memory as a quarter of the API's
    /// connections, and take none of them.
    #[tokio::test]
    async fn v6_who_takes_no_answer_gets_no_more_and_keeps_nobody_else_from_theirs() {
        let scratch = Scratch::new();
        let site = site(&scratch);
        let mut pages = Vec::new();
        for _ in 0..EACH {
            pages.push(ask(&site, 1, "/api/v1/journal").await);
        }
        assert!(pages.iter().all(|page| page.status() == 200));
        assert_eq!(ask(&site, 1, "/api/v1/journal").await.status(), 503);
        assert_eq!(ask(&site, 2, "/api/v1/journal").await.status(), 200, "another person");
        assert_eq!(ask(&site, 1, "/api/v1/cas").await.status(), 200, "what is small");
        // What is read of the body is in memory until it is sent.
        let octets = to_bytes(pages.remove(0).into_body(), 100).await.expect("a page");
        assert_eq!(&octets[..], b"a page");
        assert_eq!(ask(&site, 1, "/api/v1/journal").await.status(), 503);
        drop(octets);
        assert_eq!(ask(&site, 1, "/api/v1/journal").await.status(), 200, "one is sent");
    }

    /// One auditor once could have read the whole journal four times at once, and each of many of them.
    #[tokio::test]
    async fn v6_what_is_made_while_it_is_sent_keeps_its_place_until_it_is_read() {
        let scratch = Scratch::new();
        let api = api(&scratch);
        let streams = Crowd::with_patience(4, Duration::ZERO);
        let api = Api { places: Places { streams, ..api.places.clone() }, ..api };
        let answer = |served: Served| async move {
            let export = |_: &Desk| Ok(Streamed::new(ExportForm, |to| to.write_all(&[7; 1 << 20])));
            served.run(export).await.map(Answer::respond)
        };
        let path = "/api/v1/journal/export";
        let router = Router::new().route(path, get(answer));
        let router = router.layer(middleware::from_fn(until_sent)).with_state(api);
        let site = TowerToHyperService::new(router);
        let first = ask(&site, 1, path).await;
        assert_eq!(first.status(), 200);
        assert_eq!(ask(&site, 1, path).await.status(), 503);
        assert_eq!(ask(&site, 2, path).await.status(), 200, "another person");
        let octets = to_bytes(first.into_body(), 2 << 20).await.expect("the whole");
        assert_eq!(octets.len(), 1 << 20);
        assert_eq!(ask(&site, 1, path).await.status(), 200, "it is read");
    }
}
