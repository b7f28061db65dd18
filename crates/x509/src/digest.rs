//! Digests of octets.

use aws_lc_rs::digest;

/// The SHA-1 of `bytes`, for key identifiers and for people's old habits, never for security.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    sized(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sized(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn sized<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut octets = [0; N];
    octets.copy_from_slice(digest);
    octets
}
