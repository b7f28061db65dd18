//! The card master keys, and the keys of single cards.

use crate::backup::BackupKey;
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterCheck, DerivedKey};
use crate::error::KeyError;
use crate::label::KeyLabel;

/// Keeps the card master keys; for whoever opens channels to cards, and for the ceremony that makes one.
///
/// # Contract
/// The keys of single cards leave and nothing else. They are secret: who is given one holds that card.
pub trait CardMasters: Send + Sync {
    /// Makes a card master key under a new label, with a backup that is proven at birth (K4).
    ///
    /// It is AES-256 and no key pair: it is not among the [`labels`](crate::Administer::labels), it signs nothing
    /// and has no public key. Without it every card that was made with it is lost to the system, so
    /// there is none without a backup.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`] for a label that any key has.
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError>;

    /// Brings a card master key back from its backup, into a store that lacks it.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`]; [`KeyError::BackupRefused`] when the key does not open the backup
    /// or what is in it is not the key it names.
    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError>;

    /// Derives a key of the card with this number (NIST SP 800-108, AES-CMAC). The master key itself
    /// stays.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError>;

    /// What tells this card master key from every other; public.
    ///
    /// # Errors
    /// [`KeyError::UnknownLabel`].
    fn card_master_check(&self, label: &KeyLabel) -> Result<CardMasterCheck, KeyError> {
        let derived = self.derive_card_key(label, CardKeyPurpose::Check, &[0; 10])?;
        Ok(CardMasterCheck::of(&derived))
    }

    /// The labels of all card master keys, in order.
    ///
    /// # Errors
    /// [`KeyError::Token`] where a backend has to ask a device.
    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError>;
}
