//! What a holder's program sends to be signed: a hash with its name (RFC 8017, DigestInfo).

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};

/// A DigestInfo of SHA-256, SHA-384 or SHA-512, in its one DER form.
pub(crate) struct DigestInfo<'a> {
    encoded: &'a [u8],
    value: &'a [u8],
    hash: &'static Hash,
}

struct Hash {
    /// All of the DigestInfo that comes before the hash (RFC 8017 9.2 note 1).
    prefix: [u8; 19],
    algorithm: &'static Algorithm,
    padding: &'static dyn RsaEncoding,
}

static HASHES: [Hash; 3] = [
    Hash { prefix: prefix(0x31, 0x01, 0x20), algorithm: &SHA256, padding: &RSA_PKCS1_SHA256 },
    Hash { prefix: prefix(0x41, 0x02, 0x30), algorithm: &SHA384, padding: &RSA_PKCS1_SHA384 },
    Hash { prefix: prefix(0x51, 0x03, 0x40), algorithm: &SHA512, padding: &RSA_PKCS1_SHA512 },
];

/// The three prefixes differ in the whole length, the last arc of the algorithm, and the hash's
/// length.
const fn prefix(length: u8, arc: u8, hash: u8) -> [u8; 19] {
    [
        0x30, length, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc,
        0x05, 0x00, 0x04, hash,
    ]
}

impl<'a> DigestInfo<'a> {
    /// Reads a DigestInfo, or `None` for another hash, another form, or no DigestInfo at all.
    pub(crate) fn parse(encoded: &'a [u8]) -> Option<Self> {
        HASHES.iter().find_map(|hash| {
            let value = encoded.strip_prefix(&hash.prefix)?;
            let fits = value.len() == hash.algorithm.output_len();
            fits.then_some(Self { encoded, value, hash })
        })
    }

    /// All of it.
    pub(crate) fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// The hash alone.
    pub(crate) fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The hash's algorithm.
    pub(crate) fn algorithm(&self) -> &'static Algorithm {
        self.hash.algorithm
    }

    /// The signature's padding.
    pub(crate) fn padding(&self) -> &'static dyn RsaEncoding {
        self.hash.padding
    }
}
