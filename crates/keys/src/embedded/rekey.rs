//! An embedded store under another master key, for when custodians are not trusted any more.

use std::path::Path;

use crate::embedded::directory::{KEY_SUFFIX, MASTER_SUFFIX};
use crate::embedded::pool::Pool;
use crate::embedded::{EmbeddedKeyStore, STORE_FILE, directory, file};
use crate::error::{CorruptFile, KeyError};
use crate::label::KeyLabel;
use crate::seal::MasterKey;

impl EmbeddedKeyStore {
    /// Seals every file of a closed store under another master key.
    ///
    /// File after file is replaced durably, `store.json` last. After an interruption neither key
    /// opens the whole store, and nothing is lost: the same call with the same keys finishes it.
    /// Users' keys that are ready are erased, for others are made at any time.
    /// What the disk keeps of overwritten files is out of reach here, and so are copies.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`] when neither key is the store's; [`KeyError::Corrupt`], before
    /// anything is changed, with all files that neither opens; [`KeyError::Storage`].
    pub fn rekey(directory: &Path, from: &MasterKey, to: &MasterKey) -> Result<(), KeyError> {
        let store = directory.join(STORE_FILE);
        let _change = directory::lock(&store)?;
        super::check_store_file(directory, from)
            .or_else(|error| super::check_store_file(directory, to).map_err(|_| error))?;
        let mut corrupt = Vec::new();
        let keys = read_files(directory, KEY_SUFFIX, &mut corrupt, |label, contents| {
            file::open_key(from, label, contents).or_else(|_| file::open_key(to, label, contents))
        })?;
        let masters = read_files(directory, MASTER_SUFFIX, &mut corrupt, |label, contents| {
            file::open_master(from, label, contents)
                .or_else(|_| file::open_master(to, label, contents))
        })?;
        if !corrupt.is_empty() {
            return Err(KeyError::Corrupt(corrupt));
        }
        let replace = |label: &KeyLabel, suffix: &str, contents: &[u8]| {
            directory::write_durably(&directory.join(format!("{label}{suffix}")), contents)
        };
        for (label, pair) in &keys {
            replace(label, KEY_SUFFIX, &file::seal_key(to, label, pair)?)?;
        }
        for (label, key) in &masters {
            replace(label, MASTER_SUFFIX, &file::seal_master(to, label, key)?)?;
        }
        // Users' keys that nobody has yet are made anew; no other secret need open them.
        Pool::new(directory, store.clone()).erase_ready()?;
        directory::write_durably(&store, &file::seal_store(to)?)
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
    use domain::algorithm::KeyAlgorithm;

    use super::*;
    use crate::backup::BackupKey;
    use crate::store::{Administer, MakeCardMasters, Sign, UserKeys};

    const LABELS: [&str; 2] = ["one", "two"];

    fn master(octet: u8) -> MasterKey {
        MasterKey::new(&[octet; 32])
    }

    fn store() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let store = EmbeddedKeyStore::init(directory.path(), master(1)).expect("a store");
        for label in LABELS {
            store.generate(&label.parse().expect("a label"), KeyAlgorithm::EcP256).expect("a key");
        }
        store.prepare_user_keys(KeyAlgorithm::EcP256, 1).expect("a user's key");
        let backup = BackupKey::new(&[9; 32]);
        store.generate_card_master(&"cards".parse().expect("a label"), &backup).expect("a key");
        directory
    }

    #[test]
    fn k2_a_rekeyed_store_opens_with_the_new_key_alone() {
        let directory = store();
        EmbeddedKeyStore::rekey(directory.path(), &master(1), &master(2)).expect("re-keyed");
        let old = EmbeddedKeyStore::open(directory.path(), master(1));
        assert!(matches!(old, Err(KeyError::WrongMasterKey(_))));
        let new = EmbeddedKeyStore::open(directory.path(), master(2)).expect("opens");
        assert_eq!(new.labels().expect("labels").len(), 2);
        assert_eq!(new.card_masters().expect("labels").len(), 1);
        assert_eq!(new.prepared_user_keys(KeyAlgorithm::EcP256).expect("a number"), 0);
    }

    #[test]
    fn k2_an_interrupted_rekeying_is_finished_by_the_same_call() {
        let (directory, other) = (store(), store());
        EmbeddedKeyStore::rekey(other.path(), &master(1), &master(2)).expect("re-keyed");
        let rekeyed = other.path().join("one.key");
        std::fs::copy(rekeyed, directory.path().join("one.key")).expect("half of the work");
        assert!(is_unreadable(&directory, "one"), "half of it is another's");
        EmbeddedKeyStore::rekey(directory.path(), &master(1), &master(2)).expect("finished");
        EmbeddedKeyStore::rekey(directory.path(), &master(1), &master(2)).expect("finished twice");
        let store = EmbeddedKeyStore::open(directory.path(), master(2)).expect("opens");
        for label in LABELS {
            store.public_key(&label.parse().expect("a label")).expect("whole");
        }
    }

    /// Whether the key of this label is not as the first master key sealed it.
    fn is_unreadable(directory: &tempfile::TempDir, label: &str) -> bool {
        let store = EmbeddedKeyStore::open(directory.path(), master(1)).expect("opens");
        let read = store.public_key(&label.parse().expect("a label"));
        matches!(read, Err(KeyError::Corrupt(files)) if files[0].name == format!("{label}.key"))
    }

    #[test]
    fn k2_a_strangers_key_changes_nothing() {
        let directory = store();
        let refused = EmbeddedKeyStore::rekey(directory.path(), &master(3), &master(2));
        assert!(matches!(refused, Err(KeyError::WrongMasterKey(_))));
        std::fs::write(directory.path().join("one.key"), b"{}").expect("written");
        let refused = EmbeddedKeyStore::rekey(directory.path(), &master(1), &master(2));
        assert!(matches!(refused, Err(KeyError::Corrupt(files)) if files[0].name == "one.key"));
        assert!(LABELS.map(|label| is_unreadable(&directory, label)) == [true, false]);
    }
}
