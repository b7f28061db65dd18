//! What every key store promises.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// A place where private keys live and are used, and which they never leave (K1).
///
/// # Contract
/// - **Durability**: [`generate`](Self::generate) returns after the key is on stable storage, so
///   that a public key handed out always has its private key. [`destroy`](Self::destroy) returns
///   after the key is gone from it.
/// - **Who may call**: the CA's signer and the OCSP responder, each with the labels it was given.
///   The store knows no people; the quorum of custodians (K2) stands before the opening of it.
/// - **Never exports**: nothing returns a stored private key, in clear or wrapped.
/// - **Concurrency**: every method may be called from any thread. Signing holds no lock while the
///   provider computes, and neither waits for a key generation nor for a disk.
/// - **Retries**: none here. A signature may be asked for again; a failed `generate` left nothing.
pub trait KeyStore: Send + Sync {
    /// Makes a key pair under a new label and returns its public key.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`] for a label that exists, [`KeyError::AlgorithmRefused`] for
    /// RSA-1024, which only the window's generator may make (S 6-1-2).
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError>;

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

    /// Makes a holder's key pair, wraps the private key to the card, and forgets it (K5, A 6.1.1.2).
    ///
    /// The private key is PKCS#8 under AES-256 key wrap with padding (RFC 5649). It has no label and
    /// is never stored, so it can be neither signed with here nor wrapped a second time.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmRefused`] for RSA-1024 and for Ed25519.
    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError>;

    /// Destroys a key for good (A 6.2.10).
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError>;

    /// The labels of all keys, in order.
    ///
    /// # Errors
    /// [`KeyError::Storage`] where a backend has to ask a device.
    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError>;
}

/// A public key, as certificates carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The DER of SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub spki_der: Vec<u8>,
}
