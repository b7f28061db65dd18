//! An HTTP answer as plain data, and its way into hyper's.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub body: Bytes,
}

impl Reply {
    /// An answer with content.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![(CONTENT_TYPE_NAME, content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// An answer that only says in words what is wrong.
    pub(super) fn words(status: u16, words: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{words}\n"))
            .header("cache-control", "no-store")
    }

    /// A fault of ours: the words in it are for the log, not for the caller.
    pub(super) fn unavailable(fault: &dyn std::error::Error) -> Self {
        tracing::error!(fault = %fault, "a web request could not be answered");
        Self::words(503, "the repository cannot answer now; try again later")
            .header("retry-after", "5")
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer for hyper.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// OCSP answers skip [`Reply`]: they are many, and their headers are always the same.
pub(super) fn ocsp_response(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    let kind = HeaderValue::from_static("application/ocsp-response");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A time as HTTP writes it (RFC 9110 5.6.7).
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

const CONTENT_TYPE_NAME: &str = "content-type";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_http_dates_are_in_the_form_of_rfc_9110() {
        let at: Timestamp = "1994-11-06T08:49:37.9Z".parse().expect("a time");
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
