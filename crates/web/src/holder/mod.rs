//! The page for those who have cards: the state of their certificates, and requests they signed.
//!
//! # Architecture invariant
//! It decides nothing and knows nobody: a certificate or a signed message goes to the desk as it
//! came. It has no forms that act on a session, so there is none that another site could have filled
//! in: what acts is signed.

mod answer;
mod page;

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use serde::Deserialize;

use self::answer::{Speaks, text};
use crate::access::door;
use crate::api::input::{Asked, body_of};
use crate::api::{Api, Asking};
use crate::desk::{Declined, Desk};
use crate::origin;
use crate::peer::Peer;
use crate::problem::{Fault, Problem};

/// Where the text to be signed is given out.
pub(crate) const REQUEST: &str = "/revocation-request";
/// Where it goes once it is signed.
pub(crate) const REVOCATIONS: &str = "/revocations";
/// The stylesheet.
pub(crate) const STYLE: &str = "/style.css";

/// What the text to be signed is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestQuery {
    ca: String,
    serial: String,
    cause: String,
}

/// A signed message out of the page's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedForm {
    signed: String,
}

/// What is at the page's addresses.
#[derive(Debug, Clone, Copy)]
enum Part {
    Overview,
    Request,
    Revocations,
    Style,
}

impl Part {
    const ALL: [Self; 4] = [Self::Overview, Self::Request, Self::Revocations, Self::Style];

    fn address(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("GET", "/"),
            Self::Request => ("GET", REQUEST),
            Self::Revocations => ("POST", REVOCATIONS),
            Self::Style => ("GET", STYLE),
        }
    }

    fn answered(self) -> MethodRouter<Api> {
        match self {
            Self::Overview => get(show),
            Self::Request => get(draft),
            Self::Revocations => post(revoke),
            Self::Style => get(answer::style),
        }
    }
}

/// Every method and path that the page has; the router is made of these and of nothing else.
pub fn addresses() -> impl Iterator<Item = (&'static str, &'static str)> {
    Part::ALL.into_iter().map(Part::address)
}

/// The page over a desk; connections bring their [`Peer`] as an extension.
pub fn router(desk: Arc<Desk>) -> Router {
    let api = Api::new(desk);
    let routed = |router: Router<Api>, part: Part| router.route(part.address().1, part.answered());
    Part::ALL
        .into_iter()
        .fold(Router::new(), routed)
        .fallback(nowhere)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(api.clone(), expect_ours))
        .with_state(api)
}

/// Lets a request pass that is meant for this site; one that acts, only if no page of another sent
/// it. The connection ends with the answer: a card that is pulled out shows nothing more.
async fn expect_ours(
    State(api): State<Api>,
    speaks: Speaks,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let own_page = || match parts.method.is_safe() {
        true => Ok(()),
        false => origin::expect_own_page(&parts),
    };
    let mut response = match api.expect_ours(&parts).and_then(|()| own_page()) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => {
            let turned = api.turned_away(Asking::of(&parts), door(&parts), problem);
            speaks.declined(&turned.await.into())
        }
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn show(State(api): State<Api>, speaks: Speaks, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let (certificate, door) = (certificate_of(&parts), door(&parts));
    let asking = Asking::of(&parts);
    let show =
        move |desk: &Desk| desk.self_service().show_own_certificates(certificate.as_deref(), &door);
    let shown = ask(&api, &asking, show);
    speaks.overview(shown.await)
}

async fn draft(
    State(api): State<Api>,
    speaks: Speaks,
    asking: Asking,
    asked: Result<Asked<RequestQuery>, Problem>,
) -> Response {
    let Asked(RequestQuery { ca, serial, cause }) = match asked {
        Ok(asked) => asked,
        Err(problem) => return speaks.declined(&problem.into()),
    };
    let draft =
        move |desk: &Desk| desk.self_service().draft_revocation_request(&ca, &serial, &cause);
    match ask(&api, &asking, draft).await {
        Ok(drafted) => text(drafted),
        Err(declined) => speaks.declined(&declined),
    }
}

async fn revoke(State(api): State<Api>, speaks: Speaks, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (asking, door) = (Asking::of(&parts), door(&parts));
    let message = match message_of(&parts, Request::new(body)).await {
        Ok(message) => message,
        Err(problem) => return speaks.declined(&problem.into()),
    };
    let revoke = move |desk: &Desk| desk.self_service().request_revocation(&message, &door);
    speaks.receipt(ask(&api, &asking, revoke).await)
}

async fn nowhere(speaks: Speaks) -> Response {
    speaks.declined(&Problem::unknown("page").into())
}

async fn no_such_method(speaks: Speaks) -> Response {
    speaks.declined(&Problem::new(Fault::NoSuchMethod, "not with this method").into())
}

/// Has the desk do `work` for whoever asks, none of whom the page knows; a panic or a lack of
/// time is a failure like any other.
async fn ask<T: Send + 'static>(
    api: &Api,
    asking: &Asking,
    work: impl FnOnce(&Desk) -> Result<T, Declined> + Send + 'static,
) -> Result<T, Declined> {
    api.run_for_stranger(asking, move |desk| Ok(work(desk))).await?
}

fn certificate_of(parts: &Parts) -> Option<Arc<[u8]>> {
    Peer::of(parts)?.certificate.clone()
}

/// The message in a body: the whole of it, or the field of the page's form.
async fn message_of(parts: &Parts, body: Request) -> Result<Vec<u8>, Problem> {
    let octets = body_of(body).await?;
    let given = parts.headers.get(CONTENT_TYPE);
    // curl says so of whatever it is told to send as data; a form has a name and a sign.
    let is_form = given.is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()));
    if !is_form || !octets.starts_with(b"signed=") {
        return Ok(octets.to_vec());
    }
    let mut form = Request::new(Body::from(octets));
    form.headers_mut().extend(given.map(|kind| (CONTENT_TYPE, kind.clone())));
    *form.method_mut() = hyper::Method::POST;
    let Form(SignedForm { signed }) = Form::from_request(form, &()).await.map_err(|error| {
        Problem::new(Fault::Malformed, domain::rule::Rule::from("query").telling(error.body_text()))
    })?;
    Ok(signed.into_bytes())
}

const FORM: &str = "application/x-www-form-urlencoded";
