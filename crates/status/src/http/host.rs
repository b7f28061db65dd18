//! Which host a request is for: it says so exactly once (RFC 9112 3.2).

use std::net::IpAddr;

use hyper::Version;
use hyper::header::HOST;
use hyper::http::HeaderMap;

/// Why a request's Host cannot be read; it gets 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostFault {
    /// It says none.
    Missing,
    /// It says more than one.
    Twice,
    /// What it says is no host with or without a port (RFC 3986 3.2.2, 3.2.3).
    Malformed,
}

impl HostFault {
    /// The rule that is broken.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Missing => "it is missing (RFC 9112 3.2)",
            Self::Twice => "it is given twice (RFC 9112 3.2)",
            Self::Malformed => "it is no host",
        }
    }
}

/// The host and port that the headers say; nothing where they say none.
///
/// # Errors
/// [`HostFault::Twice`] or [`HostFault::Malformed`].
pub fn given(headers: &HeaderMap) -> Result<Option<&str>, HostFault> {
    let mut all = headers.get_all(HOST).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(HostFault::Twice);
    }
    let text = value.to_str().map_err(|_| HostFault::Malformed)?;
    name_in(text).map(|_| Some(text))
}

/// The host of `host:port`, an IPv6 address without its brackets.
///
/// # Errors
/// [`HostFault::Malformed`].
pub fn name_in(authority: &str) -> Result<&str, HostFault> {
    let (name, rest) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (name, rest) = literal.split_once(']').ok_or(HostFault::Malformed)?;
            name.parse::<std::net::Ipv6Addr>().map_err(|_| HostFault::Malformed)?;
            (name, rest)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, rest) = authority.split_at(end);
            let fits = !name.is_empty() && name.bytes().all(is_of_a_name);
            (fits.then_some(name).ok_or(HostFault::Malformed)?, rest)
        }
    };
    let is_port = |port: &str| port.bytes().all(|octet| octet.is_ascii_digit());
    match rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port) {
        true => Ok(name),
        false => Err(HostFault::Malformed),
    }
}

/// Whether the host of `host:port` is one of `ours`, or an address in digits: no name leads to it that
/// somebody could have bent.
///
/// # Errors
/// [`HostFault::Malformed`].
pub fn is_ours(authority: &str, ours: &[String]) -> Result<bool, HostFault> {
    let name = name_in(authority)?;
    let is_address = name.parse::<IpAddr>().is_ok();
    let name = name.trim_end_matches('.');
    Ok(is_address || ours.iter().any(|ours| ours.eq_ignore_ascii_case(name)))
}

/// Refuses a request whose host is missing, doubled or none. Before HTTP/1.1 there needs to be none.
pub(super) fn expect_one(version: Version, headers: &HeaderMap) -> Result<(), HostFault> {
    match given(headers)? {
        None if version >= Version::HTTP_11 => Err(HostFault::Missing),
        _ => Ok(()),
    }
}

/// reg-name (RFC 3986 3.2.2).
fn is_of_a_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_a_host_is_a_name_or_address_with_or_without_a_port() {
        for (authority, name) in [
            ("ocsp.example.jp", "ocsp.example.jp"),
            ("ocsp.example.jp:80", "ocsp.example.jp"),
            ("ocsp.example.jp.:", "ocsp.example.jp."),
            ("192.0.2.7:10501", "192.0.2.7"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[::1]", "::1"),
        ] {
            assert_eq!(name_in(authority), Ok(name));
        }
        for none in [
            "", ":80", "a b", "a@b", "a/b", "http://a", "a:b", "a:80:80", "::1", "[::1", "[a]",
            "[::1]80", "[::1]:x", "あ",
        ] {
            assert_eq!(name_in(none), Err(HostFault::Malformed), "{none}");
        }
    }
}
