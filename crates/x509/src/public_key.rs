//! SubjectPublicKeyInfo: what kind of key it holds, its numbers and its identifiers.

use der::Tag;
use domain::algorithm::KeyAlgorithm;

use crate::der_reader::{Fields, bounded};
use crate::digest::{sha1, sha256};
use crate::error::Error;
use crate::oid;

// An RSA-8192 key takes 1,062 octets; nothing longer is a key of ours.
const MAX_SPKI_LENGTH: usize = 4 << 10;
const WHAT: &str = "public key";

/// The numbers of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyNumbers {
    /// An RSA key.
    Rsa {
        /// The modulus, most significant octet first, without sign octet.
        modulus: Vec<u8>,
        /// The public exponent, likewise.
        exponent: Vec<u8>,
    },
    /// A key on the curve P-256: the point as received (X9.62).
    EcP256 {
        /// The point's octets.
        point: Vec<u8>,
    },
    /// A key on the curve P-384: the point as received (X9.62).
    EcP384 {
        /// The point's octets.
        point: Vec<u8>,
    },
    /// An Ed25519 key.
    Ed25519 {
        /// The 32 octets of the key.
        key: Vec<u8>,
    },
}

/// A parsed SubjectPublicKeyInfo that keeps its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpkiInfo {
    der: Vec<u8>,
    subject_public_key: Vec<u8>,
    numbers: KeyNumbers,
}

impl SpkiInfo {
    /// Reads a DER SubjectPublicKeyInfo (RFC 3279 2.3, RFC 5480 2, RFC 8410 3).
    ///
    /// Whether the key is *good* is for [`crate::key_check`] to say.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLarge`], or [`Error::UnsupportedAlgorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_SPKI_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let mut algorithm = Fields::of_content(WHAT, fields.content(Tag::Sequence)?)?;
        let subject_public_key = fields.bit_string()?;
        fields.finish()?;
        let numbers = read_numbers(&mut algorithm, subject_public_key)?;
        algorithm.finish()?;
        let subject_public_key = subject_public_key.to_vec();
        Ok(Self { der: der.to_vec(), subject_public_key, numbers })
    }

    /// The whole SubjectPublicKeyInfo as received.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The content of the BIT STRING: for RSA the PKCS#1 RSAPublicKey, for EC the point.
    pub fn subject_public_key(&self) -> &[u8] {
        &self.subject_public_key
    }

    /// The key's numbers.
    pub fn numbers(&self) -> &KeyNumbers {
        &self.numbers
    }

    /// The algorithm, if it is one a policy could choose; an RSA key of another size is none.
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        match &self.numbers {
            KeyNumbers::Rsa { modulus, .. } => KeyAlgorithm::ALL
                .into_iter()
                .find(|a| a.rsa_modulus_bits() == Some(bit_length(modulus))),
            KeyNumbers::EcP256 { .. } => Some(KeyAlgorithm::EcP256),
            KeyNumbers::EcP384 { .. } => Some(KeyAlgorithm::EcP384),
            KeyNumbers::Ed25519 { .. } => Some(KeyAlgorithm::Ed25519),
        }
    }

    /// The key identifier: SHA-1 of the BIT STRING's content (RFC 5280 4.2.1.2, method 1).
    pub fn key_identifier(&self) -> [u8; 20] {
        sha1(&self.subject_public_key)
    }

    /// The SHA-256 of the whole SubjectPublicKeyInfo, under which "was this key ever certified"
    /// is asked.
    ///
    /// The encoding is checked to be the only one for RSA; an EC key must be checked by
    /// [`crate::key_check`] first, which refuses compressed points.
    pub fn spki_sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }
}

/// The number of significant bits of a big-endian number.
pub fn bit_length(number: &[u8]) -> usize {
    let first = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    match number[first..] {
        [] => 0,
        [top, ref rest @ ..] => rest.len() * 8 + (8 - top.leading_zeros() as usize),
    }
}

fn read_numbers(algorithm: &mut Fields<'_>, key: &[u8]) -> Result<KeyNumbers, Error> {
    let kind = algorithm.oid()?;
    if kind == oid::RSA_ENCRYPTION {
        // The parameters are NULL, and must be there (RFC 3279 2.3.1): one key, one encoding.
        if !algorithm.any()?.is_null() {
            return Err(Error::malformed(WHAT, "RSA parameters other than NULL"));
        }
        return read_rsa(key);
    }
    if kind == oid::ED25519 {
        let key = key.to_vec();
        return match key.len() {
            32 => Ok(KeyNumbers::Ed25519 { key }),
            _ => Err(Error::malformed(WHAT, "an Ed25519 key that is not 32 octets")),
        };
    }
    if kind != oid::EC_PUBLIC_KEY {
        return Err(Error::UnsupportedAlgorithm { what: WHAT, oid: kind });
    }
    match algorithm.oid()? {
        oid::P256 => Ok(KeyNumbers::EcP256 { point: key.to_vec() }),
        oid::P384 => Ok(KeyNumbers::EcP384 { point: key.to_vec() }),
        curve => Err(Error::UnsupportedAlgorithm { what: WHAT, oid: curve }),
    }
}

/// RSAPublicKey (RFC 8017 A.1.1).
fn read_rsa(key: &[u8]) -> Result<KeyNumbers, Error> {
    let mut fields = Fields::of_sequence(WHAT, key)?;
    let modulus = magnitude(fields.integer()?)?;
    let exponent = magnitude(fields.integer()?)?;
    fields.finish()?;
    Ok(KeyNumbers::Rsa { modulus, exponent })
}

fn magnitude(content: &[u8]) -> Result<Vec<u8>, Error> {
    match content {
        [0] | [0x80..=0xff, ..] => {
            Err(Error::malformed(WHAT, "an RSA number that is not positive"))
        }
        [0, rest @ ..] => Ok(rest.to_vec()),
        all => Ok(all.to_vec()),
    }
}
