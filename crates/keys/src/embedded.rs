//! The embedded key store: a directory of sealed files, one for each key (K1).

mod cache;
pub(crate) mod directory;
mod file;
mod pool;
mod rekey;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use self::cache::Cache;
use self::pool::Pool;
use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterKey, DerivedKey};
use crate::error::{CorruptFile, KeyError};
use crate::held;
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::seal::MasterKey;
use crate::store::{Administer, CardMasters, MakeCardMasters, PublicKey, Sign, UserKeys};
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// Names the store and proves the master key.
const STORE_FILE: &str = "store.json";

/// A key store in a directory: `store.json`, `LABEL.key` for each key pair,
/// `LABEL.cards` for each card master key, and the pool in `users/`.
///
/// Private keys are PKCS#8 under AES-256-GCM with the master key; label, algorithm and public key
/// are bound to them, so that no file can stand in for another. A file that is not as it was written
/// keeps its own key from being used, and no other; a key is kept parsed for as long as its file is
/// the same one.
///
/// Several processes may have one store open. Changes exclude each other by a file lock, and what one
/// process makes, brings back, seals anew or destroys, every other sees at its next use.
#[derive(Debug)]
pub struct EmbeddedKeyStore {
    directory: PathBuf,
    master: MasterKey,
    keys: Cache<KeyPair>,
    masters: Cache<CardMasterKey>,
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
        Ok(Self::with(directory, master))
    }

    /// Opens a store. What a file of it holds is found when its key is used.
    ///
    /// # Errors
    /// [`KeyError::Directory`] where there is no store, [`KeyError::WrongMasterKey`],
    /// [`KeyError::Corrupt`] for a store file that is none, [`KeyError::Storage`].
    pub fn open(directory: &Path, master: MasterKey) -> Result<Self, KeyError> {
        check_store_file(directory, &master)?;
        let store = Self::with(directory, master);
        store.pool.erase_leaving()?;
        Ok(store)
    }

    /// The files in a directory that hold, or may hold, the key of a label, whether a store is there or not:
    /// whoever looks for them needs no master key.
    ///
    /// # Errors
    /// [`KeyError::Storage`].
    pub fn files_of(directory: &Path, label: &KeyLabel) -> Result<Vec<PathBuf>, KeyError> {
        let mut files = directory::left_of(directory, label)?;
        let whole = [directory::KEY_SUFFIX, directory::MASTER_SUFFIX];
        let whole = whole.map(|suffix| directory.join(format!("{label}{suffix}")));
        files.extend(whole.into_iter().filter(|file| file.exists()));
        Ok(files)
    }

    fn with(directory: &Path, master: MasterKey) -> Self {
        let pool = Pool::new(directory, directory.join(STORE_FILE));
        let (keys, masters) = (Cache::default(), Cache::default());
        Self { directory: directory.to_owned(), master, keys, masters, pool }
    }

    /// The key pair of a label, as its file has it now.
    fn key(&self, label: &KeyLabel) -> Result<Arc<KeyPair>, KeyError> {
        self.keys.get(label, &self.key_path(label), &self.lock_file(), |contents| {
            let opened = file::open_key(&self.master, label, contents);
            opened.map_err(|reason| self.unreadable(label, directory::KEY_SUFFIX, reason))
        })
    }

    /// The card master key of a label, as its file has it now.
    fn master(&self, label: &KeyLabel) -> Result<Arc<CardMasterKey>, KeyError> {
        self.masters.get(label, &self.master_path(label), &self.lock_file(), |contents| {
            let opened = file::open_master(&self.master, label, contents);
            opened.map_err(|reason| self.unreadable(label, directory::MASTER_SUFFIX, reason))
        })
    }

    /// A file that does not open: the store was put under another master key meanwhile, or it is
    /// corrupt.
    fn unreadable(&self, label: &KeyLabel, suffix: &str, reason: &'static str) -> KeyError {
        match check_store_file(&self.directory, &self.master) {
            Ok(()) => {
                KeyError::Corrupt(vec![CorruptFile { name: format!("{label}{suffix}"), reason }])
            }
            Err(error) => error,
        }
    }

    /// The labels of all files of a kind, in order; a file whose name is no label is none of ours.
    fn labels_of(&self, suffix: &str) -> Result<Vec<KeyLabel>, KeyError> {
        let names = directory::names_ending(&self.directory, suffix)?;
        let label = |name: &String| name.strip_suffix(suffix).unwrap_or(name).parse().ok();
        let mut labels: Vec<KeyLabel> = names.iter().filter_map(label).collect();
        labels.sort();
        Ok(labels)
    }

    /// Stores a key under a label that is free, durably.
    fn keep(&self, label: &KeyLabel, pair: &KeyPair) -> Result<PublicKey, KeyError> {
        let public_key = pair.public_key().clone();
        let contents = file::seal_key(&self.master, label, pair)?;
        let _change = directory::lock(&self.lock_file())?;
        self.expect_free(label)?;
        directory::write_durably(&self.key_path(label), &contents)?;
        Ok(public_key)
    }

    /// Stores a card master key under a label that is free, durably.
    fn keep_master(&self, label: &KeyLabel, key: &CardMasterKey) -> Result<(), KeyError> {
        let contents = file::seal_master(&self.master, label, key)?;
        let _change = directory::lock(&self.lock_file())?;
        self.expect_free(label)?;
        directory::write_durably(&self.master_path(label), &contents)
    }

    /// Gives the file of a key that is damaged another name, so that its backup can take its place.
    fn set_damaged_aside<T>(
        &self,
        path: &Path,
        opened: &Result<T, KeyError>,
    ) -> Result<(), KeyError> {
        if !matches!(opened, Err(KeyError::Corrupt(_))) {
            return Ok(());
        }
        let _change = directory::lock(&self.lock_file())?;
        let aside =
            (1_u32..).map(|number| path.with_extension(format!("{}{number}", directory::DAMAGED)));
        let free = aside.into_iter().find(|aside| !aside.exists());
        let action = "set aside";
        let failed = |source| KeyError::Storage { action, path: path.to_owned(), source };
        free.map_or(Ok(()), |aside| std::fs::rename(path, aside)).map_err(failed)
    }

    /// A label names one key, of whatever kind, whoever made it.
    fn expect_free(&self, label: &KeyLabel) -> Result<(), KeyError> {
        if self.key_path(label).exists() || self.master_path(label).exists() {
            return Err(KeyError::LabelTaken(label.clone()));
        }
        Ok(())
    }

    /// Locked by whoever changes the store.
    fn lock_file(&self) -> PathBuf {
        self.directory.join(STORE_FILE)
    }

    fn key_path(&self, label: &KeyLabel) -> PathBuf {
        self.directory.join(format!("{label}{}", directory::KEY_SUFFIX))
    }

    fn master_path(&self, label: &KeyLabel) -> PathBuf {
        self.directory.join(format!("{label}{}", directory::MASTER_SUFFIX))
    }
}

