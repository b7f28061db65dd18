//! The embedded key store: a directory of sealed files, one for each key (K1).

pub(crate) mod directory;
mod file;
mod pool;
mod rekey;

use std::path::{Path, PathBuf};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use self::pool::Pool;
use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterKey, DerivedKey};
use crate::error::{CorruptFile, KeyError};
use crate::held::{self, HeldKeys, HeldMasters};
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::seal::MasterKey;
use crate::store::{KeyStore, PublicKey};
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// Names the store and proves the master key.
const STORE_FILE: &str = "store.json";

/// A key store in a directory: `store.json`, `LABEL.key` for each key pair,
/// `LABEL.cards` for each card master key, and the pool in `users/`.
///
/// Private keys are PKCS#8 under AES-256-GCM with the master key; label, algorithm and public key
/// are bound to them, so that no file can stand in for another. Opening reads every file and keeps
/// the keys parsed in memory.
///
/// Several processes may have one store open to sign. Changes exclude each other by a file lock; a
/// key made or destroyed by another process is seen at the next opening.
#[derive(Debug)]
pub struct EmbeddedKeyStore {
    directory: PathBuf,
    master: MasterKey,
    keys: HeldKeys,
    masters: HeldMasters,
    pool: Pool,
}

impl EmbeddedKeyStore {
    /// Makes an empty store in `directory`, which must not hold one, and opens it.
    ///
    /// # Errors
    /// [`KeyError::Directory`] when there is a store already; [`KeyError::Storage`].
    pub fn init(directory: &Path, master: MasterKey) -> Result<Self, KeyError> {
        directory::create(directory)?;
        let path = directory.join(STORE_FILE);
        if path.exists() {
            let rule = "holds a key store already";
            return Err(KeyError::Directory { path: directory.to_owned(), rule });
        }
        directory::write_durably(&path, &file::seal_store(&master)?)?;
        Ok(Self::with(directory, master, HeldKeys::default(), HeldMasters::default()))
    }

    /// Opens a store and checks every file of it.
    ///
    /// # Errors
    /// [`KeyError::Directory`] where there is no store, [`KeyError::WrongMasterKey`],
    /// [`KeyError::Corrupt`] with all files that are not what was written, [`KeyError::Storage`].
    pub fn open(directory: &Path, master: MasterKey) -> Result<Self, KeyError> {
        check_store_file(directory, &master)?;
        let (keys, masters) = (HeldKeys::default(), HeldMasters::default());
        let mut corrupt = Vec::new();
        let read = |label: &KeyLabel, contents: &[u8]| file::open_key(&master, label, contents);
        for (label, pair) in read_files(directory, directory::KEY_SUFFIX, &mut corrupt, read)? {
            keys.insert(label, pair)?;
        }
        let read = |label: &KeyLabel, contents: &[u8]| file::open_master(&master, label, contents);
        for (label, key) in read_files(directory, directory::MASTER_SUFFIX, &mut corrupt, read)? {
            masters.insert(label, key)?;
        }
        if !corrupt.is_empty() {
            return Err(KeyError::Corrupt(corrupt));
        }
        let store = Self::with(directory, master, keys, masters);
        store.pool.erase_leaving()?;
        Ok(store)
    }

    fn with(directory: &Path, master: MasterKey, keys: HeldKeys, masters: HeldMasters) -> Self {
        let pool = Pool::new(directory, directory.join(STORE_FILE));
        Self { directory: directory.to_owned(), master, keys, masters, pool }
    }

    /// A label names one key, of whatever kind.
    fn expect_free(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.keys.expect_free(label).and_then(|()| self.masters.expect_free(label))
    }

    /// Stores a key under a label that is free, durably.
    fn keep(&self, label: &KeyLabel, pair: KeyPair) -> Result<PublicKey, KeyError> {
        let public_key = pair.public_key().clone();
        let contents = file::seal_key(&self.master, label, &pair)?;
        let _change = directory::lock(&self.directory.join(STORE_FILE))?;
        self.expect_no_file(label)?;
        directory::write_durably(&self.key_path(label), &contents)?;
        self.keys.insert(label.clone(), pair)?;
        Ok(public_key)
    }

