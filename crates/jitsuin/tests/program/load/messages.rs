//! What strangers say.

use serde_json::Value;

/// A request to a site that is asked by its host's name.
pub(super) fn http(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// An OCSP question by POST (RFC 6960 A.1).
pub(super) fn ocsp(question: &[u8]) -> Vec<u8> {
    let length = question.len();
    let head = format!(
        "POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), question].concat()
}

/// How much of the directory a search looks at (RFC 4511 4.5.1.2).
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Base = 0,
    Whole = 2,
}

/// An anonymous search that wants one attribute (RFC 4511 4.5.1).
pub(super) fn search(scope: Scope, attribute: &[u8]) -> Vec<u8> {
    let limits = [0x0a, 0x01, scope as u8, 0x0a, 0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
    let values_too = [0x01, 0x01, 0x00];
    let present = element(0x87, b"objectClass");
    let wanted = element(0x30, &element(0x04, attribute));
    let base = element(0x04, b"C=JP");
    message(0x63, &[&base[..], &limits, &values_too, &present, &wanted].concat())
}

/// A simple bind (RFC 4511 4.2).
pub(super) fn bind(name: &str, password: &str) -> Vec<u8> {
    let (name, password) = (element(0x04, name.as_bytes()), element(0x80, password.as_bytes()));
    message(0x60, &[&[0x02, 0x01, 0x03], &name[..], &password].concat())
}

fn message(tag: u8, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&[0x02, 0x01, 0x01], &element(tag, operation)[..]].concat())
}

/// A BER element with the length in the form of as many octets as it takes (X.690 8.1.3).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short message").to_be_bytes();
    let length = match length {
        [0, short] if short < 0x80 => vec![short],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
}
