//! Signatures of a token: the hash is made here, so that long messages never cross PKCS#11.

use aws_lc_rs::digest::{self, SHA256, SHA384};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use super::connection::Fault;
use super::objects::{Access, TokenKey};
use super::public;
use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::proof;

/// The DER of DigestInfo up to the digest, for SHA-256 (RFC 8017 9.2, note 1).
const SHA256_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// The same for SHA-384.
const SHA384_INFO: &[u8] = &[
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
    0x00, 0x04, 0x30,
];

/// The digest that a signature is made over.
pub(super) fn hash(algorithm: SignatureAlgorithm, message: &[u8]) -> digest::Digest {
    digest::digest(hash_of(algorithm), message)
}

/// Refuses a digest that is not of the signature's hash.
pub(super) fn expect_digest(algorithm: SignatureAlgorithm, digest: &[u8]) -> Result<(), KeyError> {
    let (expected, received) = (hash_of(algorithm).output_len(), digest.len());
    if expected == received {
        return Ok(());
    }
    Err(KeyError::DigestLength { signature: algorithm, expected, received })
}

impl Access<'_> {
    /// Signs a digest with a labelled key.
    pub(super) fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let key = self.key(label)?;
        if !algorithm.fits(key.public_key.algorithm) {
            return Err(KeyError::SignatureMismatch {
                label: label.clone(),
                key: key.public_key.algorithm,
                signature: algorithm,
            }
            .into());
        }
        self.sign_with(&key, algorithm, digest)
    }

    /// Signs a checkpoint with a labelled key.
    pub(super) fn sign_checkpoint(
        &self,
        label: &KeyLabel,
        message: &[u8],
    ) -> Result<[u8; 64], Fault> {
        let key = self.key(label)?;
        if key.public_key.algorithm != KeyAlgorithm::Ed25519 {
            let key = key.public_key.algorithm;
            return Err(KeyError::NotForCheckpoints { label: label.clone(), key }.into());
        }
        let signature = self.sign_pure(&key, message)?;
        signature.try_into().map_err(|_| self.refuse("its signature is of a wrong length").into())
    }

    /// Proves by a signature that the two halves of a key belong together.
    pub(super) fn prove(&self, key: &TokenKey) -> Result<(), Fault> {
        let nonce = proof::nonce()?;
        let signature = match key.public_key.algorithm {
            KeyAlgorithm::Ed25519 => self.sign_pure(key, &nonce)?,
            KeyAlgorithm::EcP256 => {
                self.sign_message(key, SignatureAlgorithm::EcdsaSha256, &nonce)?
            }
            KeyAlgorithm::EcP384 => {
                self.sign_message(key, SignatureAlgorithm::EcdsaSha384, &nonce)?
            }
            _ => self.sign_message(key, SignatureAlgorithm::RsaSha256, &nonce)?,
        };
        Ok(proof::check(&key.public_key, &nonce, &signature)?)
    }

    fn sign_message(
        &self,
        key: &TokenKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        self.sign_with(key, algorithm, hash(algorithm, message).as_ref())
    }

    fn sign_with(
        &self,
        key: &TokenKey,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let info = match algorithm {
            SignatureAlgorithm::RsaSha256 => SHA256_INFO,
            SignatureAlgorithm::RsaSha384 => SHA384_INFO,
            SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 => {
                let raw = self.session.sign(&Mechanism::Ecdsa, key.private, digest)?;
                return public::ecdsa_signature(&raw)
                    .ok_or_else(|| self.refuse("its signature is of a wrong length").into());
            }
        };
        Ok(self.session.sign(&Mechanism::RsaPkcs, key.private, &[info, digest].concat())?)
    }

    fn sign_pure(&self, key: &TokenKey, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let scheme = EddsaParams::new(EddsaSignatureScheme::Ed25519);
        Ok(self.session.sign(&Mechanism::Eddsa(scheme), key.private, message)?)
    }
}

fn hash_of(algorithm: SignatureAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => &SHA256,
        SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::EcdsaSha384 => &SHA384,
    }
}
