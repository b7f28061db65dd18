//! Backups on media: the backup of every CA key that exists and of the card master key, with a list of
//! their SHA-256s.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ca::ceremony::{FileFact, MediumFact, StepFacts};
use domain::act::Act;
use domain::hexadecimal::hex;
use domain::journal::EventKind;
use domain::medium::MediumId;
use keys::{Administer, CardMasterBackup, KeyBackup, KeyLabel};
use store::{Store, Unit};
use x509::digest::sha256;

use super::known::known_keys;
use super::{SystemStage, key_fact};
use crate::backups::{entry, file_name, read_backup, read_card_master, with_place};
use crate::home::write_private;
use crate::media;

/// The list of the files with their SHA-256s, as `sha256sum --check` reads it.
pub(super) const MANIFEST: &str = "SHA256SUMS";

/// No medium has more keys than this; what has is no backup.
const MAXIMUM_KEYS: usize = 1000;

impl SystemStage<'_> {
    /// The files of a key's backup, as they were written when the key was made.
    pub(super) fn with_backup(&self, label: &KeyLabel) -> Result<StepFacts> {
        let (mut files, mut media) = (Vec::new(), Vec::new());
        for path in self.backups().files(label) {
            let octets = std::fs::read(&path).with_context(|| path.display().to_string())?;
            files.push(FileFact { path: path.display().to_string(), sha256: sha256(&octets) });
            if let Some(place) = path.parent() {
                let id = media::read(place)?;
                media.extend(id.map(|id| media::fact(id, &place.display().to_string())));
            }
        }
        ensure!(!files.is_empty(), "{label}: its backup is on no medium that is in its place");
        Ok(StepFacts { files, media, ..StepFacts::default() })
    }

    /// Writes the backup of every CA key and of the card master key into a directory, and the list
    /// last.
    pub(super) fn write_backups(&self, act: &Act, directory: &str) -> Result<StepFacts> {
        let here = self.system.custody.keys().labels()?;
        let known = known_keys(self.system)?;
        let mut backups = Vec::new();
        for key in known.iter().filter(|key| !key.is_ended && here.contains(&key.label)) {
            let backup = self.backups().read(&key.label)?;
            ensure!(
                backup.public_key == key.public,
                "the backup of {} is that of another key",
                key.label
            );
            backups.push(backup);
        }
        ensure!(!backups.is_empty(), "there is no key that could be backed up");
        let cards = self.card_master_backup()?;
        let place = self.place(directory);
        if self.media.is_some() {
            std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
        }
        self.expect_present(act)?;
        let texts = texts(&backups, cards.as_ref());
        expect_room(&place, directory, &texts)?;
        // Its identity is on the medium before a copy is, and before the journal speaks of it.
        let medium = media::fact(self.backups().identify_one(&place)?, directory);
        self.backups().expect_single(Some(&place))?;
        self.begin_copies(act, &medium, &backups)?;
        let files = write_medium(&place, directory, &texts)?;
        let keys =
            backups.iter().map(|backup| key_fact(&backup.label, &backup.public_key)).collect();
        Ok(StepFacts { keys, files, media: vec![medium], ..StepFacts::default() })
    }

    /// Tells the journal where copies are about to be made, so that those which a cut leaves there end with
    /// their key.
    pub(super) fn begin_copies(
        &self,
        act: &Act,
        medium: &MediumFact,
        backups: &[KeyBackup],
    ) -> Result<()> {
        let mut begun = backups.iter().map(|backup| {
            let begun = entry(EventKind::KeyActBegun, act, &backup.label, &backup.public_key);
            with_place(begun.detail("act", "backup"), medium)
        });
        let Some(first) = begun.next() else { return Ok(()) };
        // What was looked up when the step began may have changed since.
        let unit = begun.fold(Unit::new(first), Unit::entry);
        let unit = ca::while_kept(unit, backups.iter().map(|backup| &backup.label))?;
        self.system.store.commit(unit)?;
        Ok(())
    }

    fn card_master_backup(&self) -> Result<Option<CardMasterBackup>> {
        let cards = &self.system.cards;
        let Some(check) = cards.check()? else { return Ok(None) };
        let backup = self.backups().card_master(cards.label())?;
        ensure!(backup.check == check, "the backup of {} is that of another key", cards.label());
        Ok(Some(backup))
    }
}

