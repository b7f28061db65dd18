//! Making key pairs, bringing them back, and destroying keys.

use domain::algorithm::KeyAlgorithm;

use super::PublicKey;
use crate::backup::{BackupKey, KeyBackup};
use crate::error::KeyError;
use crate::label::KeyLabel;

/// Makes the key pairs of a store and ends them; for set-up, ceremonies and key renewal.
///
/// # Contract
/// - **Durability**: [`generate`](Self::generate) returns after the key is on stable storage, so that a
///   public key handed out always has its private key; one that fails left nothing. [`destroy`](Self::destroy)
///   returns after the key is gone from it.
/// - **Signs nothing**, but to prove a key at its birth or return.
pub trait Administer: Send + Sync {
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

    /// Destroys a key for good, a card master key as well (A 6.2.10).
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError>;

    /// The labels of all key pairs, in order.
    ///
    /// # Errors
    /// [`KeyError::Token`] where a backend has to ask a device.
    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError>;

    /// Looks at the medium anew, so that whatever another process made in it is seen. A store that asks
    /// its medium at every use has nothing to do.
    ///
    /// # Errors
    /// The medium cannot be reached.
    fn refresh(&self) -> Result<(), KeyError> {
        Ok(())
    }
}
