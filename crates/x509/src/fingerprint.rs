//! Digests, and how they are written: with colons as people compare them (V4), plain in records.

use aws_lc_rs::digest;
use domain::rule::ColonHex;

/// The SHA-1 of `bytes`, for key identifiers and for people's old habits, never for security.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    sized(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sized(digest::digest(&digest::SHA256, bytes).as_ref())
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

/// The SHA-1 fingerprint of `der`, for example of a whole certificate.
pub fn sha1_colon_hex(der: &[u8]) -> String {
    colon_hex(&sha1(der))
}

/// The SHA-256 fingerprint of `der`.
pub fn sha256_colon_hex(der: &[u8]) -> String {
    colon_hex(&sha256(der))
}

fn sized<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut octets = [0; N];
    octets.copy_from_slice(digest);
    octets
}
