//! What stands in the files of the embedded store.

use domain::algorithm::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use crate::card_master::CardMasterKey;
use crate::error::KeyError;
use crate::hex;
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::seal::{MasterKey, Sealed};
use crate::store::PublicKey;

/// The only version of the format so far.
const VERSION: u32 = 1;

/// What `store.json` seals, so that a wrong master key is known as such before any key is read.
const STORE_TEXT: &[u8] = b"jitsuin key store";

/// What the seal of a key of the store binds first.
const STORED_KEY: &[u8] = b"jitsuin key file 1";

/// What the seal of a card master key binds first.
const CARD_MASTER: &[u8] = b"jitsuin card master file 1";

/// What the seal of a user's key in the pool binds first.
const USER_KEY: &[u8] = b"jitsuin user key file 1";

/// `store.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreFile {
    version: u32,
    check: Sealed,
}

/// `LABEL.key`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    label: String,
    algorithm: String,
    #[serde(with = "hex")]
    spki: Vec<u8>,
    private_key: Sealed,
}

/// `LABEL.cards`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MasterFile {
    version: u32,
    label: String,
    master_key: Sealed,
}

/// The contents of a new `store.json`.
pub(super) fn seal_store(master: &MasterKey) -> Result<Vec<u8>, KeyError> {
    let check = master.seal(STORE_TEXT, STORE_TEXT)?;
    to_json(&StoreFile { version: VERSION, check })
}

/// Whether the master key is the one `store.json` was made with, or what is wrong with the file.
pub(super) fn opens_store(master: &MasterKey, contents: &[u8]) -> Result<bool, &'static str> {
    let file: StoreFile = serde_json::from_slice(contents).map_err(|_| "it is not a store file")?;
    if file.version != VERSION {
        return Err("its version is not known");
    }
    Ok(master.open(&file.check, STORE_TEXT).is_some())
}

/// The contents of a key's file.
pub(super) fn seal_key(
    master: &MasterKey,
    label: &KeyLabel,
    pair: &KeyPair,
) -> Result<Vec<u8>, KeyError> {
    seal_for(STORED_KEY, master, label, pair)
}

/// The key in a file that must be `label`'s, or what is wrong with the file.
pub(super) fn open_key(
    master: &MasterKey,
    label: &KeyLabel,
    contents: &[u8],
) -> Result<KeyPair, &'static str> {
    open_for(STORED_KEY, master, label, contents)
}

/// The contents of the file of a user's key, which cannot stand in for a key of the store.
pub(super) fn seal_user_key(
    master: &MasterKey,
    label: &KeyLabel,
    pair: &KeyPair,
) -> Result<Vec<u8>, KeyError> {
    seal_for(USER_KEY, master, label, pair)
}

/// The user's key in a file, or what is wrong with the file.
pub(super) fn open_user_key(
    master: &MasterKey,
    label: &KeyLabel,
    contents: &[u8],
) -> Result<KeyPair, &'static str> {
    open_for(USER_KEY, master, label, contents)
}

/// The contents of a card master key's file.
pub(super) fn seal_master(
    master: &MasterKey,
    label: &KeyLabel,
    key: &CardMasterKey,
) -> Result<Vec<u8>, KeyError> {
    let context = [CARD_MASTER, label.as_str().as_bytes()].join(&0);
    let master_key = master.seal(key.octets(), &context)?;
    to_json(&MasterFile { version: VERSION, label: label.to_string(), master_key })
}

/// The card master key in a file that must be `label`'s, or what is wrong with the file.
pub(super) fn open_master(
    master: &MasterKey,
    label: &KeyLabel,
    contents: &[u8],
) -> Result<CardMasterKey, &'static str> {
    let file: MasterFile =
        serde_json::from_slice(contents).map_err(|_| "it is not the file of a card master key")?;
    if file.version != VERSION {
        return Err("its version is not known");
    }
    if file.label != label.as_str() {
        return Err("it belongs to another label");
    }
    let context = [CARD_MASTER, label.as_str().as_bytes()].join(&0);
    let octets = master.open(&file.master_key, &context).ok_or("its seal is broken")?;
    CardMasterKey::from_octets(&octets).ok_or("it holds no AES-256 key")
}

fn seal_for(
    purpose: &[u8],
    master: &MasterKey,
    label: &KeyLabel,
    pair: &KeyPair,
) -> Result<Vec<u8>, KeyError> {
    let PublicKey { algorithm, spki_der } = pair.public_key();
    let context = context(purpose, label.as_str(), *algorithm, spki_der);
    to_json(&KeyFile {
        version: VERSION,
        label: label.to_string(),
        algorithm: algorithm.name().to_owned(),
        spki: spki_der.clone(),
        private_key: master.seal(&pair.to_pkcs8()?, &context)?,
    })
}

fn open_for(
    purpose: &[u8],
    master: &MasterKey,
    label: &KeyLabel,
    contents: &[u8],
) -> Result<KeyPair, &'static str> {
    let file: KeyFile = serde_json::from_slice(contents).map_err(|_| "it is not a key file")?;
    if file.version != VERSION {
        return Err("its version is not known");
    }
    if file.label != label.as_str() {
        return Err("it belongs to another label");
    }
    let algorithm = KeyAlgorithm::from_name(&file.algorithm).ok_or("its algorithm is not known")?;
    let context = context(purpose, label.as_str(), algorithm, &file.spki);
    let pkcs8 = master.open(&file.private_key, &context).ok_or("its seal is broken")?;
    let pair = KeyPair::from_pkcs8(algorithm, &pkcs8).ok_or("it holds no such private key")?;
    // The seal binds the public key already; this catches a fault in the making of the file.
    if pair.public_key().spki_der != file.spki {
        return Err("its public key is not that of its private key");
    }
    Ok(pair)
}

/// What the seal of a key binds besides the key. Names hold no zero octet, so the parts stay apart.
fn context(purpose: &[u8], label: &str, algorithm: KeyAlgorithm, spki_der: &[u8]) -> Vec<u8> {
    [purpose, label.as_bytes(), algorithm.name().as_bytes(), spki_der].join(&0)
}

fn to_json(file: &impl Serialize) -> Result<Vec<u8>, KeyError> {
    serde_json::to_vec_pretty(file).map_err(|_| KeyError::Provider("encoding a key file"))
}