impl Sign for EmbeddedKeyStore {
    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        Ok(self.key(label)?.public_key().clone())
    }

    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.key(label)?.sign(label, algorithm, message)
    }

    fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.key(label)?.sign_digest(label, algorithm, digest)
    }

    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.key(label)?.sign_checkpoint(label, message)
    }
}

impl Administer for EmbeddedKeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.expect_free(label)?;
        // Made before the lock is taken: finding primes takes long.
        self.keep(label, &KeyPair::generate(algorithm)?)
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
        let pair = key.unwrap(backup)?;
        self.set_damaged_aside(&self.key_path(&backup.label), &self.key(&backup.label))?;
        self.keep(&backup.label, &pair)
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        let _change = directory::lock(&self.lock_file())?;
        // What a cut left of a writing, and what was set aside, hold the key as well.
        for left in directory::left_of(&self.directory, label)? {
            directory::erase(&left)?;
        }
        let path = [self.key_path(label), self.master_path(label)].into_iter().find(|p| p.exists());
        directory::erase(&path.ok_or_else(|| KeyError::UnknownLabel(label.clone()))?)?;
        self.keys.forget(label);
        self.masters.forget(label);
        Ok(())
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.labels_of(directory::KEY_SUFFIX)
    }
}

impl UserKeys for EmbeddedKeyStore {
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
}

impl CardMasters for EmbeddedKeyStore {
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.master(label)?.derive(purpose, number)
    }
}

