//! The request by which a program asks for an operation.

use hyper::Request;
use hyper::http::request::Builder;
use serde_json::{Map, Value};

use super::described::has_body;
use super::{Operation, Spec, Verb};

/// What a request is made of.
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) address: String,
    pub(crate) body: Option<Value>,
}

impl Asked {
    /// The request for an operation that is told these fields.
    ///
    /// # Errors
    /// A field that stands in the path is empty: there is no such address.
    pub(crate) fn of<O: Operation>(fields: Map<String, Value>) -> Result<Self, String> {
        let is_empty = |name: &&str| fields.get(*name).is_none_or(|value| value == "");
        if let Some(name) = O::SPEC.in_path().find(is_empty) {
            return Err(format!("{name}: it must not be empty"));
        }
        let (method, has_body) = match O::SPEC.verb {
            Verb::Get => ("GET", false),
            Verb::Post => ("POST", has_body::<O>()),
        };
        let (address, rest) = address(&O::SPEC, fields);
        Ok(Self { method, address, body: has_body.then_some(Value::Object(rest)) })
    }

    /// The request, of which the headers and the body are missing.
    pub(crate) fn begun(&self) -> Builder {
        Request::builder().method(self.method).uri(&self.address)
    }
}

/// The address with what it tells, and the other fields.
fn address(spec: &Spec, fields: Map<String, Value>) -> (String, Map<String, Value>) {
    let (mut path, mut query, mut rest) = (spec.path.to_owned(), String::new(), Map::new());
    for (name, value) in fields {
        if spec.in_path().any(|field| field == name) {
            path = path.replace(&format!("{{{name}}}"), &escaped(&value));
        } else if spec.is_in_address(&name) {
            let sign = if query.is_empty() { '?' } else { '&' };
            query.push_str(&format!("{sign}{name}={}", escaped(&value)));
        } else {
            rest.insert(name, value);
        }
    }
    (path + &query, rest)
}

/// A value as text of a path's segment or of a query (RFC 3986 2.3).
fn escaped(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let octet = |octet: u8| match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(octet).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(octet).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desk::certificates::RevokeCertificate;
    use crate::desk::lists::FetchList;

    fn asked<O: Operation>(fields: Value) -> Asked {
        let Value::Object(fields) = fields else { panic!("an object") };
        Asked::of::<O>(fields).expect("an address")
    }

    #[test]
    fn what_stands_in_the_path_is_there() {
        for fields in [Map::new(), Map::from_iter([("ca".to_owned(), json!(""))])] {
            let refused = Asked::of::<FetchList>(fields).err();
            assert_eq!(refused.as_deref(), Some("ca: it must not be empty"));
        }
    }

    #[test]
    fn each_field_goes_where_the_operation_is_told_it() {
        let list = asked::<FetchList>(json!({
            "ca": "a/b", "generation": 1, "partition": "other", "number": 7, "format": "pem",
        }));
        let (path, query) = list.address.split_once('?').expect("a query");
        assert!(path.contains("/a%2Fb/") && path.contains("/1/"), "{path}");
        assert!(query.contains("number=7") && query.contains("format=pem"), "{query}");
        assert!(list.method == "GET" && list.body.is_none());
        let revoke = asked::<RevokeCertificate>(json!({
            "ca": "jpki-auth", "serial": "0a", "cause": "use-ended", "requester": "holder",
        }));
        assert_eq!(revoke.body, Some(json!({ "cause": "use-ended", "requester": "holder" })));
        assert!(revoke.method == "POST" && revoke.address.contains("/jpki-auth/"));
    }
}
