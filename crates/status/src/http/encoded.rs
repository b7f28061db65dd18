//! An OCSP request in an address (RFC 6960 A.1).
//!
//! RFC 6960 means base64 with its signs percent-encoded. What clients send is that, the same without
//! percent-encoding, base64url (RFC 4648 5) whose signs need none, and each with the padding or without:
//! the request is the same, and so is its answer.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};

/// The request, or nothing where the text is in no alphabet or in two, or ends elsewhere than it should.
pub(super) fn decoded(encoded: &str) -> Option<Vec<u8>> {
    let text = percent_decoded(encoded)?;
    let (is_url, is_padded) = (text.contains(['-', '_']), text.ends_with('='));
    // Each takes its own alphabet and no other, and only what it would have written itself.
    let der = match (is_url, is_padded) {
        (false, true) => Base64::decode_vec(&text),
        (false, false) => Base64Unpadded::decode_vec(&text),
        (true, true) => Base64Url::decode_vec(&text),
        (true, false) => Base64UrlUnpadded::decode_vec(&text),
    };
    der.ok()
}

/// Undoes percent-encoding (RFC 3986 2.1), or `None` where a `%` is not followed by two digits.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let octet = u8::from_str_radix(digits?, 16).ok()?;
        decoded.push(char::from(octet));
        rest = &rest[at + 3..];
    }
    decoded.push_str(rest);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_percent_encoding_is_undone_or_refused() {
        assert_eq!(percent_decoded("a%2Fb%3d%2B"), Some("a/b=+".to_owned()));
        assert_eq!(percent_decoded("a/b="), Some("a/b=".to_owned()));
        for broken in ["%", "a%2", "%zz", "%+1", "%é1"] {
            assert_eq!(percent_decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn v5_a_request_is_in_one_alphabet_padded_or_not() {
        let octets = [0x30, 0xfb, 0xff, 0xfe];
        for text in [
            "MPv//g==",
            "MPv//g",
            "MPv__g==",
            "MPv__g",
            "MPv%2F%2Fg%3D%3D",
            "%4DPv%2f%2fg",
            "MPv%5F%5Fg",
        ] {
            assert_eq!(decoded(text).as_deref(), Some(&octets[..]), "{text}");
        }
        // Two alphabets, half the padding, too much, some within, bits after the last octet, no octet.
        for text in [
            "MPv/_g==",
            "MPv_/g",
            "MPv//g=",
            "MPv//g===",
            "MP==v//g",
            "MPv//h==",
            "MPv//h",
            "MPv//",
            "MPv/ /g",
            "MPv//g\u{e9}",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
