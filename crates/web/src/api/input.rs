//! What a request brings: bodies, path and query, each within bounds and refused with a reason.

use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use domain::rule;
use domain::rule::Rule;
use domain::text::InvalidFreeText;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_path_to_error::Track;
use tokio::time::timeout;

use super::Api;
use super::places::Served;
use super::strict::{Strict, Unseen};
use crate::desk::Principal;
use crate::origin;
use crate::problem::{Fault, Problem};

/// Octets of a body: the longest form, with every field at its limit of characters, takes a tenth.
pub const MAX_BODY: usize = 64 << 10;

/// Time for a body of that size, which even a poor line brings in seconds.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A JSON body.
pub(super) struct Input<T>(pub(super) T);

/// What the path names.
pub(super) struct Named<T>(pub(super) T);

/// What the query asks.
pub(crate) struct Asked<T>(pub(crate) T);

/// A body whose text nobody can see whole is refused, which is an entry like every refusal.
impl<T: DeserializeOwned> FromRequest<Api> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        expect_json(&request)?;
        let act = request.extensions().get::<Principal>().cloned();
        let (parts, body) = request.into_parts();
        let operation = api.asked_for(&parts);
        let served = Served::of(&parts, api);
        let problem = match read(&body_of(Request::from_parts(parts, body)).await?) {
            Ok(value) => return Ok(Self(value)),
            Err(problem) => problem,
        };
        if let (Fault::Refused, Some(act), Some(operation)) = (problem.fault, act, operation) {
            let refused = problem.clone();
            served.run(move |desk| desk.refuse_input(&act, operation, refused)).await?;
        }
        Err(problem)
    }
}

/// What a body says: nothing else than the description has, in text of which everything is seen.
fn read<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Problem> {
    let unseen_text = Unseen::default();
    let mut track = Track::new();
    let mut reader = serde_json::Deserializer::from_slice(octets);
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let value = T::deserialize(Strict::new(tracked, &unseen_text)).map_err(|error| {
        let field = track.path().to_string();
        match unseen_text.found() {
            Some(index) => unseen(&field, index),
            None => malformed(&field, &error),
        }
    })?;
    reader.end().map_err(|error| malformed(".", &error))?;
    Ok(value)
}

/// The field by its path, as in [`malformed`].
pub(crate) fn unseen(field: &str, index: usize) -> Problem {
    let field = if field == "." { "body" } else { field };
    let error = InvalidFreeText::Unseen { index };
    let detail = format!("{field}: {error}");
    Problem { detail, ..Problem::new(Fault::Refused, Rule::of(&error)).about(field) }
}

/// The octets of a body, within bounds of length and time.
pub(crate) async fn body_of(request: Request) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    let late = |_| Problem::new(Fault::TooSlow, "body: it did not arrive within 10 seconds");
    let body = timeout(BODY_TIME, body).await.map_err(late)?;
    Ok(body.map_err(unread)?.to_bytes())
}

/// The field by its path within the body; the whole body has the path ".".
pub(crate) fn malformed(field: &str, error: &serde_json::Error) -> Problem {
    let field = if field == "." { "body" } else { field };
    let rule = Rule::from("it is not of the form that the description has");
    // The parser's words may draw the input: they are told, and are no part of the rule.
    let problem = Problem::new(Fault::Malformed, rule).about(field);
    Problem { detail: format!("{field}: {error}"), ..problem }
}

pub(crate) fn expect_json(request: &Request) -> Result<(), Problem> {
    match origin::says_json(request.headers()) {
        true => Ok(()),
        false => Err(Problem::new(Fault::MediaType, "content-type: it must be application/json")),
    }
}

fn unread(error: Box<dyn std::error::Error + Send + Sync>) -> Problem {
    if error.is::<LengthLimitError>() {
        let detail = rule!("body: at most {} octets are read", MAX_BODY);
        return Problem::new(Fault::TooLarge, detail);
    }
    Problem::new(Fault::Malformed, "body: it broke off")
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        let Path(value) = path.map_err(|error: PathRejection| {
            Problem::new(Fault::Malformed, Rule::from("path").telling(error.body_text()))
        })?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(value) = query.map_err(|error: QueryRejection| {
            Problem::new(Fault::Malformed, Rule::from("query").telling(error.body_text()))
        })?;
        Ok(Self(value))
    }
}
