//! For which site a request is, and from which page it came.
//!
//! A client certificate is shown by the browser whatever page asks it to, as a cookie would be. So no
//! request acts that another site's page could have made: the address it was sent to is one of ours
//! (a name that was bent to our address is not), the page it came from is ours or there was none
//! (`Origin`, RFC 6454 7; `Sec-Fetch-Site`), and what rests on a certificate alone bears something
//! that no form can send ([`expect_no_form`]).

use std::sync::Arc;

use domain::rule;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::http::HeaderMap;
use hyper::http::request::Parts;
use status::http::host::{self, HostFault};

use crate::access::OPERATION_ID;
use crate::problem::{Fault, Problem};

/// What a browser says of the page that asks (W3C Fetch Metadata).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The names under which the sites are asked.
#[derive(Debug, Clone)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// Those that the server's certificate is for; an address in digits is always one, since no
    /// name leads to it.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The first, to which passkeys belong.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Refuses a request that is not for this site.
    ///
    /// # Errors
    /// 400 without exactly one Host (RFC 9112 3.2); 421 where it is somebody else's (RFC 9110 7.4).
    pub(crate) fn expect_ours(&self, parts: &Parts) -> Result<(), Problem> {
        let malformed = |fault: HostFault| malformed(HOST.as_str(), fault.rule());
        let host = host::given(&parts.headers).map_err(malformed)?;
        let host = host.ok_or_else(|| malformed(HostFault::Missing))?;
        // An absolute form goes before the header, which a proxy may have left (RFC 9112 3.2.2).
        let asked = parts.uri.authority().map_or(host, |authority| authority.as_str());
        match host::is_ours(asked, &self.0).map_err(malformed)? {
            true => Ok(()),
            false => Err(Problem::new(Fault::Misdirected, "host: this server is another one")),
        }
    }
}

/// Refuses what a page of another site had the browser send.
///
/// # Errors
/// 403; 400 for headers that are given twice.
pub(crate) fn expect_own_page(parts: &Parts) -> Result<(), Problem> {
    let foreign = |header: &'static str| {
        let rule = rule!("{}: a page of another site sent this", header);
        Err(Problem::new(Fault::NotPermitted, rule))
    };
    if let Some(site) = one(&parts.headers, SEC_FETCH_SITE)?
        && !matches!(site, "same-origin" | "none")
    {
        return foreign(SEC_FETCH_SITE);
    }
    let Some(origin) = one(&parts.headers, ORIGIN.as_str())? else { return Ok(()) };
    let asked = parts.uri.authority().map(|authority| authority.as_str());
    let asked = asked.or(one(&parts.headers, HOST.as_str())?).unwrap_or_default();
    match origin.strip_prefix("https://") {
        Some(page) if page.eq_ignore_ascii_case(asked) => Ok(()),
        _ => foreign("origin"),
    }
}

/// Refuses what changes something on the word of a certificate alone and could be a form's.
///
/// # Errors
/// 403, with what to send.
pub(crate) fn expect_no_form(parts: &Parts) -> Result<(), Problem> {
    let marked = parts.headers.contains_key(OPERATION_ID) || says_json(&parts.headers);
    if parts.method.is_safe() || marked {
        return Ok(());
    }
    let detail = "operation-id: with a client certificate alone, a request that changes something \
                  bears an operation id or the content type application/json";
    Err(Problem::new(Fault::NotPermitted, detail))
}

/// Whether the body is said to be JSON.
pub(crate) fn says_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The value of a header that may stand once.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut given = headers.get_all(name).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(malformed(name, "it is given twice"));
    }
    let text = HeaderValue::to_str(value);
    text.map(Some).map_err(|_| malformed(name, "it is not of visible ASCII characters"))
}

fn malformed(header: &'static str, rule: &'static str) -> Problem {
    Problem::new(Fault::Malformed, rule!("{}: {}", header, rule))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/api/v1/publication");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn w2_a_request_is_for_one_of_our_names_or_an_address() {
        let hosts = Hosts::named(["ca.example.jp".to_owned(), "localhost".to_owned()]);
        let fault =
            |headers: &[(&str, &str)]| hosts.expect_ours(&parts(headers)).err().map(|p| p.fault);
        for ours in
            ["localhost:8443", "CA.Example.JP", "ca.example.jp.:1", "192.0.2.7:8443", "[::1]"]
        {
            assert_eq!(fault(&[("host", ours)]), None, "{ours}");
        }
        for other in ["evil.example", "localhost.evil.example:8443", "127.0.0.1.evil.example"] {
            assert_eq!(fault(&[("host", other)]), Some(Fault::Misdirected), "{other}");
        }
        assert_eq!(fault(&[]), Some(Fault::Malformed));
        assert_eq!(fault(&[("host", "localhost"), ("host", "localhost")]), Some(Fault::Malformed));
    }

    #[test]
    fn w2_a_page_of_another_site_is_none_of_ours() {
        let passes = |headers: &[(&str, &str)]| {
            let headers = [&[("host", "localhost:8443")], headers].concat();
            expect_own_page(&parts(&headers)).is_ok()
        };
        assert!(passes(&[]), "a program");
        assert!(passes(&[("origin", "https://localhost:8443"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("sec-fetch-site", "none")]), "typed by a person");
        for origin in [
            "null",
            "https://evil.example",
            "http://localhost:8443",
            "https://localhost",
            "https://localhost:8444",
            "https://localhost:8443.evil.example",
        ] {
            assert!(!passes(&[("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(!passes(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!passes(&[("origin", "https://localhost:8443"), ("origin", "null")]));
    }

    #[test]
    fn w2_what_a_form_can_send_changes_nothing_on_a_certificates_word() {
        let passes = |headers: &[(&str, &str)]| expect_no_form(&parts(headers)).is_ok();
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert!(!passes(&[("content-type", kind)]), "{kind}");
        }
        assert!(!passes(&[]) && !passes(&[("content-type", "text/plain; application/json")]));
        assert!(passes(&[("content-type", "application/json; charset=utf-8")]));
        assert!(passes(&[("operation-id", "op-1")]));
    }
}
