//! Using keys that are there.

use domain::algorithm::SignatureAlgorithm;

use super::PublicKey;
use crate::error::KeyError;
use crate::label::KeyLabel;

/// Uses the key pairs of a store, each by its label; for the CA's signer, and for whoever is given one of
/// them as a [`SigningKey`](crate::SigningKey).
///
/// # Contract
/// - **Makes and ends nothing**: after any call the store has the keys that it had.
/// - **Concurrency**: signing holds no lock while the provider computes, and waits neither for a key
///   generation nor for a disk.
/// - **Retries**: a signature may be asked for again.
pub trait Sign: Send + Sync {
    /// The public key of a label.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError>;

    /// Signs `message`: RSA as PKCS#1 v1.5, ECDSA as the DER of Ecdsa-Sig-Value (RFC 3279 2.2.3).
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`]; [`KeyError::SignatureMismatch`] when the key is of another kind.
    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError>;

    /// Signs a message by its digest, for lists too long to be held in memory.
    ///
    /// The signature is the one [`sign`](Self::sign) makes over the message. The digest is trusted:
    /// it must come from this program's own hashing of bytes that were checked. A FIPS 140-3 module
    /// does not allow this service; such a build has to sign the message.
    ///
    /// # Errors
    /// As `sign`, and [`KeyError::DigestLength`] when the digest is not of the algorithm's hash.
    fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError>;

    /// Signs a journal checkpoint with an Ed25519 key (C2SP signed-note).
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`]; [`KeyError::NotForCheckpoints`] for a key of another kind.
    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError>;
}
