//! Keys that come back from a backup: on trial, into a store of a name, or into the installation's.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use ca::ceremony::StepFacts;
use domain::act::Act;
use domain::ceremony::RestoreTarget;
use domain::journal::EventKind;
use domain::rule::{Hex, OfTheInstallation};
use keys::token::{TokenConfig, TokenOpener};
use keys::{
    Administer, CardMasterBackup, EmbeddedKeyStore, EmbeddedOpener, KeyBackup, KeyError, KeyLabel,
    KeyStore, MakeCardMasters, MasterKey, Opener,
};
use store::{Entry, Store, Unit};

use super::backup::read_medium;
use super::known::{KnownKey, known_keys};
use super::{SystemStage, key_fact};
use crate::backups::entry;
use crate::media;
use crate::random::random_text;

/// The name of the installation's own store: what it lacks comes back into it.
pub(super) const OWN: &str = "installation";

/// The name by which the journal tells of a store that did not last.
pub(super) const TRIAL: &str = "throwaway";

impl SystemStage<'_> {
    /// Restores a directory's keys, and has each sign.
    pub(super) fn restore_backups(
        &self,
        act: &Act,
        directory: &str,
        into: &RestoreTarget,
    ) -> Result<StepFacts> {
        let place = self.place(directory);
        let medium = read_medium(&place, directory)?;
        self.backups().expect_single(Some(&place))?;
        let known = known_keys(self.system)?;
        let media = medium.id.map(|id| media::fact(id, directory)).into_iter().collect();
        let mut facts = StepFacts { files: medium.files, media, ..StepFacts::default() };
        let mut wanted = Vec::new();
        for backup in medium.keys {
            let same = |key: &&KnownKey| key.label == backup.label;
            let key = known.iter().find(same).with_context(|| unknown(&backup.label))?;
            ensure!(key.public == backup.public_key, "{}: another key", backup.label);
            ensure!(
                !key.is_ended,
                "{directory}: {} was destroyed, and nothing brings it back: hold a ceremony with destroy-ca-key for \
                 its generation once more, with this medium in its place; then restore the others (A 6.2.10.1)",
                backup.label
            );
            facts.keys.push(key_fact(&key.label, &key.public));
            wanted.push((backup, key));
        }
        let wanted = Wanted { keys: wanted, cards: self.known_card_master(medium.cards)? };
        if wanted.cards.is_some() {
            facts.statements.push("カードマスター鍵を復元し、検査値により確認した。".to_owned());
        }
        facts.statements.push(match into {
            RestoreTarget::Throwaway => self.on_trial(act, &wanted)?,
            RestoreTarget::Named(name) if name == OWN => {
                self.bring_back(act, &**self.system.custody.keys(), &wanted, name)?;
                "本体の鍵ストアに復元し、各鍵の署名を認証局証明書により検証した。".to_owned()
            }
            RestoreTarget::Named(name) => {
                self.expect_present(act)?;
                let store = self.named_store(name)?;
                self.bring_back(act, &*store, &wanted, name)?;
                format!("鍵ストア「{name}」に復元し、各鍵の署名を認証局証明書により検証した。")
            }
        });
        Ok(facts)
    }

    /// In a fresh store under a key of its own, which is destroyed afterwards, come what may.
    fn on_trial(&self, act: &Act, wanted: &Wanted<'_>) -> Result<String> {
        let scratch = Scratch::new(&self.system.home.trials())?;
        let store = EmbeddedKeyStore::init(&scratch.0, MasterKey::generate()?)?;
        let proven = self.bring_back(act, &store, wanted, TRIAL);
        for label in store.labels()?.into_iter().chain(store.card_masters()?) {
            store.destroy(&label)?;
        }
        let left = store.labels()?.len() + store.card_masters()?.len();
        ensure!(left == 0, "the throwaway store still has keys");
        proven?;
        Ok("新しい一時鍵ストアに復元し、各鍵の署名を認証局証明書により検証した後、\
            一時鍵ストアを破棄した。"
            .to_owned())
    }

    /// Brings each key back that is not there yet, and has each sign.
    pub(super) fn bring_back(
        &self,
        act: &Act,
        store: &dyn KeyStore,
        wanted: &Wanted<'_>,
        name: &str,
    ) -> Result<()> {
        let backup_key = self.secret.backup_key()?;
        for (backup, key) in &wanted.keys {
            match store.public_key(&key.label) {
                Ok(there) => ensure!(there == key.public, "{}: another key is there", key.label),
                // What is damaged is set aside for its backup.
                Err(KeyError::UnknownLabel(_) | KeyError::Corrupt(_)) => {
                    self.expect_present(act)?;
                    let begun = entry(EventKind::KeyActBegun, act, &key.label, &key.public)
                        .detail("act", "restoration")
                        .detail("into", OfTheInstallation(name));
                    let unit = ca::while_kept(Unit::new(begun), [&key.label])?;
                    self.system.store.commit(unit)?;
                    store::outside("key-brought-back", || store.restore(backup, &backup_key))?;
                }
                Err(error) => return Err(error.into()),
            }
            key.prove(store)?;
            let entry = entry(EventKind::KeyRestored, act, &key.label, &key.public);
            self.system.store.commit(Unit::new(entry.detail("into", OfTheInstallation(name))))?;
        }
        match &wanted.cards {
            Some(cards) => self.bring_back_card_master(act, store, cards, name),
            None => Ok(()),
        }
    }

    /// A backup of a card master key, if it is not that of another one than the installation has.
    fn known_card_master(
        &self,
        backup: Option<CardMasterBackup>,
    ) -> Result<Option<CardMasterBackup>> {
        let Some(backup) = backup else { return Ok(None) };
        let cards = &self.system.cards;
        ensure!(backup.label == *cards.label(), "{}: it is none of ours", backup.label);
        // What is damaged is brought back as what is lost is.
        let there = match cards.check() {
            Err(ca::Error::Keys(KeyError::Corrupt(_))) => None,
            check => check?,
        };
        let is_other = there.is_some_and(|check| check != backup.check);
        ensure!(!is_other, "{}: another key", backup.label);
        Ok(Some(backup))
    }

    fn bring_back_card_master(
        &self,
        act: &Act,
        store: &dyn KeyStore,
        backup: &CardMasterBackup,
        name: &str,
    ) -> Result<()> {
        let label = &backup.label;
        match store.card_master_check(label) {
            Ok(there) => ensure!(there == backup.check, "{label}: another key is there"),
            Err(KeyError::UnknownLabel(_) | KeyError::Corrupt(_)) => {
                self.expect_present(act)?;
                let backup_key = self.secret.backup_key()?;
                store::outside("key-brought-back", || {
                    store.restore_card_master(backup, &backup_key)
                })?;
            }
            Err(error) => return Err(error.into()),
        }
        let entry = Entry::new(EventKind::KeyRestored, act)
            .subject(label)
            .detail("check_value", Hex(&backup.check.0))
            .detail("into", OfTheInstallation(name));
        self.system.store.commit(Unit::new(entry))?;
        Ok(())
    }

    /// The store of a name beside the installation's.
    fn named_store(&self, name: &str) -> Result<Arc<dyn KeyStore>> {
        let opener = self.opener_of(name)?;
        // Made by this step before a cut, it opens; and nothing is made over a store of others.
        match opener.open(self.secret) {
            Ok(store) => Ok(store),
            Err(error) if error.may_lack_store() => Ok(opener.create(self.secret)?),
            Err(error) => Err(error.into()),
        }
    }

    /// What opens the store of a name: a token of that label, or a directory.
    pub(super) fn opener_of(&self, name: &str) -> Result<Box<dyn Opener>> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(is_plain) {
            bail!("{name:?}: the name of a store has 1 to 32 of a-z, 0-9 and hyphens");
        }
        Ok(match &self.system.config.token {
            Some(own) if own.token_label == name => {
                bail!("{name} is the installation's own token: into = \"{OWN}\"")
            }
            Some(own) => {
                let config =
                    TokenConfig { module: own.module.clone(), token_label: name.to_owned() };
                Box::new(TokenOpener { config })
            }
            None => {
                let directory = self.system.home.restored().join(name);
                Box::new(EmbeddedOpener { directory })
            }
        })
    }
}

/// What is to be brought back.
pub(super) struct Wanted<'a> {
    pub(super) keys: Vec<(KeyBackup, &'a KnownKey)>,
    pub(super) cards: Option<CardMasterBackup>,
}

fn unknown(label: &KeyLabel) -> String {
    format!("{label}: no CA of this installation has such a key")
}

/// A directory for its owner alone, removed at the end.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    /// A new one below `place`.
    pub(super) fn new(place: &Path) -> Result<Self> {
        let path = place.join(format!("throwaway-{}", random_text(12)?));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is under a key that ended with this process.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
