//! Backups of keys (K4): a private key under a key that only the custodians together have.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use domain::algorithm::KeyAlgorithm;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::hex;
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::store::PublicKey;

/// The only version of the format so far.
const VERSION: u32 = 1;

/// The key of all backups, which the custodians put together (A 6.2.4, S 6-2-1-3).
///
/// Each backup has keys of its own, derived from this one and all that the backup says about itself,
/// so that no backup opens under another name.
pub struct BackupKey(Zeroizing<[u8; 32]>);

impl BackupKey {
    /// The backup key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The two keys of one backup: HKDF-SHA-256 with its label, algorithm and public key.
    pub(crate) fn derive(
        &self,
        label: &KeyLabel,
        public_key: &PublicKey,
    ) -> Result<DerivedKeys, KeyError> {
        let algorithm = public_key.algorithm.name().as_bytes();
        // Labels and names hold no zero octet, so the parts stay apart.
        let context =
            [b"jitsuin key backup 1", label.as_str().as_bytes(), algorithm, &public_key.spki_der]
                .join(&0);
        self.derive_in(&context)
    }

    /// The two keys of the backup with this context.
    pub(crate) fn derive_in(&self, context: &[u8]) -> Result<DerivedKeys, KeyError> {
        let mut derived = DerivedKeys(Zeroizing::new([[0; 32]; 2]));
        Salt::new(HKDF_SHA256, &[])
            .extract(self.0.as_slice())
            .expand(&[context], Octets64)
            .and_then(|material| material.fill(derived.0.as_flattened_mut()))
            .map_err(|_| KeyError::Provider("deriving the keys of a backup"))?;
        Ok(derived)
    }

    /// Wraps a key pair as the backup of `label`.
    pub(crate) fn wrap(&self, label: &KeyLabel, pair: &KeyPair) -> Result<KeyBackup, KeyError> {
        let failed = |_| KeyError::Provider("wrapping a backup");
        let keys = self.derive(label, pair.public_key())?;
        let wrapping_key = AesKek::new(&AES_256, keys.wrapping_key()).map_err(failed)?;
        let pkcs8 = pair.to_pkcs8()?;
        // RFC 5649 adds 8 octets and pads to a multiple of 8.
        let mut wrapped = vec![0; pkcs8.len() + 15];
        let length = wrapping_key.wrap_with_padding(&pkcs8, &mut wrapped).map_err(failed)?.len();
        wrapped.truncate(length);
        Ok(KeyBackup::new(label.clone(), pair.public_key().clone(), wrapped, &keys))
    }

    /// The keys of a backup, if it is whole and of this backup key.
    pub(crate) fn keys_of(&self, backup: &KeyBackup) -> Result<DerivedKeys, KeyError> {
        let keys = self.derive(&backup.label, &backup.public_key)?;
        let is_whole = keys.is_tag_of(&backup.wrapped, &backup.tag);
        is_whole.then_some(keys).ok_or_else(|| backup.refuse(NOT_OPENED))
    }

    /// Unwraps a backup and proves, by a signature, that it holds the key it names.
    pub(crate) fn unwrap(&self, backup: &KeyBackup) -> Result<KeyPair, KeyError> {
        let keys = self.keys_of(backup)?;
        let wrapping_key = AesKek::new(&AES_256, keys.wrapping_key())
            .map_err(|_| KeyError::Provider("unwrapping a backup"))?;
        let mut pkcs8 = Zeroizing::new(vec![0; backup.wrapped.len()]);
        let length = wrapping_key
            .unwrap_with_padding(&backup.wrapped, &mut pkcs8)
            .map_err(|_| backup.refuse(NOT_OPENED))?
            .len();
        let pair = KeyPair::from_pkcs8(backup.public_key.algorithm, &pkcs8[..length])
            .ok_or_else(|| backup.refuse("it holds no private key of its algorithm"))?;
        if *pair.public_key() != backup.public_key {
            return Err(backup.refuse(ANOTHER_KEY));
        }
        pair.prove()?;
        Ok(pair)
    }
}

/// The wrapping key of one backup, and the key of its tag.
pub(crate) struct DerivedKeys(Zeroizing<[[u8; 32]; 2]>);

impl DerivedKeys {
    /// The AES-256 key that wraps.
    pub(crate) fn wrapping_key(&self) -> &[u8; 32] {
        &self.0[0]
    }

    /// The tag of a wrapping.
    pub(crate) fn tag(&self, wrapped: &[u8]) -> Vec<u8> {
        hmac::sign(&self.check_key(), wrapped).as_ref().to_vec()
    }

    /// Whether `tag` is that of a wrapping.
    pub(crate) fn is_tag_of(&self, wrapped: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.check_key(), wrapped, tag).is_ok()
    }

    fn check_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0[1])
    }
}

/// Why a backup is refused that its key does not open.
const NOT_OPENED: &str =
    "the backup key does not open it, or label, algorithm or public key were changed";

/// Why a backup is refused whose private key does not belong to its public key.
pub(crate) const ANOTHER_KEY: &str = "its private key is not that of its public key";

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(secret)")
    }
}

