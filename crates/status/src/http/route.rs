//! Which part a request is for, by method and path alone.

use hyper::Method;

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// An OCSP request in the body.
    OcspBody,
    /// An OCSP request in the path: what follows the slash, still encoded.
    OcspPath(&'a str),
    /// The repository.
    Repository,
    /// Nothing answers here.
    NotFound,
    /// Something does, but not by this method; the methods that it allows.
    WrongMethod(&'static str),
}

/// Which parts a server has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) ocsp: bool,
    pub(super) repository: bool,
}

const READ: &str = "GET, HEAD";

impl Parts {
    /// Where `method` and `path` lead.
    ///
    /// What is for OCSP may begin with any number of slashes. RFC 6960 A.1 has a client write
    /// `{url}/{request}`, and where the address in a certificate ends in a slash, as ours do, that makes two.
    pub(super) fn route<'a>(self, method: &Method, path: &'a str) -> Route<'a> {
        let rest = path.trim_start_matches('/');
        let reads = *method == Method::GET || *method == Method::HEAD;
        let posted = self.ocsp && matches!(rest.trim_end_matches('/'), "" | "ocsp");
        if posted && *method == Method::POST {
            return Route::OcspBody;
        }
        if let Some(encoded) = self.encoded_request(rest) {
            return if reads { Route::OcspPath(encoded) } else { Route::WrongMethod(READ) };
        }
        // The addresses of OCSP proper are not the repository's.
        let repository = self.repository && !rest.starts_with("ocsp");
        match (reads, posted) {
            (true, _) if repository => Route::Repository,
            (_, true) if repository => Route::WrongMethod("GET, HEAD, POST"),
            (_, true) => Route::WrongMethod("POST"),
            (false, false) if repository => Route::WrongMethod(READ),
            _ => Route::NotFound,
        }
    }

    /// The request in a path without its first slashes, if it is the path of one.
    ///
    /// A DER SEQUENCE begins with `M` in base64 and base64url, and nothing of the repository does: no slash
    /// before it is part of a request. Whether it is percent-encoded makes no difference (RFC 3986 6.2.2.2).
    fn encoded_request(self, rest: &str) -> Option<&str> {
        if !self.ocsp {
            return None;
        }
        match rest.strip_prefix("ocsp/").map(|encoded| encoded.trim_start_matches('/')) {
            Some("") => None,
            Some(encoded) => Some(encoded),
            None => Some(rest).filter(|encoded| {
                ["M", "%4D", "%4d"].iter().any(|first| encoded.starts_with(first))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_every_path_and_method_has_one_answer() {
        let both = Parts { ocsp: true, repository: true };
        let ocsp = Parts { ocsp: true, repository: false };
        let web = Parts { ocsp: false, repository: true };
        for (parts, method, path, route) in [
            (both, Method::POST, "/", Route::OcspBody),
            (both, Method::POST, "/ocsp", Route::OcspBody),
            (both, Method::GET, "/ocsp/MEIw", Route::OcspPath("MEIw")),
            (both, Method::GET, "/MEIw/x%3D", Route::OcspPath("MEIw/x%3D")),
            (both, Method::GET, "//MEIw", Route::OcspPath("MEIw")),
            (both, Method::GET, "///MEIw//x", Route::OcspPath("MEIw//x")),
            (both, Method::GET, "/ocsp//MEIw", Route::OcspPath("MEIw")),
            (both, Method::HEAD, "//ocsp///MEIw", Route::OcspPath("MEIw")),
            (both, Method::GET, "/ocsp//", Route::WrongMethod("POST")),
            (both, Method::POST, "//", Route::OcspBody),
            (both, Method::POST, "//ocsp//", Route::OcspBody),
            (both, Method::GET, "//crl/x", Route::Repository),
            (both, Method::HEAD, "/MEIw", Route::OcspPath("MEIw")),
            (both, Method::GET, "/%4DEIw", Route::OcspPath("%4DEIw")),
            (both, Method::PUT, "/MEIw", Route::WrongMethod(READ)),
            (both, Method::GET, "/", Route::Repository),
            (both, Method::DELETE, "/", Route::WrongMethod("GET, HEAD, POST")),
            (both, Method::GET, "/ocsp", Route::WrongMethod("POST")),
            (both, Method::POST, "/crl/x", Route::WrongMethod(READ)),
            (ocsp, Method::GET, "/", Route::WrongMethod("POST")),
            (ocsp, Method::GET, "/crl/x", Route::NotFound),
            (web, Method::POST, "/", Route::WrongMethod(READ)),
            (web, Method::GET, "/MEIw", Route::Repository),
            (web, Method::GET, "/ocsp/MEIw", Route::NotFound),
        ] {
            assert_eq!(parts.route(&method, path), route, "{method} {path}");
        }
    }
}
