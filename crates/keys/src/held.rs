//! Parsed keys in memory, shared by all threads that sign.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::card_master::CardMasterKey;
use crate::error::KeyError;
use crate::hex;
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::store::PublicKey;
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// The keys of an open store. The lock guards the table alone and is never held while signing.
///
/// A thread that panics leaves the table whole (each change is one insertion or removal), so a
/// poisoned lock is taken over.
pub(crate) struct Held<T>(RwLock<BTreeMap<KeyLabel, Arc<T>>>);

/// The key pairs of an open store.
pub(crate) type HeldKeys = Held<KeyPair>;

/// The card master keys of an open store.
pub(crate) type HeldMasters = Held<CardMasterKey>;

impl<T> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:?})", self.labels())
    }
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Held<T> {
    /// The key of a label.
    pub(crate) fn get(&self, label: &KeyLabel) -> Result<Arc<T>, KeyError> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.get(label).cloned().ok_or_else(|| KeyError::UnknownLabel(label.clone()))
    }

    /// Refuses a label that exists.
    pub(crate) fn expect_free(&self, label: &KeyLabel) -> Result<(), KeyError> {
        match self.get(label) {
            Ok(_) => Err(KeyError::LabelTaken(label.clone())),
            Err(_) => Ok(()),
        }
    }

    /// Adds a key under a label that is free.
    pub(crate) fn insert(&self, label: KeyLabel, key: T) -> Result<(), KeyError> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if table.contains_key(&label) {
            return Err(KeyError::LabelTaken(label));
        }
        table.insert(label, Arc::new(key));
        Ok(())
    }

    /// Takes a key out; signatures under way with it come to their end.
    pub(crate) fn remove(&self, label: &KeyLabel) -> Result<(), KeyError> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let removed = table.remove(label).map(drop);
        removed.ok_or_else(|| KeyError::UnknownLabel(label.clone()))
    }

    /// The labels, in order.
    pub(crate) fn labels(&self) -> Vec<KeyLabel> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl HeldKeys {
    /// The public key of a label.
    pub(crate) fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        Ok(self.get(label)?.public_key().clone())
    }

    /// Signs a message.
    pub(crate) fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.get(label)?.sign(label, algorithm, message)
    }

    /// Signs a message by its digest.
    pub(crate) fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.get(label)?.sign_digest(label, algorithm, digest)
    }

    /// Signs a checkpoint.
    pub(crate) fn sign_checkpoint(
        &self,
        label: &KeyLabel,
        message: &[u8],
    ) -> Result<[u8; 64], KeyError> {
        self.get(label)?.sign_checkpoint(label, message)
    }
}

/// Refuses the algorithms in which no user's key is made.
pub(crate) fn expect_for_users(algorithm: KeyAlgorithm) -> Result<(), KeyError> {
    match algorithm {
        KeyAlgorithm::Ed25519 => {
            let rule = "no certificate is issued for Ed25519";
            Err(KeyError::AlgorithmRefused { algorithm, rule })
        }
        _ => expect_made_here(algorithm),
    }
}

/// Refuses the algorithm in which no key is made by any store.
pub(crate) fn expect_made_here(algorithm: KeyAlgorithm) -> Result<(), KeyError> {
    match algorithm {
        KeyAlgorithm::Rsa1024 => {
            let rule = "RSA-1024 is for the window's key pair generator alone (S 6-1-2-3)";
            Err(KeyError::AlgorithmRefused { algorithm, rule })
        }
        _ => Ok(()),
    }
}

/// How the names of all keys of one algorithm begin in the pool of users' keys.
pub(crate) fn pool_prefix(algorithm: KeyAlgorithm) -> String {
    format!("{}-user-", algorithm.name())
}

/// A new name in the pool, never to be guessed or used twice.
pub(crate) fn pool_label(algorithm: KeyAlgorithm) -> Result<KeyLabel, KeyError> {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| KeyError::Provider("naming a user's key"))?;
    let text = pool_prefix(algorithm) + &hex::encode(&id);
    text.parse().map_err(|_| KeyError::Provider("naming a user's key"))
}

/// Wraps a user's key pair to its card (K5).
pub(crate) fn wrap_to_card(
    pair: &KeyPair,
    transport: &TransportKey,
) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
    let wrapped = transport.wrap(&pair.to_pkcs8()?)?;
    Ok((pair.public_key().clone(), wrapped))
}
