//! The pool of users' keys in the embedded store: what a crash leaves, what corrupts, what is mixed
//! up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::algorithm::KeyAlgorithm;
use jitsuin_keys::{
    Administer, EmbeddedKeyStore, KeyError, MasterKey, PublicKey, Sign, TransportKey, UserKeys,
};
use tempfile::TempDir;

const KIND: KeyAlgorithm = KeyAlgorithm::EcP256;

/// A store with some users' keys that are ready.
fn store(ready: usize) -> (TempDir, EmbeddedKeyStore) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = EmbeddedKeyStore::init(directory.path(), master()).expect("a store");
    assert_eq!(store.prepare_user_keys(KIND, ready).expect("made"), ready);
    (directory, store)
}

#[test]
fn k5_prepared_keys_survive_reopening_and_leave_no_file_behind() {
    let (directory, store) = store(2);
    drop(store);
    let store = open(&directory).expect("opens");
    assert_eq!(store.prepared_user_keys(KIND).expect("a number"), 2);
    assert!(store.labels().expect("labels").is_empty());
    for file in files(&directory) {
        assert_eq!(fs::metadata(&file).expect("metadata").permissions().mode() & 0o777, 0o600);
    }
    let (first, second) = (taken(&store), taken(&store));
    assert_ne!(first, second);
    assert!(files(&directory).is_empty());
}

#[test]
fn k5_a_key_that_a_crash_left_leaving_is_erased_and_never_wrapped() {
    let (directory, store) = store(1);
    drop(store);
    let ready = files(&directory).remove(0);
    let leaving = ready.with_extension("leaving");
    fs::rename(&ready, &leaving).expect("renamed");
    let spki = spki_in(&leaving);
    let store = open(&directory).expect("opens");
    assert!(files(&directory).is_empty(), "it is erased at the next opening");
    assert_eq!(store.prepared_user_keys(KIND).expect("a number"), 0);
    assert_ne!(hexadecimal(&taken(&store)), spki, "another key is made instead");
}

#[test]
fn k5_a_key_taken_by_another_process_is_not_taken_again() {
    let (directory, store) = store(2);
    let other = open(&directory).expect("opens");
    let (first, second) = (taken(&store), taken(&other));
    assert_ne!(first, second);
    for store in [&store, &other] {
        assert_eq!(store.prepared_user_keys(KIND).expect("a number"), 0);
    }
}

#[test]
fn k5_a_corrupt_key_is_named_and_stands_in_nobodys_way() {
    let (directory, store) = store(2);
    let file = files(&directory).remove(0);
    fs::write(&file, "{}").expect("written");
    let refused = store.generate_for_card(KIND, &card()).expect_err("refused");
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(matches!(&refused, KeyError::Corrupt(files) if files[0].name.contains(&name)));
    taken(&store);
    assert_eq!(store.prepared_user_keys(KIND).expect("a number"), 0);
}

#[test]
fn k5_a_users_key_cannot_stand_in_for_a_key_of_the_authority() {
    let (directory, store) = store(1);
    drop(store);
    let ready = files(&directory).remove(0);
    let label = ready.file_stem().expect("a name").to_string_lossy().into_owned();
    fs::copy(&ready, directory.path().join(format!("{label}.key"))).expect("copied");
    let store = open(&directory).expect("opens");
    let refused = store.public_key(&label.parse().expect("a label")).expect_err("refused");
    assert!(refused.to_string().contains("its seal is broken"), "{refused}");
}

/// Takes a key and returns its public half.
fn taken(store: &EmbeddedKeyStore) -> PublicKey {
    store.generate_for_card(KIND, &card()).expect("a wrapped key").0
}

/// The public key that a file names.
fn spki_in(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("contents");
    let value = text.split("\"spki\": \"").nth(1).expect("a public key");
    value.split('"').next().expect("its end").to_owned()
}

fn hexadecimal(key: &PublicKey) -> String {
    key.spki_der.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The files of the pool in the order in which their keys are taken.
fn files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path().join("users")).expect("a directory");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn open(directory: &TempDir) -> Result<EmbeddedKeyStore, KeyError> {
    EmbeddedKeyStore::open(directory.path(), master())
}

fn master() -> MasterKey {
    MasterKey::new(&[0x5a; 32])
}

fn card() -> TransportKey {
    TransportKey::new(&[9; 32])
}
