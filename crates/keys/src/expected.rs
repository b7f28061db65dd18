//! Keys that somebody knows by a record of their own, and how a store proves that it has them.

use domain::algorithm::SignatureAlgorithm;

use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::proof;
use crate::store::Sign;

/// What is signed begins with this: no certificate, list or answer does, each being a SEQUENCE.
const CHALLENGE: &[u8] = b"jitsuin proof of possession 1\0";

/// A key as its owner's own record has it: what a store says of its public key proves nothing, since
/// whoever writes the store's files or objects writes that as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedKey {
    /// Its label in the store.
    pub label: KeyLabel,
    /// The public key under which it is certified, SubjectPublicKeyInfo in DER.
    pub spki_der: Vec<u8>,
    /// What it signs with.
    pub signature: SignatureAlgorithm,
}

impl ExpectedKey {
    /// Has the store sign something new with the key, and verifies that under the record's public key.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`] when the store has no key of the label; [`KeyError::OtherKey`]; as
    /// [`Sign::sign`].
    pub fn prove(&self, store: &dyn Sign) -> Result<(), KeyError> {
        let message = [CHALLENGE, &proof::nonce()?].concat();
        let signature = match store.sign(&self.label, self.signature, &message) {
            Err(KeyError::SignatureMismatch { label, .. }) => {
                return Err(KeyError::OtherKey(label));
            }
            signature => signature?,
        };
        match proof::verifies(self.signature, &self.spki_der, &message, &signature) {
            true => Ok(()),
            false => Err(KeyError::OtherKey(self.label.clone())),
        }
    }
}

/// The keys for which a store is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedKeys {
    keys: Vec<ExpectedKey>,
    may_all_be_missing: bool,
}

impl ExpectedKeys {
    /// At least one of these; without any, a store in which no key was made yet.
    pub fn some_of(keys: Vec<ExpectedKey>) -> Self {
        Self { keys, may_all_be_missing: false }
    }

    /// These, of which every one may be missing, because they are to come back from backups.
    pub fn to_come_back(keys: Vec<ExpectedKey>) -> Self {
        Self { keys, may_all_be_missing: true }
    }

    /// Has every one that is there prove itself; those that are missing, or whose file is damaged, which
    /// keeps no other key asleep.
    ///
    /// # Errors
    /// As [`ExpectedKey::prove`] for the first that does not; [`KeyError::NoneOfThem`].
    pub fn prove(&self, store: &dyn Sign) -> Result<Vec<KeyLabel>, KeyError> {
        let mut missing = Vec::new();
        for key in &self.keys {
            match key.prove(store) {
                Ok(()) => {}
                Err(KeyError::UnknownLabel(_) | KeyError::Corrupt(_)) => {
                    missing.push(key.label.clone());
                }
                Err(error) => return Err(error),
            }
        }
        let has_none = !missing.is_empty() && missing.len() == self.keys.len();
        match has_none && !self.may_all_be_missing {
            true => Err(KeyError::NoneOfThem),
            false => Ok(missing),
        }
    }
}
