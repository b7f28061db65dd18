//! The embedded store's directory: what survives, what is refused, what nobody can read in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_keys::{Administer, EmbeddedKeyStore, KeyError, KeyLabel, MasterKey, Sign};
use tempfile::TempDir;

const MASTER: [u8; 32] = [0x5a; 32];

/// A store with an RSA and two EC keys.
fn store_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let store = EmbeddedKeyStore::init(directory.path(), master()).expect("a store");
    for (name, algorithm) in [
        ("ca", KeyAlgorithm::Rsa2048),
        ("ocsp-1", KeyAlgorithm::EcP256),
        ("ocsp-2", KeyAlgorithm::EcP256),
    ] {
        store.generate(&label(name), algorithm).expect("a key pair");
    }
    directory
}

#[test]
fn k1_keys_survive_reopening() {
    let directory = store_directory();
    let first = open(&directory).expect("opens");
    let key = first.public_key(&label("ca")).expect("a public key");
    let with = SignatureAlgorithm::RsaSha256;
    let signature = first.sign(&label("ca"), with, b"x").expect("a signature");
    drop(first);
    let second = open(&directory).expect("opens again");
    assert_eq!(second.public_key(&label("ca")).expect("a public key"), key);
    assert_eq!(second.sign(&label("ca"), with, b"x").expect("a signature"), signature);
    assert_eq!(second.labels().expect("labels").len(), 3);
}

#[test]
fn k1_a_destroyed_key_stays_destroyed() {
    let directory = store_directory();
    open(&directory).expect("opens").destroy(&label("ocsp-1")).expect("destroyed");
    assert!(!directory.path().join("ocsp-1.key").exists());
    let reopened = open(&directory).expect("opens again");
    let gone = reopened.public_key(&label("ocsp-1"));
    assert!(matches!(gone, Err(KeyError::UnknownLabel(_))));
}

#[test]
fn k1_files_are_for_the_owner_alone_and_hold_no_key_in_clear() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = EmbeddedKeyStore::init(directory.path(), master()).expect("a store");
    store.generate(&label("ca"), KeyAlgorithm::Rsa2048).expect("a key pair");
    store.generate(&label("log"), KeyAlgorithm::Ed25519).expect("a key pair");
    // The DER of the algorithm and of the octet string's head, as every such PKCS#8 has them.
    let rsa = "020100300d06092a864886f70d0101010500048204";
    let ed25519 = "020100300506032b657004220420";
    for name in names(directory.path()) {
        let path = directory.path().join(&name);
        let mode = fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        let contents = fs::read(&path).expect("contents");
        let text = String::from_utf8_lossy(&contents).to_lowercase();
        assert!(!text.contains(rsa) && !text.contains(ed25519), "{name}");
        let raw: String = contents.iter().map(|b| format!("{b:02x}")).collect();
        assert!(!raw.contains(rsa) && !raw.contains(ed25519), "{name}");
        assert!(!text.contains("private key-----"), "{name}");
    }
}

#[test]
fn k1_a_wrong_master_key_is_called_that() {
    let directory = store_directory();
    let refused = EmbeddedKeyStore::open(directory.path(), MasterKey::new(&[1; 32]));
    let error = refused.expect_err("refused");
    assert!(matches!(error, KeyError::WrongMasterKey(_)), "{error}");
    assert!(error.to_string().contains("the master key does not open"), "{error}");
}

#[test]
fn k1_every_corrupt_file_is_named_and_keeps_no_other_key_from_use() {
    let directory = store_directory();
    let path = directory.path().join("ca.key");
    // The last octet of the sealed key, in hexadecimal before the closing quotes.
    let text = fs::read_to_string(&path).expect("contents");
    let end = text.rfind('"').expect("a quote");
    let flipped = if &text[end - 1..end] == "0" { "1" } else { "0" };
    fs::write(&path, format!("{}{flipped}{}", &text[..end - 1], &text[end..])).expect("written");
    fs::write(directory.path().join("ocsp-1.key"), b"").expect("written");
    assert_eq!(
        corrupt(&directory),
        [("ca.key", "its seal is broken"), ("ocsp-1.key", "it is not a key file")]
            .map(|(name, reason)| (name.to_owned(), reason))
    );
}

