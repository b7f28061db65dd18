//! The card master keys, and the keys of single cards: one hand makes, another uses.

use crate::backup::BackupKey;
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, CardMasterCheck, DerivedKey};
use crate::error::KeyError;
use crate::label::KeyLabel;

/// Uses the card master keys; for whoever opens channels to cards.
///
/// # Contract
/// - The keys of single cards leave and nothing else. They are secret: who is given one holds that card.
/// - **Makes and ends nothing**: after any call the store has the keys that it had.
///
/// ```
/// # use jitsuin_keys::{CardKeyPurpose, CardMasters, DerivedKey, KeyError, KeyLabel};
/// fn transport(masters: &dyn CardMasters, label: &KeyLabel) -> Result<DerivedKey, KeyError> {
///     masters.derive_card_key(label, CardKeyPurpose::Transport, &[7; 10])
/// }
/// ```
///
/// No master key is made by it, nor brought back. By the hand of set-up one is:
///
/// ```
/// # use jitsuin_keys::{BackupKey, CardMasterBackup, KeyError, KeyLabel, MakeCardMasters};
/// fn make(
///     masters: &dyn MakeCardMasters,
///     label: &KeyLabel,
///     backup: &BackupKey,
/// ) -> Result<CardMasterBackup, KeyError> {
///     masters.generate_card_master(label, backup)
/// }
/// ```
/// ```compile_fail,E0599
/// # use jitsuin_keys::{BackupKey, CardMasterBackup, CardMasters, KeyError, KeyLabel, MakeCardMasters};
/// fn make(
///     masters: &dyn CardMasters,
///     label: &KeyLabel,
///     backup: &BackupKey,
/// ) -> Result<CardMasterBackup, KeyError> {
///     masters.generate_card_master(label, backup)
/// }
/// ```
pub trait CardMasters: Send + Sync {
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
}

/// Makes the card master keys of a store and brings them back; for set-up and ceremonies. Each is destroyed as
/// any key ([`Administer::destroy`](crate::Administer::destroy)).
///
/// # Contract
/// **Durability**: each method returns after the key is on stable storage; one that fails left nothing.
pub trait MakeCardMasters: Send + Sync {
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

    /// Brings a card master key back from its backup, into a store that lacks it or has it damaged.
    ///
    /// # Errors
    /// [`KeyError::LabelTaken`]; [`KeyError::BackupRefused`] when the key does not open the backup
    /// or what is in it is not the key it names.
    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError>;

    /// The labels of all card master keys, in order.
    ///
    /// # Errors
    /// [`KeyError::Token`] where a backend has to ask a device.
    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError>;
}
