//! Labelled keys of a token: made, backed up at birth, brought back, destroyed.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use domain::algorithm::KeyAlgorithm;

use super::code;
use super::connection::Fault;
use super::objects::{Access, Name, TokenKey};
use super::public;
use crate::backup::{ANOTHER_KEY, BackupKey, KeyBackup};
use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::store::PublicKey;

/// RFC 5649. SoftHSM2 and PKCS#11 2.40 have the same number for it.
pub(super) const KEY_WRAP: Mechanism<'static> = Mechanism::AesKeyWrapPad;

/// Where a new key pair lives, and what may be done with its private half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Labelled, for good; signs and never leaves.
    Permanent,
    /// The same, out of a backup.
    Restored,
    /// In the pool of users' keys; leaves wrapped, never signs.
    Pooled,
    /// In one session, to be wrapped; never signs.
    Passing,
}

impl Access<'_> {
    /// Makes a labelled key.
    pub(super) fn generate(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
    ) -> Result<PublicKey, Fault> {
        self.expect_free(label)?;
        let name = Name::of(label);
        let (public, private) = self.generate_pair(algorithm, Life::Permanent, Some(&name))?;
        let key = TokenKey { private, public_key: public::read(self, public)? };
        self.accept(label, &name, &key)?;
        Ok(key.public_key)
    }

    /// Makes a key, wraps it, and keeps what comes out of the wrapping.
    pub(super) fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, Fault> {
        self.expect_free(label)?;
        self.with_passing_pair(algorithm, |public, private| {
            let public_key = public::read(self, public)?;
            let keys = backup.derive(label, &public_key)?;
            self.with_wrapping_key(keys.wrapping_key(), |wrapping_key| {
                let wrapped = self
                    .session
                    .wrap_key(&KEY_WRAP, wrapping_key, private)
                    .map_err(|error| no_backup(algorithm, error))?;
                let made = KeyBackup::new(label.clone(), public_key, wrapped, &keys);
                self.bring_back(&made, wrapping_key)?;
                Ok(made)
            })
        })
    }

    /// Brings a key back from a backup.
    pub(super) fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<(), Fault> {
        self.expect_free(&backup.label)?;
        let keys = key.keys_of(backup)?;
        self.with_wrapping_key(keys.wrapping_key(), |key| self.bring_back(backup, key))
    }

    /// Destroys a labelled key.
    pub(super) fn destroy(&self, label: &KeyLabel) -> Result<(), Fault> {
        if self.destroy_master(label)? {
            return Ok(());
        }
        let is_there = self.private_of(label)?.is_some();
        self.connection.forget(label);
        // A cut may have left the public half.
        self.destroy_all(&Name::of(label).id)?;
        is_there.then_some(()).ok_or_else(|| KeyError::UnknownLabel(label.clone()).into())
    }

    /// Makes a key pair; in the token under a name, or for this session without one.
    pub(super) fn generate_pair(
        &self,
        algorithm: KeyAlgorithm,
        life: Life,
        name: Option<&Name>,
    ) -> Result<(ObjectHandle, ObjectHandle), Fault> {
        let mechanism = match algorithm {
            KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384 => Mechanism::EccKeyPairGen,
            KeyAlgorithm::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
            _ => Mechanism::RsaPkcsKeyPairGen,
        };
        let names = || name.into_iter().flat_map(Name::attributes);
        let mut public = public::parameters(algorithm);
        public.extend(public_uses(life));
        public.extend(names());
        let mut private = private_uses(life);
        private.extend(names());
        Ok(self.session.generate_key_pair(&mechanism, &public, &private)?)
    }

    /// Does work with a key pair that this session alone knows, and destroys it.
    pub(super) fn with_passing_pair<T>(
        &self,
        algorithm: KeyAlgorithm,
        work: impl FnOnce(ObjectHandle, ObjectHandle) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (public, private) = self.generate_pair(algorithm, Life::Passing, None)?;
        let done = work(public, private);
        self.destroy_object(private)?;
        self.destroy_object(public)?;
        done
    }

    /// Puts the key of a backup into the token: its public half first, for a key exists exactly if
    /// its private half does.
    fn bring_back(&self, backup: &KeyBackup, wrapping_key: ObjectHandle) -> Result<(), Fault> {
        let algorithm = backup.public_key.algorithm;
        let name = Name::of(&backup.label);
        let mut public = public::to_attributes(&backup.public_key)
            .ok_or_else(|| backup.refuse("its public key is not of its algorithm"))?;
        public.extend(public_uses(Life::Restored));
        public.extend(name.attributes());
        let mut private = vec![
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::KeyType(public::key_type(algorithm)),
        ];
        private.extend(private_uses(Life::Restored));
        private.extend(name.attributes());
        self.session.create_object(&public)?;
        let unwrapped = self.session.unwrap_key(&KEY_WRAP, wrapping_key, &backup.wrapped, &private);
        let key = match unwrapped {
            Ok(private) => TokenKey { private, public_key: backup.public_key.clone() },
            Err(error) => {
                self.destroy_all(&name.id)?;
                return Err(no_backup(algorithm, error));
            }
        };
        match self.accept(&backup.label, &name, &key) {
            Err(Fault::Refused(KeyError::Provider(_))) => Err(backup.refuse(ANOTHER_KEY).into()),
            accepted => accepted,
        }
    }

    /// Refuses a label that exists, and removes what a crash left of one that does not.
    fn expect_free(&self, label: &KeyLabel) -> Result<(), Fault> {
        match self.private_of(label)? {
            Some(_) => Err(KeyError::LabelTaken(label.clone()).into()),
            None if self.master_of(label)?.is_some() => {
                Err(KeyError::LabelTaken(label.clone()).into())
            }
            None => self.destroy_all(&Name::of(label).id),
        }
    }

    /// Takes a new key in if it is the only one of its label and proves itself; else destroys it.
    fn accept(&self, label: &KeyLabel, name: &Name, key: &TokenKey) -> Result<(), Fault> {
        // Tokens let two processes use one label at once: then both give way.
        let found = self.find(ObjectClass::PRIVATE_KEY, &name.id).map(|found| found.len());
        let alone = matches!(found, Ok(1));
        let accepted = match found {
            Ok(1) => self.prove(key),
            Ok(_) => Err(KeyError::LabelTaken(label.clone()).into()),
            Err(fault) => Err(fault),
        };
        if accepted.is_err() {
            self.destroy_object(key.private)?;
            if alone {
                self.destroy_all(&name.id)?;
            }
        }
        accepted
    }
}

