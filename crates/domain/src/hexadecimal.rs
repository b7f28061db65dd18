//! Numbers and digests in hexadecimal, written in one form for records and one for people, and read in every form in
//! which other tools print them.
//!
//! OpenSSL prints a serial number as `00:f8:85:0d…` or `F8850D…`, `pkcs15-tool` and a dump of DER as
//! `00F8850D…`, GnuTLS with spaces, debuggers with `0x`. What is read has one value.

use crate::rule::ColonHex;

/// The most characters of a number or digest that are looked at: 32 octets with `0x`, a sign octet and
/// two separators after each.
const LONGEST: usize = 128;

/// The digits, in lower case, of hexadecimal text: with or without `0x` before it, in pairs that one
/// colon or space separates, or without; white space around it is no part of it. Nothing for other text.
#[must_use]
pub fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let bare = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let separator = bare.chars().find(|c| matches!(c, ':' | ' '));
    let found = match separator {
        None => bare.to_owned(),
        Some(separator) => {
            let mut pairs = bare.split(separator);
            // What separates octets separates all of them; only the first may lack its leading zero.
            let first = pairs.next().filter(|octet| matches!(octet.len(), 1 | 2))?;
            let rest: Vec<_> = pairs.collect();
            rest.iter().all(|octet| octet.len() == 2).then(|| first.to_owned() + &rest.concat())?
        }
    };
    let is_hexadecimal = !found.is_empty() && found.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hexadecimal.then(|| found.to_ascii_lowercase())
}

/// `octets` in lower-case hexadecimal, as records and file names have it.
pub fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

/// `digest` in upper-case hexadecimal with colons, as OpenSSL prints fingerprints.
pub fn colon_hex(digest: &[u8]) -> String {
    ColonHex(digest).to_string()
}

/// The SHA-256 that [`hex()`] wrote; none for anything else.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut octets = [0; 32];
    for (place, octet) in octets.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_in_every_form_and_nothing_else_is() {
        for text in
            ["00f8850d", "00F8850D", "0x00f8850D", "0X00F8850D", "00:F8:85:0d", " 00 f8 85 0d\n"]
        {
            assert_eq!(digits(text).as_deref(), Some("00f8850d"), "{text}");
        }
        assert_eq!(digits("a:0b").as_deref(), Some("a0b"));
        for text in [
            "",
            " ",
            "0x",
            ":",
            "0a:",
            ":0a",
            "0a::0b",
            "0a:b",
            "0a:0b 0c",
            "0x0x0a",
            "-0a",
            "0a-0b",
            "ｆ8",
            "0g",
            "0a:0b:xy",
            "0a,0b",
            "0a\u{3000}0b",
        ] {
            assert_eq!(digits(text), None, "{text}");
        }
        assert_eq!(digits(&"0".repeat(129)), None);
    }
}