    /// Stores a card master key under a label that is free, durably.
    fn keep_master(&self, label: &KeyLabel, key: CardMasterKey) -> Result<(), KeyError> {
        let contents = file::seal_master(&self.master, label, &key)?;
        let _change = directory::lock(&self.directory.join(STORE_FILE))?;
        self.expect_no_file(label)?;
        directory::write_durably(&self.master_path(label), &contents)?;
        self.masters.insert(label.clone(), key)
    }

    /// Refuses a label that another process has used meanwhile.
    fn expect_no_file(&self, label: &KeyLabel) -> Result<(), KeyError> {
        if self.key_path(label).exists() || self.master_path(label).exists() {
            return Err(KeyError::LabelTaken(label.clone()));
        }
        Ok(())
    }

    fn key_path(&self, label: &KeyLabel) -> PathBuf {
        self.directory.join(format!("{label}{}", directory::KEY_SUFFIX))
    }

    fn master_path(&self, label: &KeyLabel) -> PathBuf {
        self.directory.join(format!("{label}{}", directory::MASTER_SUFFIX))
    }
}

impl KeyStore for EmbeddedKeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.expect_free(label)?;
        // Made before the lock is taken: finding primes takes long.
        self.keep(label, KeyPair::generate(algorithm)?)
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
        self.keep(&backup.label, key.unwrap(backup)?)
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

    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError> {
        held::expect_for_users(algorithm)?;
        let mut made = 0;
        while self.pool.count(algorithm)? < wanted {
            let pair = KeyPair::generate(algorithm)?;
            made += usize::from(self.pool.add(&self.master, &pair, wanted)?);
        }
        Ok(made)
    }

    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        self.pool.count(algorithm)
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        held::expect_for_users(algorithm)?;
        let Some(leaving) = self.pool.take(&self.master, algorithm)? else {
            return held::wrap_to_card(&KeyPair::generate(algorithm)?, transport);
        };
        let wrapped = held::wrap_to_card(&leaving.pair, transport);
        self.pool.erase(leaving)?;
        wrapped
    }

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
        self.keep_master(&backup.label, key.unwrap_master(backup)?)
    }

    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.masters.get(label)?.derive(purpose, number)
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        Ok(self.masters.labels())
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        let is_master = self.masters.get(label).is_ok();
        if !is_master {
            self.keys.get(label)?;
        }
        let _change = directory::lock(&self.directory.join(STORE_FILE))?;
        if is_master {
            directory::erase(&self.master_path(label))?;
            return self.masters.remove(label);
        }
        directory::erase(&self.key_path(label))?;
        self.keys.remove(label)
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        Ok(self.keys.labels())
    }
}

/// Tells a directory without a store and a wrong master key from corruption.
fn check_store_file(directory: &Path, master: &MasterKey) -> Result<(), KeyError> {
    let path = directory.join(STORE_FILE);
    if !path.exists() {
        let rule = "holds no key store";
        return Err(KeyError::Directory { path: directory.to_owned(), rule });
    }
    let contents = directory::read(&path)?;
    match file::opens_store(master, &contents) {
        Ok(true) => Ok(()),
        Ok(false) => Err(KeyError::WrongMasterKey(directory.to_owned())),
        Err(reason) => {
            Err(KeyError::Corrupt(vec![CorruptFile { name: STORE_FILE.to_owned(), reason }]))
        }
    }
}

/// What stands in the files of a kind, by label; what is not as it was written goes to `corrupt`.
fn read_files<T>(
    directory: &Path,
    suffix: &str,
    corrupt: &mut Vec<CorruptFile>,
    read: impl Fn(&KeyLabel, &[u8]) -> Result<T, &'static str>,
) -> Result<Vec<(KeyLabel, T)>, KeyError> {
    let mut found = Vec::new();
    for name in directory::names_ending(directory, suffix)? {
        let contents = directory::read(&directory.join(&name))?;
        let label = name.strip_suffix(suffix).unwrap_or(&name).parse::<KeyLabel>();
        let stands = match label {
            Ok(label) => read(&label, &contents).map(|key| (label, key)),
            Err(_) => Err("its name is not a key label"),
        };
        match stands {
            Ok(key) => found.push(key),
            Err(reason) => corrupt.push(CorruptFile { name, reason }),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_the_embedded_store_keeps_the_contract() {
        let directory = tempfile::tempdir().expect("a directory");
        let master = MasterKey::generate().expect("randomness");
        let store = EmbeddedKeyStore::init(directory.path(), master).expect("a store");
        crate::contract::check(&store);
    }
}