impl MakeCardMasters for EmbeddedKeyStore {
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
        let (label, master) = (&backup.label, key.unwrap_master(backup)?);
        self.set_damaged_aside(&self.master_path(label), &self.master(label))?;
        self.keep_master(label, &master)
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.labels_of(directory::MASTER_SUFFIX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExpectedKey, ExpectedKeys};

    #[test]
    fn k4_a_key_whose_file_is_damaged_comes_back_from_its_backup_and_the_file_is_kept() {
        let (directory, here, _there) = two_processes();
        let (label, backup) = ("ca-1".parse().expect("a label"), BackupKey::new(&[9; 32]));
        let kept = here.generate_with_backup(&label, KeyAlgorithm::EcP256, &backup).expect("made");
        let file = directory.path().join("ca-1.key");
        let whole = std::fs::read(&file).expect("the file");
        std::fs::write(&file, &whole[..100]).expect("torn");
        assert!(matches!(here.public_key(&label), Err(KeyError::Corrupt(_))));
        here.restore(&kept, &backup).expect("it comes back");
        here.sign(&label, SignatureAlgorithm::EcdsaSha256, b"a message").expect("it signs");
        let aside = std::fs::read(directory.path().join("ca-1.damaged-1")).expect("set aside");
        assert_eq!(aside, whole[..100]);
        let again = here.restore(&kept, &backup);
        assert!(matches!(again, Err(KeyError::LabelTaken(_))), "a sound key is not replaced");
    }

    #[test]
    fn k4_a_card_master_key_whose_file_is_damaged_comes_back_from_its_backup() {
        let (directory, here, _there) = two_processes();
        let (label, backup) = ("cards-1".parse().expect("a label"), BackupKey::new(&[9; 32]));
        let kept = here.generate_card_master(&label, &backup).expect("made");
        let file = directory.path().join("cards-1.cards");
        let whole = std::fs::read(&file).expect("the file");
        std::fs::write(&file, &whole[1..]).expect("torn");
        assert!(matches!(here.card_master_check(&label), Err(KeyError::Corrupt(_))));
        here.restore_card_master(&kept, &backup).expect("it comes back");
        assert_eq!(here.card_master_check(&label).expect("a key"), kept.check);
        assert!(directory.path().join("cards-1.damaged-1").exists(), "it is kept");
        let again = here.restore_card_master(&kept, &backup);
        assert!(matches!(again, Err(KeyError::LabelTaken(_))), "a sound key is not replaced");
    }

    #[test]
    fn k9_what_a_cut_left_of_a_key_ends_with_it() {
        let (directory, here, _there) = two_processes();
        let [label, other] = ["ca-1", "ca-10"].map(|name| name.parse().expect("a label"));
        for label in [&label, &other] {
            here.generate(label, KeyAlgorithm::EcP256).expect("made");
        }
        let path = |name: &str| directory.path().join(name);
        let leave = || {
            for left in [".ca-1.key.new", "ca-1.damaged-1", "ca-1.damaged-2"] {
                std::fs::copy(path("ca-10.key"), path(left)).expect("left");
            }
        };
        let files = || directory::names_ending(directory.path(), "").expect("listed");
        leave();
        let of = |label| EmbeddedKeyStore::files_of(directory.path(), label).expect("listed").len();
        assert_eq!((of(&label), of(&other)), (4, 1));
        here.destroy(&label).expect("destroyed");
        assert!(!path(".ca-1.key.new").exists());
        assert_eq!(files(), ["ca-10.key", STORE_FILE]);
        assert_eq!((of(&label), of(&other)), (0, 1));
        // Where the key itself had ended, too.
        leave();
        assert!(matches!(here.destroy(&label), Err(KeyError::UnknownLabel(_))));
        assert!(!path(".ca-1.key.new").exists());
        assert_eq!(files(), ["ca-10.key", STORE_FILE]);
    }

    #[test]
    fn k1_the_embedded_store_keeps_the_contract() {
        let directory = tempfile::tempdir().expect("a directory");
        let master = MasterKey::generate().expect("randomness");
        let store = EmbeddedKeyStore::init(directory.path(), master).expect("a store");
        crate::contract::check(&store);
    }

