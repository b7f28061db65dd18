//! The twin of the embedded store that forgets everything at its end, for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterKey, DerivedKey};
use crate::error::KeyError;
use crate::held::{self, HeldKeys, HeldMasters};
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::store::{Administer, CardMasters, MakeCardMasters, PublicKey, Sign, UserKeys};
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// A key store without a disk: it keeps the contract of [`KeyStore`](crate::KeyStore) except durability.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    keys: HeldKeys,
    masters: HeldMasters,
    /// Users' keys that are ready, by the name of their algorithm.
    users: Mutex<BTreeMap<&'static str, Vec<KeyPair>>>,
}

impl MemoryKeyStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A label names one key, of whatever kind.
    fn expect_free(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.keys.expect_free(label).and_then(|()| self.masters.expect_free(label))
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<&'static str, Vec<KeyPair>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sign for MemoryKeyStore {
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
}

impl Administer for MemoryKeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.expect_free(label)?;
        let pair = KeyPair::generate(algorithm)?;
        let public_key = pair.public_key().clone();
        self.keys.insert(label.clone(), pair)?;
        Ok(public_key)
    }

    fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, KeyError> {
        self.expect_free(label)?;
        let backed_up = backup.wrap(label, &KeyPair::generate(algorithm)?)?;
        self.restore(&backed_up, backup)?;
        Ok(backed_up)
    }

    fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<PublicKey, KeyError> {
        self.expect_free(&backup.label)?;
        self.keys.insert(backup.label.clone(), key.unwrap(backup)?)?;
        Ok(backup.public_key.clone())
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.keys.remove(label).or_else(|_| self.masters.remove(label))
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        Ok(self.keys.labels())
    }
}

impl UserKeys for MemoryKeyStore {
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError> {
        held::expect_for_users(algorithm)?;
        let mut made = 0;
        while self.prepared_user_keys(algorithm)? < wanted {
            let pair = KeyPair::generate(algorithm)?;
            self.users().entry(algorithm.name()).or_default().push(pair);
            made += 1;
        }
        Ok(made)
    }

    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        Ok(self.users().get(algorithm.name()).map_or(0, Vec::len))
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        held::expect_for_users(algorithm)?;
        let ready = self.users().get_mut(algorithm.name()).and_then(Vec::pop);
        let pair = ready.map_or_else(|| KeyPair::generate(algorithm), Ok)?;
        held::wrap_to_card(&pair, transport)
    }
}

impl CardMasters for MemoryKeyStore {
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.masters.get(label)?.derive(purpose, number)
    }
}

impl MakeCardMasters for MemoryKeyStore {
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError> {
        self.expect_free(label)?;
        let backed_up = backup.wrap_master(label, &CardMasterKey::generate()?)?;
        self.restore_card_master(&backed_up, backup)?;
        Ok(backed_up)
    }

    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError> {
        self.expect_free(&backup.label)?;
        self.masters.insert(backup.label.clone(), key.unwrap_master(backup)?)
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        Ok(self.masters.labels())
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
