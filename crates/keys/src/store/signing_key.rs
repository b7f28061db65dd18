//! One key, in the hand of whoever signs with that and nothing else.

use std::fmt;
use std::sync::Arc;

use domain::algorithm::SignatureAlgorithm;

use super::{PublicKey, Sign};
use crate::error::KeyError;
use crate::label::KeyLabel;

/// One key of a store: it signs, and its public half is told. Of the store's other keys nothing can be
/// had by it, and the key outlives it.
///
/// ```
/// # use domain::algorithm::SignatureAlgorithm;
/// # use jitsuin_keys::{KeyError, SigningKey};
/// fn answer(key: &SigningKey, tbs: &[u8]) -> Result<Vec<u8>, KeyError> {
///     key.sign(SignatureAlgorithm::RsaSha256, tbs)
/// }
/// ```
///
/// The key cannot be destroyed by it. By the whole store it can:
///
/// ```
/// # use jitsuin_keys::{KeyError, KeyLabel, KeyStore};
/// fn end(store: &dyn KeyStore, label: &KeyLabel) -> Result<(), KeyError> {
///     store.destroy(label)
/// }
/// ```
/// ```compile_fail,E0599
/// # use jitsuin_keys::{Administer, KeyError, KeyLabel, SigningKey};
/// fn end(key: &SigningKey, label: &KeyLabel) -> Result<(), KeyError> {
///     key.destroy(label)
/// }
/// ```
///
/// No other key signs by it, as the label is chosen by whoever hands it out:
///
/// ```
/// # use domain::algorithm::SignatureAlgorithm;
/// # use jitsuin_keys::{KeyError, KeyLabel, Sign};
/// fn other(keys: &dyn Sign, label: &KeyLabel, tbs: &[u8]) -> Result<Vec<u8>, KeyError> {
///     keys.sign(label, SignatureAlgorithm::RsaSha256, tbs)
/// }
/// ```
/// ```compile_fail,E0061
/// # use domain::algorithm::SignatureAlgorithm;
/// # use jitsuin_keys::{KeyError, KeyLabel, Sign, SigningKey};
/// fn other(keys: &SigningKey, label: &KeyLabel, tbs: &[u8]) -> Result<Vec<u8>, KeyError> {
///     keys.sign(label, SignatureAlgorithm::RsaSha256, tbs)
/// }
/// ```
///
/// Nor is it a store, which others could be made of:
///
/// ```
/// # use std::sync::Arc;
/// # use jitsuin_keys::{MemoryKeyStore, Sign};
/// fn all(keys: MemoryKeyStore) -> Arc<dyn Sign> {
///     Arc::new(keys)
/// }
/// ```
/// ```compile_fail,E0277
/// # use std::sync::Arc;
/// # use jitsuin_keys::{Sign, SigningKey};
/// fn all(keys: SigningKey) -> Arc<dyn Sign> {
///     Arc::new(keys)
/// }
/// ```
#[derive(Clone)]
pub struct SigningKey {
    keys: Arc<dyn Sign>,
    label: KeyLabel,
}

impl SigningKey {
    /// The key of this label, which need not be there yet.
    pub fn new(keys: Arc<dyn Sign>, label: KeyLabel) -> Self {
        Self { keys, label }
    }

    /// Its public key.
    ///
    /// # Errors
    /// As [`Sign::public_key`].
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        self.keys.public_key(&self.label)
    }

    /// Signs `message`, as [`Sign::sign`].
    ///
    /// # Errors
    /// As [`Sign::sign`].
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.keys.sign(&self.label, algorithm, message)
    }

    /// Signs a journal checkpoint, as [`Sign::sign_checkpoint`].
    ///
    /// # Errors
    /// As [`Sign::sign_checkpoint`].
    pub fn sign_checkpoint(&self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.keys.sign_checkpoint(&self.label, message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.label)
    }
}
