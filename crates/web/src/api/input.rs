//! What a request brings, within bounds and refused with a reason.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use domain::rule;
use domain::rule::Rule;
use domain::text::InvalidFreeText;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_path_to_error::Track;
use tokio::time::timeout;

use super::Api;
use super::strict::{Strict, Unseen};
use crate::operation::text;
use crate::origin;
use crate::problem::{Fault, Problem};

/// Octets of a body: the longest form, with every field at its limit of characters, takes a tenth.
pub const MAX_BODY: usize = 64 << 10;

/// Time for a body of that size, which even a poor line brings in seconds.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The JSON body of a request that is open to everybody.
pub(super) struct Input<T>(pub(super) T);

/// What the query asks.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Api) -> Result<Self, Problem> {
        expect_json(&request)?;
        let octets = body_of(request).await?;
        let mut body = serde_json::Deserializer::from_slice(&octets);
        let value = read(&mut body)?;
        body.end().map_err(|error| malformed(".", &error))?;
        Ok(Self(value))
    }
}

/// Reads what somebody says: nothing else than the description has, in text of which everything is seen.
///
/// # Errors
/// 400 for what is not of its form; 422 for a text that breaks the rule of its field, and for one of
/// which nobody can see everything.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    said: impl Deserializer<'de, Error = serde_json::Error>,
) -> Result<T, Problem> {
    // Nothing that an earlier reading left.
    text::broken();
    let unseen_text = Unseen::default();
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(said, &mut track);
    T::deserialize(Strict::new(tracked, &unseen_text)).map_err(|error| {
        let field = match track.path().to_string() {
            // Broken off at a name.
            nowhere if nowhere == "?" => ".".to_owned(),
            field => field,
        };
        match (unseen_text.found(), text::broken()) {
            (Some(index), _) => unseen(&field, index),
            (None, Some(rule)) => refused(&field, rule),
            (None, None) => malformed(&field, &error),
        }
    })
}

/// A text that breaks the rule of its field.
fn refused(field: &str, rule: Rule) -> Problem {
    let field = if field == "." { "body" } else { field };
    let problem = Problem::new(Fault::Refused, rule).about(field);
    Problem { detail: format!("{field}: {}", problem.detail), ..problem }
}

/// The field by its path, as in [`malformed`].
fn unseen(field: &str, index: usize) -> Problem {
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
