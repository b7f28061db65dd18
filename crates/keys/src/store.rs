//! What every key store promises.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterCheck, DerivedKey};
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
/// - **Never exports**: nothing returns a stored private key in clear. Wrapped, a key leaves once:
///   a CA's to its backup when it is made, a user's to its card when it is deleted.
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

    /// As [`generate`](Self::generate), with a backup that is proven at birth (K4).
    ///
    /// The key is made, wrapped under `backup`, and what is stored is that wrapping unwrapped
    /// again; a signature over a nonce verifies before this returns. The stored key is as little
    /// extractable as any other: there is no second chance to make a backup of it.
    ///
    /// # Errors
    /// As `generate`, and [`KeyError::NoBackup`] from a token that cannot wrap this kind of key.
    fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, KeyError>;

    /// Brings a key back from its backup, into a store that lacks it, and proves it by signing.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`]; [`KeyError::BackupRefused`] when the key does not open the backup
    /// or what is in it is not the key it names.
    fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<PublicKey, KeyError>;

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

    /// Makes users' key pairs ahead of need until `wanted` of them are ready; how many were made.
    ///
    /// Each is durable before the next is begun, so that this may be interrupted at any time. They
    /// have no label: nothing can sign with them here.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmRefused`] for RSA-1024 and for Ed25519.
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError>;

    /// How many users' key pairs are ready.
    ///
    /// # Errors
    /// [`KeyError::Storage`] or [`KeyError::Token`] where a backend has to ask.
    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError>;

    /// Takes a user's key pair that is ready, or makes one now; wraps the private key to the card
    /// and deletes it (K5, A 6.1.1.2, A 6.2.6).
    ///
    /// The private key is PKCS#8 under AES-256 key wrap with padding (RFC 5649). This returns only
    /// after the deletion. A key is marked as leaving before it is wrapped, and what is so marked is
    /// never wrapped again: after a crash the next opening of the store destroys it.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmRefused`] for RSA-1024 and for Ed25519.
    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError>;

    /// Makes a card master key under a new label, with a backup that is proven at birth (K4).
    ///
    /// It is AES-256 and no key pair: it is not among the [`labels`](Self::labels), it signs nothing
    /// and has no public key. Without it every card that was made with it is lost to the system, so
    /// there is none without a backup.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`] for a label that any key has.
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError>;

    /// Brings a card master key back from its backup, into a store that lacks it.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`]; [`KeyError::BackupRefused`] when the key does not open the backup
    /// or what is in it is not the key it names.
    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError>;

    /// Derives a key of the card with this number (NIST SP 800-108, AES-CMAC). The master key itself
    /// stays.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError>;

    /// What tells this card master key from every other; public.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn card_master_check(&self, label: &KeyLabel) -> Result<CardMasterCheck, KeyError> {
        let derived = self.derive_card_key(label, CardKeyPurpose::Check, &[0; 10])?;
        Ok(CardMasterCheck::of(&derived))
    }

    /// The labels of all card master keys, in order.
    ///
    /// # Errors
    /// [`KeyError::Token`] where a backend has to ask a device.
    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError>;

    /// Destroys a key for good, a card master key as well (A 6.2.10).
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError>;

    /// Looks at the medium anew, so that whatever another process made in it is seen. A store that asks
    /// its medium at every use has nothing to do.
    ///
    /// # Errors
    /// The medium cannot be reached.
    fn refresh(&self) -> Result<(), KeyError> {
        Ok(())
    }

    /// The labels of all key pairs, in order.
    ///
    /// # Errors
    /// [`KeyError::Token`] where a backend has to ask a device.
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