/// The files of backups, by name.
fn texts(backups: &[KeyBackup], cards: Option<&CardMasterBackup>) -> BTreeMap<String, String> {
    let keys = backups.iter().map(|backup| (file_name(&backup.label), backup.to_json()));
    let cards = cards.map(|cards| (file_name(&cards.label), cards.to_json()));
    keys.chain(cards).collect()
}

/// Refuses a place without a medium, and one with something else on it.
fn expect_room(place: &Path, directory: &str, texts: &BTreeMap<String, String>) -> Result<()> {
    let parent = place.parent().filter(|parent| *parent != Path::new(""));
    if !parent.is_none_or(Path::is_dir) {
        bail!("{directory}: there is no such place; is the medium in it?");
    }
    expect_no_others(place, texts)
}

fn write_medium(
    place: &Path,
    directory: &str,
    texts: &BTreeMap<String, String>,
) -> Result<Vec<FileFact>> {
    std::fs::create_dir_all(place).with_context(|| directory.to_owned())?;
    let listed =
        texts.iter().map(|(name, text)| format!("{}  {name}\n", hex(&sha256(text.as_bytes()))));
    let list: String = listed.collect();
    let mut files = Vec::new();
    for (name, text) in texts.iter().map(|(n, t)| (n.as_str(), t)).chain([(MANIFEST, &list)]) {
        let path = place.join(name);
        store::outside("copy-written", || write_private(&path, text.as_bytes()))?;
        files.push(FileFact { path: named(directory, name), sha256: sha256(text.as_bytes()) });
    }
    Ok(files)
}

/// A medium that holds anything else may hold the backup of a key that was destroyed since.
fn expect_no_others(place: &Path, ours: &BTreeMap<String, String>) -> Result<()> {
    if !place.exists() {
        return Ok(());
    }
    let context = || place.display().to_string();
    for entry in std::fs::read_dir(place).with_context(context)? {
        let name = entry.with_context(context)?.file_name().to_string_lossy().into_owned();
        let is_ours = ours.contains_key(&name) || [MANIFEST, media::FILE].contains(&name.as_str());
        if !is_ours && !name.ends_with(".partial") {
            bail!("{} holds {name}, which is no backup of today's keys", place.display());
        }
    }
    Ok(())
}

/// What is on a medium, each file as the list has it.
#[derive(Default)]
pub(super) struct Medium {
    pub(super) keys: Vec<KeyBackup>,
    pub(super) cards: Option<CardMasterBackup>,
    pub(super) files: Vec<FileFact>,
    /// Which one it is; none of one that was written before media had an identity.
    pub(super) id: Option<MediumId>,
}

/// The backups that a directory's list names.
pub(super) fn read_medium(place: &Path, directory: &str) -> Result<Medium> {
    let list = place.join(MANIFEST);
    let text = std::fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    ensure!(text.lines().count() <= MAXIMUM_KEYS, "{}: it is too long", list.display());
    let mut found = Medium { id: media::read(place)?, ..Medium::default() };
    for line in text.lines() {
        let (digest, name) = line
            .split_once("  ")
            .filter(|(_, name)| !name.contains('/'))
            .with_context(|| format!("{}: {line:?} is no line of it", list.display()))?;
        let path = place.join(name);
        let octets = std::fs::read(&path).with_context(|| path.display().to_string())?;
        ensure!(
            hex(&sha256(&octets)) == digest,
            "{}: it is not as the list has it",
            path.display()
        );
        found.files.push(FileFact { path: named(directory, name), sha256: sha256(&octets) });
        match read_card_master(&path)? {
            Some(cards) => found.cards = Some(cards),
            None => found.keys.push(read_backup(&path)?),
        }
    }
    ensure!(!found.keys.is_empty(), "{}: it lists nothing", list.display());
    Ok(found)
}

/// A file as the script would name it.
fn named(directory: &str, name: &str) -> String {
    format!("{}/{name}", media::plain(directory))
}