/// A private key under a [`BackupKey`], with all that is needed to bring it back.
///
/// The private key is PKCS#8 under AES-256 key wrap with padding (RFC 5649). The same backup
/// restores into every kind of store.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyBackup {
    /// The label of the key, which it gets again.
    pub label: KeyLabel,
    /// Its public key.
    pub public_key: PublicKey,
    /// The octets of the wrapping.
    pub wrapped: Vec<u8>,
    /// HMAC-SHA-256 of the wrapping: a backup that was changed, or is tried with another backup
    /// key, is known before a token is bothered with it.
    pub tag: Vec<u8>,
}

impl KeyBackup {
    /// A backup of what was wrapped with these keys.
    pub(crate) fn new(
        label: KeyLabel,
        public_key: PublicKey,
        wrapped: Vec<u8>,
        keys: &DerivedKeys,
    ) -> Self {
        let tag = keys.tag(&wrapped);
        Self { label, public_key, wrapped, tag }
    }

    /// A refusal that names the backup.
    pub(crate) fn refuse(&self, rule: &'static str) -> KeyError {
        KeyError::BackupRefused { label: self.label.clone(), rule }
    }

    /// The backup as a JSON document.
    pub fn to_json(&self) -> String {
        let document = Document {
            version: VERSION,
            label: self.label.to_string(),
            algorithm: self.public_key.algorithm.name().to_owned(),
            spki: self.public_key.spki_der.clone(),
            wrapped: self.wrapped.clone(),
            tag: self.tag.clone(),
        };
        // Numbers and texts alone: this serialisation has no way to fail.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// Reads a backup back; whether it opens only its restoration can tell.
    ///
    /// # Errors
    /// [`KeyError::BackupUnreadable`].
    pub fn from_json(text: &str) -> Result<Self, KeyError> {
        let document: Document = serde_json::from_str(text)
            .map_err(|_| KeyError::BackupUnreadable("it is not a backup file"))?;
        if document.version != VERSION {
            return Err(KeyError::BackupUnreadable("its version is not known"));
        }
        let algorithm = KeyAlgorithm::from_name(&document.algorithm)
            .ok_or(KeyError::BackupUnreadable("its algorithm is not known"))?;
        Ok(Self {
            label: document
                .label
                .parse()
                .map_err(|_| KeyError::BackupUnreadable("its label is not a key label"))?,
            public_key: PublicKey { algorithm, spki_der: document.spki },
            wrapped: document.wrapped,
            tag: document.tag,
        })
    }
}

impl fmt::Debug for KeyBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBackup({}, {} bytes)", self.label, self.wrapped.len())
    }
}

/// A backup as its file holds it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    label: String,
    algorithm: String,
    #[serde(with = "hex")]
    spki: Vec<u8>,
    #[serde(with = "hex")]
    wrapped: Vec<u8>,
    #[serde(with = "hex")]
    tag: Vec<u8>,
}

/// The length that HKDF is asked for.
struct Octets64;

impl KeyType for Octets64 {
    fn len(&self) -> usize {
        64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup() -> (BackupKey, KeyBackup) {
        let key = BackupKey::new(&[3; 32]);
        let pair = KeyPair::generate(KeyAlgorithm::EcP256).expect("a key pair");
        let backup = key.wrap(&"ca-1".parse().expect("a label"), &pair).expect("a backup");
        (key, backup)
    }

    #[test]
    fn k4_a_backup_survives_its_file_and_opens_for_its_key_alone() {
        let (key, backup) = backup();
        let read = KeyBackup::from_json(&backup.to_json()).expect("a backup");
        assert_eq!(read, backup);
        assert_eq!(*key.unwrap(&read).expect("opens").public_key(), backup.public_key);
        let other = BackupKey::new(&[4; 32]).unwrap(&read);
        assert!(matches!(other, Err(KeyError::BackupRefused { .. })));
    }

    #[test]
    fn k4_a_backup_opens_under_no_other_name_and_with_no_octet_changed() {
        let (key, backup) = backup();
        let mut renamed = backup.clone();
        renamed.label = "ca-2".parse().expect("a label");
        let mut another_algorithm = backup.clone();
        another_algorithm.public_key.algorithm = KeyAlgorithm::EcP384;
        let mut another_key = backup.clone();
        *another_key.public_key.spki_der.last_mut().expect("octets") ^= 1;
        let mut short = backup.clone();
        short.wrapped.pop();
        let mut empty = backup.clone();
        empty.wrapped.clear();
        let mut flipped = backup.clone();
        flipped.wrapped[9] ^= 1;
        let mut untagged = backup;
        untagged.tag.clear();
        for changed in [renamed, another_algorithm, another_key, short, empty, flipped, untagged] {
            let refused = key.unwrap(&changed);
            assert!(matches!(refused, Err(KeyError::BackupRefused { .. })), "{changed:?}");
        }
    }

    #[test]
    fn k4_other_documents_are_no_backups() {
        let (_, backup) = backup();
        let whole = backup.to_json();
        for text in [
            String::new(),
            "{}".to_owned(),
            whole.replace("\"version\": 1", "\"version\": 2"),
            whole.replace("ec-p256", "ec-p999"),
            whole.replace("ca-1", "../ca-1"),
            whole.replace("\"wrapped\"", "\"clear\""),
        ] {
            let refused = KeyBackup::from_json(&text);
            assert!(matches!(refused, Err(KeyError::BackupUnreadable(_))), "{text}");
        }
    }

    #[test]
    fn a_backup_key_does_not_print_itself() {
        let text = format!("{:?}", BackupKey::new(&[0xab; 32]));
        assert!(!text.contains("ab, ") && !text.contains("171"), "{text}");
    }
}
