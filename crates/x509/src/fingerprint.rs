//! Fingerprints of what is signed, as people compare them (V4): digests with colons.

use domain::hexadecimal::colon_hex;

use crate::digest::{sha1, sha256};

/// The SHA-1 fingerprint of `der`, for example of a whole certificate.
pub fn sha1_colon_hex(der: &[u8]) -> String {
    colon_hex(&sha1(der))
}

/// The SHA-256 fingerprint of `der`.
pub fn sha256_colon_hex(der: &[u8]) -> String {
    colon_hex(&sha256(der))
}