#[test]
fn k1_swapped_and_renamed_files_are_refused() {
    let directory = store_directory();
    let [first, second] = ["ocsp-1.key", "ocsp-2.key"].map(|name| directory.path().join(name));
    let contents = fs::read_to_string(&first).expect("contents");
    fs::write(&first, fs::read(&second).expect("contents")).expect("written");
    // The label inside is changed to the file's: now only the seal can tell.
    fs::write(&second, contents.replace("ocsp-1", "ocsp-2")).expect("written");
    assert_eq!(
        corrupt(&directory),
        [("ocsp-1.key", "it belongs to another label"), ("ocsp-2.key", "its seal is broken")]
            .map(|(name, reason)| (name.to_owned(), reason))
    );
}

#[test]
fn k1_a_changed_public_key_is_refused() {
    let directory = store_directory();
    let [first, second] = ["ocsp-1.key", "ocsp-2.key"].map(|name| directory.path().join(name));
    let spki = |path: &Path| -> String {
        let text = fs::read_to_string(path).expect("contents");
        let value = text.split("\"spki\": \"").nth(1).expect("a public key");
        value.split('"').next().expect("its end").to_owned()
    };
    let text = fs::read_to_string(&first).expect("contents");
    fs::write(&first, text.replace(&spki(&first), &spki(&second))).expect("written");
    assert_eq!(corrupt(&directory), [("ocsp-1.key".to_owned(), "its seal is broken")]);
}

#[test]
fn k1_a_write_cut_off_by_a_crash_is_no_key() {
    let directory = store_directory();
    fs::write(directory.path().join(".late.key.new"), b"{\"vers").expect("written");
    let store = open(&directory).expect("opens");
    assert_eq!(store.labels().expect("labels").len(), 3);
    assert!(store.generate(&label("late"), KeyAlgorithm::EcP256).is_ok());
}

#[test]
fn k1_a_store_is_neither_overwritten_nor_invented() {
    let directory = store_directory();
    let again = EmbeddedKeyStore::init(directory.path(), master()).expect_err("refused");
    assert!(again.to_string().contains("holds a key store already"), "{again}");
    let empty = tempfile::tempdir().expect("a directory");
    let nothing = open(&empty).expect_err("refused");
    assert!(nothing.to_string().contains("holds no key store"), "{nothing}");
}

#[test]
fn k1_a_label_made_by_another_process_is_not_overwritten() {
    let directory = store_directory();
    let [one, other] = [(), ()].map(|()| open(&directory).expect("opens"));
    let made = one.generate(&label("shared"), KeyAlgorithm::EcP256).expect("a key pair");
    let refused = other.generate(&label("shared"), KeyAlgorithm::EcP256);
    assert!(matches!(refused, Err(KeyError::LabelTaken(_))));
    let reopened = open(&directory).expect("opens");
    assert_eq!(reopened.public_key(&label("shared")).expect("a public key"), made);
}

#[test]
fn k1_the_master_key_file_is_private_whole_and_never_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("master.key");
    master().write_file(&path).expect("written");
    assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
    let stores = store_directory();
    let read = MasterKey::read_file(&path).expect("read");
    assert!(EmbeddedKeyStore::open(stores.path(), read).is_ok());

    assert!(matches!(master().write_file(&path), Err(KeyError::MasterKeyFile { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let exposed = MasterKey::read_file(&path).expect_err("refused");
    assert!(exposed.to_string().contains("its mode must be 0600"), "{exposed}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    fs::write(&path, [1; 31]).expect("written");
    let short = MasterKey::read_file(&path).expect_err("refused");
    assert!(short.to_string().contains("it must hold 32 bytes"), "{short}");
}

#[test]
fn secrets_do_not_print_themselves() {
    let directory = store_directory();
    let text = format!("{:?} {:?}", master(), open(&directory).expect("opens"));
    // 0x5a, the octet of the master key, in the forms a derived Debug would give.
    for form in ["90, 90", "5a5a", "5a, 5a"] {
        assert!(!text.contains(form), "{text}");
    }
}

/// What is corrupt, as the use of each key tells; the others can be used.
fn corrupt(directory: &TempDir) -> Vec<(String, &'static str)> {
    let store = open(directory).expect("opens");
    let mut told = Vec::new();
    for label in store.labels().expect("labels") {
        match store.public_key(&label) {
            Ok(_) => {}
            Err(KeyError::Corrupt(files)) => {
                told.extend(files.into_iter().map(|f| (f.name, f.reason)));
            }
            Err(other) => panic!("{label}: {other}"),
        }
    }
    assert!(told.len() < 3, "one of three at least is whole");
    told
}

fn open(directory: &TempDir) -> Result<EmbeddedKeyStore, KeyError> {
    EmbeddedKeyStore::open(directory.path(), master())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn master() -> MasterKey {
    MasterKey::new(&MASTER)
}

fn label(text: &str) -> KeyLabel {
    text.parse().expect("a label")
}