/// What a public object may be used for.
fn public_uses(life: Life) -> Vec<Attribute> {
    vec![
        Attribute::Token(life != Life::Passing),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::Modifiable(life == Life::Pooled),
    ]
}

/// What a private object may be used for, and that it shows itself to nobody.
fn private_uses(life: Life) -> Vec<Attribute> {
    let stays = matches!(life, Life::Permanent | Life::Restored);
    vec![
        Attribute::Token(life != Life::Passing),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(!stays),
        Attribute::Sign(stays),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        // SoftHSM2 fills in what it unwraps by modifying it. The uses above stay as they are:
        // neither Sensitive nor Extractable can be turned back (PKCS#11 2.40, 4.9).
        Attribute::Modifiable(matches!(life, Life::Pooled | Life::Restored)),
    ]
}

/// A token that cannot wrap a kind of key is told from one that failed.
fn no_backup(algorithm: KeyAlgorithm, error: Error) -> Fault {
    match code::value(&error) {
        Some(
            RvError::KeyNotWrappable
            | RvError::KeyTypeInconsistent
            | RvError::MechanismInvalid
            | RvError::FunctionNotSupported,
        ) => KeyError::NoBackup(algorithm).into(),
        // SoftHSM2 has no better word for a PKCS#8 of Ed25519, which it cannot read.
        Some(RvError::FunctionFailed) if algorithm == KeyAlgorithm::Ed25519 => {
            KeyError::NoBackup(algorithm).into()
        }
        _ => error.into(),
    }
}