    /// Two stores over one directory, as two processes have them.
    fn two_processes() -> (tempfile::TempDir, EmbeddedKeyStore, EmbeddedKeyStore) {
        let directory = tempfile::tempdir().expect("a directory");
        let master = || MasterKey::new(&[7; 32]);
        let here = EmbeddedKeyStore::init(directory.path(), master()).expect("a store");
        let there = EmbeddedKeyStore::open(directory.path(), master()).expect("the same");
        (directory, here, there)
    }

    #[test]
    fn k1_what_another_process_makes_and_destroys_is_seen_at_the_next_use() {
        let (_directory, here, there) = two_processes();
        let (label, cards) =
            ("ca-2".parse().expect("a label"), "cards-2".parse().expect("a label"));
        let backup = BackupKey::new(&[9; 32]);
        let unknown = |result| matches!(result, Err(KeyError::UnknownLabel(_)));
        let signed = |store: &EmbeddedKeyStore| {
            store.sign(&label, SignatureAlgorithm::EcdsaSha256, b"a message")
        };
        let derived = |store: &EmbeddedKeyStore| {
            store.derive_card_key(&cards, CardKeyPurpose::Mac, &[1; 10]).map(|key| *key.as_bytes())
        };
        assert!(unknown(signed(&here)), "not made yet");
        let kept = there.generate_with_backup(&label, KeyAlgorithm::EcP256, &backup).expect("made");
        there.generate_card_master(&cards, &backup).expect("made");
        signed(&here).expect("signs with the new key");
        assert_eq!(here.public_key(&label).expect("known"), kept.public_key);
        assert_eq!(here.labels().expect("labels"), std::slice::from_ref(&label));
        assert_eq!(here.card_masters().expect("labels"), std::slice::from_ref(&cards));
        assert_eq!(derived(&here).expect("derived"), derived(&there).expect("derived"));
        let taken = here.generate(&label, KeyAlgorithm::EcP256);
        assert!(matches!(taken, Err(KeyError::LabelTaken(_))));
        there.destroy(&label).expect("destroyed");
        there.destroy(&cards).expect("destroyed");
        assert!(unknown(signed(&here)), "no copy of it signs");
        assert!(unknown(here.public_key(&label).map(|_| Vec::new())));
        assert!(unknown(derived(&here).map(|key| key.to_vec())));
        assert!(unknown(here.destroy(&label).map(|()| Vec::new())));
        assert!(here.labels().expect("labels").is_empty());
        there.restore(&kept, &backup).expect("brought back");
        signed(&here).expect("signs with what was brought back");
    }

    #[test]
    fn k2_a_store_that_others_took_over_meanwhile_signs_no_more() {
        let (directory, here, _there) = two_processes();
        let label = "ca-1".parse().expect("a label");
        here.generate(&label, KeyAlgorithm::EcP256).expect("made");
        let (from, to) = (MasterKey::new(&[7; 32]), MasterKey::new(&[8; 32]));
        EmbeddedKeyStore::rekey(directory.path(), &from, &to).expect("taken over");
        let signed = here.sign(&label, SignatureAlgorithm::EcdsaSha256, b"a message");
        assert!(matches!(signed, Err(KeyError::WrongMasterKey(_))), "{signed:?}");
        std::fs::write(directory.path().join("ca-1.key"), b"{}").expect("written");
        let new = MasterKey::new(&[8; 32]);
        let opened = EmbeddedKeyStore::open(directory.path(), new).expect("the others can be used");
        assert!(matches!(
            opened.public_key(&label),
            Err(KeyError::Corrupt(files)) if files[0].name == "ca-1.key"
        ));
        let other = "ca-3".parse().expect("a label");
        let public = opened.generate(&other, KeyAlgorithm::EcP256).expect("made");
        let expected = |label: &KeyLabel| ExpectedKey {
            label: label.clone(),
            spki_der: public.spki_der.clone(),
            signature: SignatureAlgorithm::EcdsaSha256,
        };
        let all = ExpectedKeys::some_of(vec![expected(&label), expected(&other)]);
        assert_eq!(all.prove(&opened).expect("the other signs"), [label]);
        std::fs::write(directory.path().join("no label.key"), b"{}").expect("written");
        opened.generate(&"ca-2".parse().expect("a label"), KeyAlgorithm::EcP256).expect("made");
        assert_eq!(opened.labels().expect("labels").len(), 3, "a stray file is none of them");
    }
}
