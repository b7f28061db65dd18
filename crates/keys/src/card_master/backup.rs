//! The backup of a card master key (K4): without the key, no card can ever be managed again.

use std::fmt;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{CardMasterCheck, CardMasterKey};
use crate::backup::{BackupKey, DerivedKeys};
use crate::error::KeyError;
use crate::hex;
use crate::label::KeyLabel;

/// The only version of the format so far.
const VERSION: u32 = 1;

/// What the file says it is, to be told from the backup of a key pair.
const KIND: &str = "card-master";

const NOT_OPENED: &str = "the backup key does not open it, or label or check value were changed";

/// A card master key under a [`BackupKey`]: RFC 5649, as the backups of key pairs are.
#[derive(Clone, PartialEq, Eq)]
pub struct CardMasterBackup {
    /// The label of the key, which it gets again.
    pub label: KeyLabel,
    /// Which key it is.
    pub check: CardMasterCheck,
    /// The octets of the wrapping.
    pub wrapped: Vec<u8>,
    /// HMAC-SHA-256 of the wrapping.
    pub tag: Vec<u8>,
}

impl BackupKey {
    /// The two keys of the backup of a card master key.
    pub(crate) fn derive_for_master(
        &self,
        label: &KeyLabel,
        check: CardMasterCheck,
    ) -> Result<DerivedKeys, KeyError> {
        // A label holds no zero octet, so the parts stay apart.
        let context =
            [b"jitsuin card master backup 1".as_slice(), label.as_str().as_bytes(), &check.0];
        self.derive_in(&context.join(&0))
    }

    /// Wraps a card master key as the backup of `label`.
    pub(crate) fn wrap_master(
        &self,
        label: &KeyLabel,
        key: &CardMasterKey,
    ) -> Result<CardMasterBackup, KeyError> {
        let check = key.check()?;
        let keys = self.derive_for_master(label, check)?;
        let failed = |_| KeyError::Provider("wrapping a backup");
        let mut wrapped = vec![0; key.octets().len() + 15];
        let length = AesKek::new(&AES_256, keys.wrapping_key())
            .and_then(|kek| kek.wrap_with_padding(key.octets(), &mut wrapped).map(|w| w.len()))
            .map_err(failed)?;
        wrapped.truncate(length);
        Ok(CardMasterBackup::new(label.clone(), check, wrapped, &keys))
    }

    /// The keys of a backup, if it is whole and of this backup key.
    pub(crate) fn keys_of_master(
        &self,
        backup: &CardMasterBackup,
    ) -> Result<DerivedKeys, KeyError> {
        let keys = self.derive_for_master(&backup.label, backup.check)?;
        if keys.is_tag_of(&backup.wrapped, &backup.tag) {
            return Ok(keys);
        }
        Err(backup.refuse(NOT_OPENED))
    }

    /// Unwraps a backup and proves that it holds the key it names.
    pub(crate) fn unwrap_master(
        &self,
        backup: &CardMasterBackup,
    ) -> Result<CardMasterKey, KeyError> {
        let keys = self.keys_of_master(backup)?;
        let mut output = Zeroizing::new(vec![0; backup.wrapped.len()]);
        let length = AesKek::new(&AES_256, keys.wrapping_key())
            .and_then(|kek| kek.unwrap_with_padding(&backup.wrapped, &mut output).map(|o| o.len()))
            .map_err(|_| backup.refuse(NOT_OPENED))?;
        let key = CardMasterKey::from_octets(&output[..length])
            .ok_or_else(|| backup.refuse("it holds no AES-256 key"))?;
        if key.check()? != backup.check {
            return Err(backup.refuse(ANOTHER_MASTER));
        }
        Ok(key)
    }
}

/// Why a backup is refused whose key is not the one it names.
pub(crate) const ANOTHER_MASTER: &str = "its key is not that of its check value";

impl CardMasterBackup {
    /// A backup of what was wrapped with these keys.
    pub(crate) fn new(
        label: KeyLabel,
        check: CardMasterCheck,
        wrapped: Vec<u8>,
        keys: &DerivedKeys,
    ) -> Self {
        let tag = keys.tag(&wrapped);
        Self { label, check, wrapped, tag }
    }

    pub(crate) fn refuse(&self, rule: &'static str) -> KeyError {
        KeyError::BackupRefused { label: self.label.clone(), rule }
    }

    /// The backup as a JSON document.
    pub fn to_json(&self) -> String {
        let document = Document {
            version: VERSION,
            kind: KIND.to_owned(),
            label: self.label.to_string(),
            check: self.check.0.to_vec(),
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
        let unreadable = KeyError::BackupUnreadable;
        let document: Document = serde_json::from_str(text)
            .map_err(|_| unreadable("it is not a backup of a card master key"))?;
        if document.version != VERSION || document.kind != KIND {
            return Err(unreadable("its version is not known"));
        }
        let label =
            document.label.parse().map_err(|_| unreadable("its label is not a key label"))?;
        let check = document.check.try_into().map_err(|_| unreadable("its check value is none"))?;
        let (wrapped, tag) = (document.wrapped, document.tag);
        Ok(Self { label, check: CardMasterCheck(check), wrapped, tag })
    }
}

impl fmt::Debug for CardMasterBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardMasterBackup({}, {})", self.label, self.check)
    }
}

/// A backup as its file holds it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    kind: String,
    label: String,
    #[serde(with = "hex")]
    check: Vec<u8>,
    #[serde(with = "hex")]
    wrapped: Vec<u8>,
    #[serde(with = "hex")]
    tag: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k4_a_card_masters_backup_survives_its_file_and_opens_for_its_key_alone() {
        let key = BackupKey::new(&[3; 32]);
        let master = CardMasterKey::generate().expect("randomness");
        let label: KeyLabel = "cards-1".parse().expect("a label");
        let backup = key.wrap_master(&label, &master).expect("a backup");
        let read = CardMasterBackup::from_json(&backup.to_json()).expect("a backup");
        assert_eq!(read, backup);
        assert_eq!(key.unwrap_master(&read).expect("opens").octets(), master.octets());
        let mut changed = [(); 5].map(|()| backup.clone());
        changed[0].label = "cards-2".parse().expect("a label");
        changed[1].check.0[0] ^= 1;
        changed[2].wrapped[9] ^= 1;
        changed[3].wrapped.clear();
        changed[4].tag.clear();
        for changed in changed {
            let refused = key.unwrap_master(&changed);
            assert!(matches!(refused, Err(KeyError::BackupRefused { .. })), "{changed:?}");
        }
        let other = BackupKey::new(&[4; 32]).unwrap_master(&backup);
        assert!(matches!(other, Err(KeyError::BackupRefused { .. })));
        for text in ["", "{}", &backup.to_json().replace(KIND, "key-pair")] {
            let refused = CardMasterBackup::from_json(text);
            assert!(matches!(refused, Err(KeyError::BackupUnreadable(_))), "{text}");
        }
    }
}
