//! An HTTP answer as plain data, and its way into hyper's.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::condition::{Conditions, Validators, Verdict};
use crate::query_log::LogUnavailable;

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
        Self::not_now()
    }

    /// What has no record has no answer; the log tells it where that is a fault.
    pub(super) fn unrecorded(failure: &LogUnavailable) -> Self {
        if failure.is_fault() { Self::unavailable(failure) } else { Self::not_now() }
    }

    fn not_now() -> Self {
        Self::words(503, "the repository cannot answer now; try again later")
            .header("retry-after", "5")
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same under the conditions of whoever asks: 304 where they have it, 412 where it is not what they
    /// want it to be. An answer that is none to what was asked has no conditions (RFC 9110 13.2.1).
    pub(super) fn under(self, conditions: &Conditions, now: Timestamp) -> Self {
        if self.status != 200 {
            return self;
        }
        let found = |name| {
            let mut named = self.headers.iter().filter(|(known, _)| *known == name);
            named.next().map(|(_, value)| value.as_str())
        };
        let modified = found(LAST_MODIFIED.as_str()).and_then(read_http_date);
        let found = Validators { etag: found(ETAG.as_str()), modified };
        match conditions.judge(found, now) {
            Verdict::Holds => self,
            Verdict::NotModified => self.not_modified(),
            Verdict::Failed => Self::condition_failed(),
        }
    }

    /// RFC 9110 15.4.5: with the headers that the answer would bear, but for those of its content.
    fn not_modified(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != CONTENT_TYPE_NAME);
        Self { status: 304, headers: self.headers, body: Bytes::new() }
    }

    /// RFC 9110 15.5.13.
    pub(super) fn condition_failed() -> Self {
        Self::words(412, "what is here is not what the request wants it to be")
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

/// OCSP answers by POST skip [`Reply`]: they are many, and their headers are always the same.
pub(super) fn ocsp_response(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    let kind = HeaderValue::from_static(OCSP_RESPONSE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The type of an OCSP answer (RFC 6960 C.2).
pub(super) const OCSP_RESPONSE: &str = "application/ocsp-response";

/// A time as HTTP writes it (RFC 9110 5.6.7).
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A time in any of the three forms that HTTP reads (RFC 9110 5.6.7).
pub(super) fn read_http_date(text: &str) -> Option<Timestamp> {
    const FORMS: [&str; 3] =
        ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let read = |form| DateTime::strptime(form, text.trim()).ok();
    let time = FORMS.into_iter().find_map(read)?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
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

    #[test]
    fn v8_http_dates_are_read_in_all_three_forms_of_rfc_9110() {
        let at: Timestamp = "1994-11-06T08:49:37Z".parse().expect("a time");
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read_http_date(text), Some(at), "{text}");
        }
        for text in ["", "yesterday", "1994-11-06T08:49:37Z", "Mon, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(read_http_date(text), None, "{text}");
        }
    }
}
