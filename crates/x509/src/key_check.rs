//! Refuses public keys that must never be certified (P9).
//!
//! Size, exponent and parity are free; small factors and the ROCA mark cost a few microseconds;
//! EC points are given to the cryptographic library, which knows whether they lie on the curve.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, VerificationAlgorithm,
};
use domain::algorithm::KeyAlgorithm;
use domain::rule;
use domain::rule::{Closed, Rule};

use crate::public_key::{KeyNumbers, SpkiInfo, bit_length};

mod roca;
mod small_factor;
mod weak_keys;

pub use roca::is_roca_marked;
pub use small_factor::{SMALL_FACTOR_LIMIT, small_factor};
pub use weak_keys::{BadWeakKeys, WeakKeys, named_key};

/// Why a public key must not be certified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedKey {
    /// Another kind or size than the profile wants (A 6.1.5, S 6-1-2-3).
    #[error("the key is {found}, the profile wants {wanted}")]
    WrongAlgorithm {
        /// What the profile wants.
        wanted: KeyAlgorithm,
        /// What was offered, in words.
        found: String,
    },
    /// An RSA key to authenticate with, of so few bits (NIST SP 800-131A).
    #[error("the RSA key has {0} bits, 2048 are the least")]
    TooShort(usize),
    /// The modulus is even, so one factor is 2: a corrupted key.
    #[error("the RSA modulus is even")]
    EvenModulus,
    /// The exponent is not 65537 (A 7.1; CA/Browser Forum BR 6.1.6).
    #[error("the RSA exponent is not 65537")]
    Exponent,
    /// A small prime divides the modulus (NIST SP 800-89 5.3.3 asks for none below 752).
    #[error("the RSA modulus is divisible by {0}")]
    SmallFactor(u32),
    /// The modulus bears the mark of the flawed generator behind CVE-2017-15361 (ROCA).
    #[error("the RSA modulus bears the mark of ROCA (CVE-2017-15361)")]
    Roca,
    /// The point is not on its curve, or is not written uncompressed.
    #[error("the EC point is not an uncompressed point on its curve")]
    NotOnCurve,
    /// A blocklist knows the key.
    #[error("the key is on a blocklist of weak keys")]
    KnownWeak,
}

/// Of the key it tells kind and size alone.
impl Closed for RefusedKey {
    fn words(&self) -> Rule {
        Rule::from(match self {
            Self::WrongAlgorithm { wanted, .. } => {
                let rule = rule!("the key is another than the profile wants, {}", *wanted);
                return rule.told_as(self);
            }
            Self::TooShort(bits) => {
                return rule!("the RSA key has {} bits, 2048 are the least", *bits);
            }
            Self::SmallFactor(factor) => {
                return rule!("the RSA modulus is divisible by {}", *factor);
            }
            Self::EvenModulus => "the RSA modulus is even",
            Self::Exponent => "the RSA exponent is not 65537",
            Self::Roca => "the RSA modulus bears the mark of ROCA (CVE-2017-15361)",
            Self::NotOnCurve => "the EC point is not an uncompressed point on its curve",
            Self::KnownWeak => "the key is on a blocklist of weak keys",
        })
    }
}

/// A list of keys known to be weak.
///
/// It is asked by the SHA-256 of the SubjectPublicKeyInfo. [`WeakKeys`] is one that is read from a
/// file by whoever runs the system; any closure is one.
pub trait Blocklist {
    /// Whether the key with this SHA-256 of its SubjectPublicKeyInfo is known to be weak.
    fn known_weak(&self, spki_sha256: &[u8; 32]) -> bool;
}

impl<F: Fn(&[u8; 32]) -> bool> Blocklist for F {
    fn known_weak(&self, spki_sha256: &[u8; 32]) -> bool {
        self(spki_sha256)
    }
}

/// Checks that `key` may be certified under a profile that wants `wanted`.
///
/// # Errors
/// The first rule it breaks.
pub fn check(
    key: &SpkiInfo,
    wanted: KeyAlgorithm,
    blocklist: &(impl Blocklist + ?Sized),
) -> Result<(), RefusedKey> {
    if key.key_algorithm() != Some(wanted) {
        return Err(RefusedKey::WrongAlgorithm { wanted, found: describe(key) });
    }
    check_numbers(key)?;
    if blocklist.known_weak(&key.spki_sha256()) {
        return Err(RefusedKey::KnownWeak);
    }
    Ok(())
}

/// Bits that an RSA key has at least (NIST SP 800-131A, table 2).
pub const STRONG_RSA_BITS: usize = 2048;

/// Checks that `key`, of whatever kind, is one to authenticate with.
///
/// # Errors
/// The first rule it breaks.
pub fn expect_strong(key: &SpkiInfo) -> Result<(), RefusedKey> {
    if let KeyNumbers::Rsa { modulus, .. } = key.numbers()
        && bit_length(modulus) < STRONG_RSA_BITS
    {
        return Err(RefusedKey::TooShort(bit_length(modulus)));
    }
    check_numbers(key)
}

fn check_numbers(key: &SpkiInfo) -> Result<(), RefusedKey> {
    match key.numbers() {
        KeyNumbers::Rsa { modulus, exponent } => check_rsa(modulus, exponent),
        KeyNumbers::EcP256 { point } => check_point(&ECDSA_P256_SHA256_ASN1, point, 65),
        KeyNumbers::EcP384 { point } => check_point(&ECDSA_P384_SHA384_ASN1, point, 97),
        KeyNumbers::Ed25519 { key } => check_point(&ED25519, key, 32),
    }
}

fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), RefusedKey> {
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(RefusedKey::EvenModulus);
    }
    if exponent != [1, 0, 1] {
        return Err(RefusedKey::Exponent);
    }
    if let Some(factor) = small_factor(modulus) {
        return Err(RefusedKey::SmallFactor(factor));
    }
    if is_roca_marked(modulus) {
        return Err(RefusedKey::Roca);
    }
    Ok(())
}

/// Compressed points are refused by their length: one key must have one encoding (RFC 5480 2.2
/// makes the uncompressed form the one everybody must support).
fn check_point(
    algorithm: &'static dyn VerificationAlgorithm,
    point: &[u8],
    length: usize,
) -> Result<(), RefusedKey> {
    if point.len() != length || ParsedPublicKey::new(algorithm, point).is_err() {
        return Err(RefusedKey::NotOnCurve);
    }
    Ok(())
}

fn describe(key: &SpkiInfo) -> String {
    match (key.key_algorithm(), key.numbers()) {
        (Some(algorithm), _) => algorithm.to_string(),
        (None, KeyNumbers::Rsa { modulus, .. }) => format!("rsa-{}", bit_length(modulus)),
        (None, _) => "of an unknown kind".to_owned(),
    }
}
