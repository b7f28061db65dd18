//! Card master keys of a token: AES-256, sensitive, never extractable after their birth.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};

use super::connection::Fault;
use super::keeping::KEY_WRAP;
use super::objects::{Access, Name};
use crate::backup::BackupKey;
use crate::card_master::backup::{ANOTHER_MASTER, CardMasterBackup};
use crate::card_master::{self, CardKeyPurpose, CardMasterCheck, DerivedKey};
use crate::error::KeyError;
use crate::label::KeyLabel;

impl Access<'_> {
    /// Makes a card master key for this session, wraps it, and keeps what comes out of the wrapping.
    pub(super) fn generate_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, Fault> {
        self.expect_no_master(label)?;
        let mut template = uses(Life::Passing);
        template.push(Attribute::ValueLen(32.into()));
        let passing = self.session.generate_key(&Mechanism::AesKeyGen, &template)?;
        let made = self.back_up(label, passing, backup);
        self.destroy_object(passing)?;
        made
    }

    /// Brings a card master key back from a backup.
    pub(super) fn restore_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), Fault> {
        self.expect_no_master(&backup.label)?;
        let keys = key.keys_of_master(backup)?;
        self.with_wrapping_key(keys.wrapping_key(), |key| self.bring_master_back(backup, key))
    }

    /// Derives a key of a card.
    pub(super) fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, Fault> {
        let master = self.master_of(label)?.ok_or(KeyError::UnknownLabel(label.clone()))?;
        self.derive_with(master, purpose, number)
    }

    /// The labels of all card master keys, in order.
    pub(super) fn masters(&self) -> Result<Vec<KeyLabel>, Fault> {
        self.expect_token()?;
        let secret = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
        let mut labels = Vec::new();
        for object in self.session.find_objects(&secret)? {
            labels.extend(self.id(object)?.and_then(|id| Name::master_label_in(&id)));
        }
        labels.sort();
        Ok(labels)
    }

    /// Destroys the card master key of a label; whether there was one.
    pub(super) fn destroy_master(&self, label: &KeyLabel) -> Result<bool, Fault> {
        let Some(master) = self.master_of(label)? else { return Ok(false) };
        self.destroy_object(master)?;
        match self.master_of(label)? {
            None => Ok(true),
            Some(_) => Err(self.refuse("it still holds a key that it said it destroyed").into()),
        }
    }

    /// The card master key of a label, if there is one.
    pub(super) fn master_of(&self, label: &KeyLabel) -> Result<Option<ObjectHandle>, Fault> {
        let id = Name::of_master(label).id;
        let mut found = self.find(ObjectClass::SECRET_KEY, &id)?;
        if found.is_empty() {
            // Without a login, or without its token, a driver finds none.
            self.expect_token()?;
            found = self.find(ObjectClass::SECRET_KEY, &id)?;
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(self.refuse("it holds several keys of one label").into()),
        }
    }

    fn back_up(
        &self,
        label: &KeyLabel,
        passing: ObjectHandle,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, Fault> {
        let check = self.check_of(passing)?;
        let keys = backup.derive_for_master(label, check)?;
        self.with_wrapping_key(keys.wrapping_key(), |wrapping_key| {
            let wrapped = self.session.wrap_key(&KEY_WRAP, wrapping_key, passing)?;
            let made = CardMasterBackup::new(label.clone(), check, wrapped, &keys);
            self.bring_master_back(&made, wrapping_key)?;
            Ok(made)
        })
    }

    fn bring_master_back(
        &self,
        backup: &CardMasterBackup,
        wrapping_key: ObjectHandle,
    ) -> Result<(), Fault> {
        let name = Name::of_master(&backup.label);
        let mut template =
            vec![Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES)];
        template.extend(uses(Life::Permanent));
        template.extend(name.attributes());
        let master =
            self.session.unwrap_key(&KEY_WRAP, wrapping_key, &backup.wrapped, &template)?;
        let accepted = self.expect_the_one(backup, master, &name);
        if accepted.is_err() {
            self.destroy_object(master)?;
        }
        accepted
    }

    /// Refuses a master that is not alone under its name, or not the one of the backup. Whatever
    /// went wrong, the caller destroys it.
    fn expect_the_one(
        &self,
        backup: &CardMasterBackup,
        master: ObjectHandle,
        name: &Name,
    ) -> Result<(), Fault> {
        // Tokens let two processes use one label at once: then both give way.
        if self.find(ObjectClass::SECRET_KEY, &name.id)?.len() != 1 {
            return Err(KeyError::LabelTaken(backup.label.clone()).into());
        }
        match self.check_of(master)? == backup.check {
            true => Ok(()),
            false => Err(backup.refuse(ANOTHER_MASTER).into()),
        }
    }

    fn check_of(&self, master: ObjectHandle) -> Result<CardMasterCheck, Fault> {
        let derived = self.derive_with(master, CardKeyPurpose::Check, &[0; 10])?;
        Ok(CardMasterCheck::of(&derived))
    }

    fn derive_with(
        &self,
        master: ObjectHandle,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, Fault> {
        card_master::derive(purpose, number, |input| {
            let mac = self.session.sign(&Mechanism::AesCMac, master, input)?;
            let whole = <[u8; card_master::BLOCK]>::try_from(mac);
            whole.map_err(|_| self.refuse("its MAC is of a wrong length").into())
        })
    }

    fn expect_no_master(&self, label: &KeyLabel) -> Result<(), Fault> {
        if self.master_of(label)?.is_some() || self.private_of(label)?.is_some() {
            return Err(KeyError::LabelTaken(label.clone()).into());
        }
        Ok(())
    }
}

/// Where a card master key lives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Passing,
    Permanent,
}

/// What it may be used for, and that it shows itself to nobody.
fn uses(life: Life) -> Vec<Attribute> {
    vec![
        Attribute::Token(life == Life::Permanent),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(life == Life::Passing),
        Attribute::Sign(true),
        Attribute::Verify(false),
        Attribute::Encrypt(false),
        Attribute::Decrypt(false),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        // SoftHSM2 fills in what it unwraps by modifying it.
        Attribute::Modifiable(life == Life::Permanent),
    ]
}
