//! In which words an answer goes out: a page, or JSON for whoever accepts that.

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use hyper::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::StatusCode;
use hyper::http::request::Parts;
use ra::holder::{HolderReceipt, Outcome, Overview};

use super::page;
use crate::desk::Declined;
use crate::problem::Fault;
use crate::wire::{HolderProblemBody, HolderReceiptBody, OverviewBody};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What whoever asks can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Html,
    Json,
}

impl<S: Sync> FromRequestParts<S> for Speaks {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let json = parts
            .headers
            .get_all(ACCEPT)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.contains("application/json")));
        Ok(if json { Self::Json } else { Self::Html })
    }
}

impl Speaks {
    pub(super) fn overview(self, outcome: Result<Overview, Declined>) -> Response {
        match (self, outcome) {
            (_, Err(declined)) => self.declined(&declined),
            (Self::Html, Ok(overview)) => html(page::overview(&overview)),
            (Self::Json, Ok(overview)) => kept_private(Json(OverviewBody::from(&overview))),
        }
    }

    pub(super) fn receipt(self, outcome: Result<HolderReceipt, Declined>) -> Response {
        let receipt = match outcome {
            Ok(receipt) => receipt,
            Err(declined) => return self.declined(&declined),
        };
        let mut response = match self {
            Self::Html => html(page::receipt(&receipt)),
            Self::Json => kept_private(Json(HolderReceiptBody::from(&receipt))),
        };
        // A program that looks at the status alone must not take it for a revocation.
        if matches!(receipt.outcome, Outcome::Refused { .. }) {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        response
    }

    pub(super) fn declined(self, declined: &Declined) -> Response {
        let mut response = match self {
            Self::Html => html(page::declined(declined)),
            Self::Json => {
                let mut response = kept_private(Json(HolderProblemBody::from(declined)));
                response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
                response
            }
        };
        let status = StatusCode::from_u16(declined.fault.words().0);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if matches!(declined.fault, Fault::Unavailable | Fault::AtWork) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// The text to be signed, as a file: a browser that showed it might save it changed.
pub(super) fn text(text: String) -> Response {
    let mut response = kept_private(text);
    let name = HeaderValue::from_static("attachment; filename=\"revocation-request.txt\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

/// The stylesheet.
pub(super) async fn style() -> Response {
    let mut response = page::STYLE.into_response();
    response.headers_mut().insert(CONTENT_TYPE, CSS);
    response
}

fn html(page: String) -> Response {
    let mut response = kept_private(page);
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
}

/// No cache keeps it, no script or frame comes with it.
fn kept_private(body: impl IntoResponse) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = body.into_response();
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
