//! The twin of the embedded store that forgets everything at its end, for tests.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::error::KeyError;
use crate::held::{self, HeldKeys};
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::store::{KeyStore, PublicKey};
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// A key store without a disk: it keeps the contract of [`KeyStore`] except durability.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    keys: HeldKeys,
}

impl MemoryKeyStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl KeyStore for MemoryKeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.keys.expect_free(label)?;
        let pair = KeyPair::generate(algorithm)?;
        let public_key = pair.public_key().clone();
        self.keys.insert(label.clone(), pair)?;
        Ok(public_key)
    }

    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        self.keys.public_key(label)
    }

    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.keys.sign(label, algorithm, message)
    }

    fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.keys.sign_digest(label, algorithm, digest)
    }

    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.keys.sign_checkpoint(label, message)
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        held::generate_for_card(algorithm, transport)
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.keys.remove(label)
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        Ok(self.keys.labels())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_the_memory_store_keeps_the_contract() {
        crate::contract::check(&MemoryKeyStore::new());
    }
}
