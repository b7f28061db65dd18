//! Backups of the CAs' keys and of the card master key: each is written before anything is signed with its key (A 6.2.4).

#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use ca::ceremony::MediumFact;
use ca::{Dealing, NotedBackup};
use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::hexadecimal::hex;
use domain::journal::EventKind;
use domain::medium::MediumId;
use domain::rule::{ColonHex, Hex, OfTheInstallation};
use keys::{
    BackupKey, CardMasterBackup, CardMasterCheck, KeyBackup, KeyError, KeyLabel, KeyStore,
    PublicKey,
};
use serde::Deserialize;
use store::{Entry, Store, Unit};
use x509::digest::sha256;

use crate::config::BackupsTable;
use crate::home::{Home, on_one_file_system, sync_parent, write_private};
use crate::media;

/// The file of the custodians' shares beside the backups.
const SHARES: &str = "custody.json";

/// How many entries of the journal are read at once.
const PAGE: usize = 1024;

/// What a journal entry tells, as far as it matters to a key in doubt.
#[derive(Deserialize)]
struct Told {
    kind: String,
    subject: Option<String>,
    outcome: Ended,
}

/// How it ended.
#[derive(Deserialize)]
struct Ended {
    result: String,
}

impl Told {
    /// Whether a card was made or something was put onto one.
    fn is_of_a_card(&self) -> bool {
        let kinds =
            [EventKind::CardChanged, EventKind::ApplicationIssued, EventKind::PossessionProven];
        kinds.iter().any(|kind| kind.name() == self.kind)
    }
}

/// The places of the backups, and the journal that tells of them.
pub(crate) struct Backups<'a> {
    /// The custodians' media.
    places: &'a [PathBuf],
    /// Where an earlier program put them: looked into, and never written to unless it is one of the
    /// places.
    former: PathBuf,
    /// The custodians' sealed shares in use.
    shares: PathBuf,
    data: PathBuf,
    on_data_disk: bool,
    store: &'a dyn Store,
}

impl<'a> Backups<'a> {
    /// Those of an installation.
    pub(crate) fn new(home: &Home, table: &'a BackupsTable, store: &'a dyn Store) -> Self {
        let BackupsTable { directories: places, on_data_disk } = table;
        let (former, data) = (home.backups(), home.directory().to_owned());
        let shares = home.custody();
        Self { places, former, shares, data, on_data_disk: *on_data_disk, store }
    }

    /// Why no key may be made now: no place is named for its backup, a medium is not there, or one is
    /// the server's own disk.
    fn expect_places(&self) -> Result<(), KeyError> {
        let refuse = |place: &Path, rule: &str| {
            Err(storage("finding a place for the backup in", place.to_owned(), &anyhow!("{rule}")))
        };
        if self.places.is_empty() {
            let rule = "backups.directories: name the custodians' media (A 6.2.4)";
            return refuse(&self.data, rule);
        }
        for place in self.places {
            if self.on_data_disk {
                continue;
            }
            if !place.is_dir() && !place.parent().is_some_and(Path::is_dir) {
                return refuse(place, "there is no such place; is the medium in it?");
            }
            if on_one_file_system(place, &self.data) {
                let rule = "it lies on the file system of the data: keys and backups would be lost, \
                            or taken, at once; backups.on_data_disk = true permits it for trying out";
                return refuse(place, rule);
            }
        }
        Ok(())
    }

    /// Those places that lie on the server's own disk and hold, or will hold, backups.
    pub(crate) fn on_own_disk(&self) -> Vec<&Path> {
        let holds =
            |place: &&Path| fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some());
        let places = self.places.iter().map(PathBuf::as_path);
        let named = places.filter(|place| on_one_file_system(place, &self.data));
        let former = Some(self.former.as_path()).filter(holds);
        let mut all: Vec<&Path> = named.chain(former).collect();
        all.dedup();
        all
    }

    /// The places that every backup is to be in.
    pub(crate) fn places(&self) -> &'a [PathBuf] {
        self.places
    }

    /// Every place where a backup may be.
    fn everywhere(&self) -> impl Iterator<Item = &Path> {
        let places = self.places.iter().map(PathBuf::as_path);
        places.chain(Some(self.former.as_path()).filter(|former| !self.is_place(former)))
    }

    fn is_place(&self, path: &Path) -> bool {
        self.places.iter().any(|place| place == path)
    }

    /// The files of a key's backup that are there now.
    pub(crate) fn files(&self, label: &KeyLabel) -> Vec<PathBuf> {
        let files = self.everywhere().map(|place| place.join(file_name(label)));
        files.filter(|file| file.exists()).collect()
    }

    /// Makes a CA's key with its backup, which is on disk when this returns; after a cut, the key
    /// that was made with its backup is found again.
    ///
    /// # Errors
    /// What keys, disk and journal say.
    pub(crate) fn make_key(
        &self,
        act: &Act,
        keys: &dyn KeyStore,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup_key: &BackupKey,
    ) -> Result<PublicKey, KeyError> {
        match keys.public_key(label) {
            Ok(found) if self.read(label).is_ok_and(|backup| backup.public_key == found) => {
                self.complete(act, label, &found)?;
                return Ok(found);
            }
            // A cut came between key and backup. Nothing was signed with it, and no second backup
            // can be made of a key: another takes its place.
            Ok(found) => {
                // With its medium in place, or nobody could tell that there is no backup.
                self.expect_places()?;
                self.expect_standing(act, label)?;
                keys.destroy(label)?;
                self.journal(entry(EventKind::KeyDestroyed, act, label, &found))?;
            }
            Err(KeyError::UnknownLabel(_)) => {}
            Err(error) => return Err(error),
        }
        self.expect_places()?;
        self.expect_standing(act, label)?;
        // No key is made where a medium has no identity.
        self.identify()?;
        let backup = keys.generate_with_backup(label, algorithm, backup_key)?;
        let media = self.copy(act, label, &backup.public_key, &backup.to_json())?;
        self.journal_backup(act, label, &backup.public_key, &media)?;
        Ok(backup.public_key)
    }

    /// Brings the backup of a key that was made to its end, where a cut left it on some of the media or the journal
    /// without it.
    fn complete(&self, act: &Act, label: &KeyLabel, public: &PublicKey) -> Result<(), KeyError> {
        let path = self.path(label);
        let unsaid = |error| storage("completing the backup in", path.clone(), &error);
        let name = name_of(label, &public.spki_der);
        if ca::noted_backup(self.store, &name).map_err(|error| unsaid(error.into()))?.is_some() {
            return self.journal(entry(EventKind::KeyBackedUp, act, label, public).no_op());
        }
        self.expect_places()?;
        let backup = fs::read_to_string(&path).map_err(|error| unsaid(error.into()))?;
        let media = self.copy(act, label, public, &backup)?;
        self.journal_backup(act, label, public, &media)
    }

    /// Puts a key's backup on every medium. An identity is on each before a copy is, and the journal names it
    /// before: what a cut or a fault leaves on a medium that nobody brings again is asked for when the key ends.
    fn copy(
        &self,
        act: &Act,
        label: &KeyLabel,
        public: &PublicKey,
        backup: &str,
    ) -> Result<Vec<MediumFact>, KeyError> {
        let media = self.identify()?;
        let begun = entry(EventKind::KeyActBegun, act, label, public).detail("act", "backup");
        self.journal(media.iter().fold(begun, with_place))?;
        self.write(label, backup)?;
        if self.identify()? != media {
            let why = anyhow!("a medium was exchanged for another meanwhile");
            return Err(storage("writing", self.path(label), &why));
        }
        Ok(media)
    }

    /// Tells the journal that a key's backup is on its media, and notes its digest.
    fn journal_backup(
        &self,
        act: &Act,
        label: &KeyLabel,
        public: &PublicKey,
        media: &[MediumFact],
    ) -> Result<(), KeyError> {
        let unsaid = |error| storage("journaling the backup in", self.path(label), &error);
        let sha256 = self.digest(label).map_err(unsaid)?;
        let noted = NotedBackup { sha256, media: media.iter().map(|medium| medium.id).collect() };
        let name = name_of(label, &public.spki_der);
        let note = ca::note_backup(&name, &noted).map_err(|error| unsaid(error.into()))?;
        let told = media.iter().fold(entry(EventKind::KeyBackedUp, act, label, public), with_place);
        let unit = Unit::new(told.detail("backup_sha256", ColonHex(&sha256))).change(note);
        self.store.commit(unit).map(drop).map_err(|error| unsaid(error.into()))
    }

    /// The media in their places, each with an identity that no other has.
    fn identify(&self) -> Result<Vec<MediumFact>, KeyError> {
        let identified = self.places.iter().map(|place| {
            let id = self
                .identify_one(place)
                .map_err(|error| storage("identifying", place.clone(), &error))?;
            Ok(media::fact(id, &place.display().to_string()))
        });
        let identified = identified.collect::<Result<_, KeyError>>()?;
        self.expect_single(None)
            .map_err(|error| storage("identifying", self.data.clone(), &error))?;
        Ok(identified)
    }

    /// The identity of the medium in a place, which is given one where it never had any.
    ///
    /// # Errors
    /// As of [`media::identify`]; a medium that had one and has lost it.
    pub(crate) fn identify_one(&self, place: &Path) -> Result<MediumId> {
        if place.is_dir() && media::read(place)?.is_none() {
            for file in fs::read_dir(place).with_context(|| place.display().to_string())? {
                let Ok(backup) = read_backup(&file?.path()) else { continue };
                let name = name_of(&backup.label, &backup.public_key.spki_der);
                let noted = ca::noted_backup(self.store, &name)?;
                if let Some(noted) = noted.filter(|noted| !noted.media.is_empty()) {
                    bail!(
                        "{}: it holds the backup of {} and has no {}, which was written to {}: write its identity anew \
                         (A 6.2.4); what was copied there by hand is written by a ceremony instead",
                        place.display(),
                        backup.label,
                        media::FILE,
                        listed(&noted)
                    );
                }
            }
        }
        media::identify(place)
    }

    /// Refuses two media with one identity, among those in their places and one that lies elsewhere.
    pub(crate) fn expect_single(&self, further: Option<&Path>) -> Result<()> {
        media::expect_single(self.places.iter().map(PathBuf::as_path).chain(further))
    }

    /// The media in their places, as far as they have an identity.
    pub(crate) fn media(&self) -> Result<Vec<MediumFact>> {
        let known = self.places.iter().filter_map(|place| {
            let id = media::read(place).transpose()?;
            Some(id.map(|id| media::fact(id, &place.display().to_string())))
        });
        known.collect()
    }

    /// The SHA-256 of a key's backup as it is on disk.
    pub(crate) fn digest(&self, label: &KeyLabel) -> Result<[u8; 32]> {
        let path = self.path(label);
        let octets = fs::read(&path).with_context(|| path.display().to_string())?;
        Ok(sha256(&octets))
    }

    /// What is not as it was written, of the backups of the keys with these labels and public keys, and of
    /// that of a card master key. A medium that is out of the house is none of it.
    pub(crate) fn differences(
        &self,
        keys: &[(KeyLabel, Vec<u8>)],
        cards: &KeyLabel,
    ) -> Result<Vec<String>> {
        let keys = keys.iter().map(|(label, spki)| (label, name_of(label, spki)));
        let mut differences = self.other_shares();
        let places: Vec<&PathBuf> =
            self.places.iter().filter(|place| self.is_in_reach(place)).collect();
        // Which medium is which cannot be told while two have one identity, or one's cannot be read.
        if let Err(told) = media::expect_single(places.iter().map(|place| place.as_path())) {
            differences.push(format!("{told:#}"));
            return Ok(differences);
        }
        for (label, name) in keys.chain([(cards, cards.to_string())]) {
            // An earlier program noted none.
            let Some(noted) = ca::noted_backup(self.store, &name)? else { continue };
            for place in &places {
                let file = place.join(file_name(label));
                if let Some(told) = other_than(&noted, media::read(place)?, &file) {
                    differences.push(format!("{}: {told}", file.display()));
                }
            }
        }
        Ok(differences)
    }

    /// Whether a place can be looked at: it lies on this disk, or its medium is in.
    fn is_in_reach(&self, place: &Path) -> bool {
        let has_files = fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some());
        has_files || on_one_file_system(place, &self.data) && self.on_data_disk
    }

    /// Makes the card master key with its backup, which is on disk when this returns; after a cut,
    /// the key that was made with its backup is found again.
    ///
    /// # Errors
    /// What keys, disk and journal say. A key that cards may hang on is neither destroyed nor
    /// replaced because its backup, or the key itself, is not where it should be (K4).
    pub(crate) fn make_card_master(
        &self,
        act: &Act,
        keys: &dyn KeyStore,
        label: &KeyLabel,
        backup_key: &BackupKey,
    ) -> Result<CardMasterCheck, KeyError> {
        let kept = self.find_card_master(label)?;
        match keys.card_master_check(label) {
            Ok(found) => match kept {
                Some(backup) if backup.check == found => return Ok(found),
                Some(_) => return Err(self.lost(label, "the file is the backup of another key")),
                None => self.give_way(act, keys, label, found)?,
            },
            Err(KeyError::UnknownLabel(_)) => {
                if kept.is_some() || self.was_backed_up(label)? {
                    return Err(self.lost(label, "the key store has lost the key: restore it"));
                }
            }
            Err(error) => return Err(error),
        }
        self.expect_places()?;
        self.identify()?;
        let backup = keys.generate_card_master(label, backup_key)?;
        self.write(label, &backup.to_json())?;
        Ok(backup.check)
    }

    /// Destroys a card master key whose backup a cut swallowed, if no card was made with it.
    fn give_way(
        &self,
        act: &Act,
        keys: &dyn KeyStore,
        label: &KeyLabel,
        check: CardMasterCheck,
    ) -> Result<(), KeyError> {
        if self.was_backed_up(label)? {
            return Err(self.lost(label, "the journal tells that there is one"));
        }
        if self.journal_tells(Told::is_of_a_card)? {
            return Err(self.lost(label, "there are cards of this key"));
        }
        let told = |kind| Entry::new(kind, act).subject(label).detail("check_value", Hex(&check.0));
        self.journal(told(EventKind::KeyGenerated))?;
        keys.destroy(label)?;
        self.journal(told(EventKind::KeyDestroyed))
    }

    /// The backup of the card master key; none only if there is no file.
    fn find_card_master(&self, label: &KeyLabel) -> Result<Option<CardMasterBackup>, KeyError> {
        match read_card_master(&self.path(label)) {
            Ok(Some(backup)) => Ok(Some(backup)),
            Ok(None) => Err(self.lost(label, "the file is no backup of a card master key")),
            Err(error) => match error.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::NotFound) => Ok(None),
                _ => Err(self.lost(label, &format!("{error:#}"))),
            },
        }
    }

    fn was_backed_up(&self, label: &KeyLabel) -> Result<bool, KeyError> {
        self.journal_tells(|told| {
            told.kind == EventKind::KeyBackedUp.name()
                && told.subject.as_deref() == Some(label.as_str())
        })
    }

    /// Whether an entry that is no refusal tells this. It reads all of the journal, which only a
    /// key in doubt is worth.
    fn journal_tells(&self, is_meant: impl Fn(&Told) -> bool) -> Result<bool, KeyError> {
        let unread = |error| storage("reading the journal about", self.former.clone(), &error);
        let mut from = 0;
        loop {
            let page = self.store.journal(from, PAGE).map_err(|error| unread(error.into()))?;
            let Some((last, _)) = page.last() else { return Ok(false) };
            from = last + 1;
            for (_, body) in &page {
                let told: Told =
                    serde_json::from_slice(body).map_err(|error| unread(error.into()))?;
                if told.outcome.result != "refused" && is_meant(&told) {
                    return Ok(true);
                }
            }
        }
    }

    fn lost(&self, label: &KeyLabel, found: &str) -> KeyError {
        let advice = anyhow::anyhow!(
            "{found}. Cards may hang on this key: bring the backup back, nothing was changed (K4)"
        );
        storage("finding the backup of the card master key in", self.path(label), &advice)
    }

    /// Whether the backup of this card master key is on disk.
    pub(crate) fn has_card_master(&self, label: &KeyLabel, check: CardMasterCheck) -> bool {
        let backup = read_card_master(&self.path(label)).ok().flatten();
        backup.is_some_and(|backup| backup.label == *label && backup.check == check)
    }

    /// The backup of the card master key.
    pub(crate) fn card_master(&self, label: &KeyLabel) -> Result<CardMasterBackup> {
        let path = self.path(label);
        let none = || format!("{}: it is no backup of a card master key", path.display());
        read_card_master(&path)?.with_context(none)
    }

    /// The file of a key's backup: the first that is there, else where it should be.
    pub(crate) fn path(&self, label: &KeyLabel) -> PathBuf {
        let should = self.places.first().unwrap_or(&self.former).join(file_name(label));
        self.files(label).into_iter().next().unwrap_or(should)
    }

    /// The backup of a key.
    pub(crate) fn read(&self, label: &KeyLabel) -> Result<KeyBackup> {
        read_backup(&self.path(label))
    }

    /// Writes a backup, and beside it the shares of the secret that opens it, sealed as they are: a
    /// backup that nobody could open any more would be none.
    fn write(&self, label: &KeyLabel, backup: &str) -> Result<(), KeyError> {
        // Never another file in the place of the copies that are right.
        let shares = self.shares_in(&self.shares);
        let shares =
            shares.map_err(|told| storage("reading", self.shares.clone(), &anyhow!(told)))?;
        for place in self.places {
            let path = place.join(file_name(label));
            let keep_shares = || match &shares {
                Some(shares) => write_private(&place.join(SHARES), shares),
                None => Ok(()),
            };
            let written = fs::create_dir_all(place)
                .and_then(|()| sync_parent(place))
                .map_err(anyhow::Error::from)
                .and_then(|()| keep_shares())
                .and_then(|()| write_private(&path, backup.as_bytes()));
            written.map_err(|error| storage("writing", path, &error))?;
        }
        Ok(())
    }

    /// The shares in a file, if it is the one that the database tells of; nothing before any were dealt.
    fn shares_in(&self, path: &Path) -> Result<Option<Vec<u8>>, String> {
        let dealt = Dealing::recorded(self.store).map_err(|error| error.to_string())?;
        let Some(dealt) = dealt else { return Ok(None) };
        let file = fs::read(path).map_err(Dealing::unread)?;
        dealt.hold(&file).map(|_| Some(file))
    }

    /// What is wrong with the shares: those in use, or those on a medium, are not those that were dealt.
    fn other_shares(&self) -> Vec<String> {
        let places = self.places.iter().filter(|place| self.is_in_reach(place));
        let files = places.map(|place| place.join(SHARES));
        let all = [self.shares.clone()].into_iter().chain(files);
        let wrong =
            |file: PathBuf| Some(format!("{}: {}", file.display(), self.shares_in(&file).err()?));
        all.filter_map(wrong).collect()
    }

    /// Looks again, before a key is made or ends, whether whoever has it done still may.
    fn expect_standing(&self, act: &Act, label: &KeyLabel) -> Result<(), KeyError> {
        let ended = |error: store::Error| storage("making", label.as_str().into(), &error.into());
        store::expect_standing(self.store, act).map_err(ended)
    }

    fn journal(&self, entry: Entry) -> Result<(), KeyError> {
        let committed = self.store.commit(Unit::new(entry));
        let unsaid = |error: store::Error| {
            storage("journaling what became of", self.former.clone(), &error.into())
        };
        committed.map(drop).map_err(unsaid)
    }
}

/// What is not as it was noted of a backup, of its file on the medium that is in its place.
fn other_than(noted: &NotedBackup, medium: Option<MediumId>, file: &Path) -> Option<String> {
    match (fs::read(file), medium) {
        (Ok(octets), _) if sha256(&octets) != noted.sha256 => {
            Some("it is not as it was written".to_owned())
        }
        (_, None) if !noted.media.is_empty() => {
            let lost = "the medium has no identity any more, and it was written to";
            Some(format!("{lost} {}: write {} anew (A 6.2.4)", listed(noted), media::FILE))
        }
        (Ok(_), _) => None,
        (Err(_), Some(other)) if !noted.media.is_empty() && !noted.media.contains(&other) => Some(
            format!("{other} is in this place, and the backup was written to {}", listed(noted)),
        ),
        (Err(error), _) => Some(error.to_string()),
    }
}

fn listed(noted: &NotedBackup) -> String {
    noted.media.iter().map(MediumId::to_string).collect::<Vec<_>>().join(", ")
}

/// The entry with a medium that a copy is put on, by its place and by its identity.
pub(crate) fn with_place(entry: Entry, medium: &MediumFact) -> Entry {
    MediumFact::told_in(in_place(entry, &medium.place), medium)
}

/// The same of a medium that has none, as an earlier program told all.
pub(crate) fn in_place(entry: Entry, place: &str) -> Entry {
    entry.detail("place", OfTheInstallation(place))
}

/// What a key is called of which another of the same label may have given way.
fn name_of(label: &KeyLabel, spki_der: &[u8]) -> String {
    format!("{label}-{}", hex(&sha256(spki_der)[..8]))
}

/// How the file of a key's backup is called, wherever it is.
pub(crate) fn file_name(label: &KeyLabel) -> String {
    format!("{label}.json")
}

/// A backup out of a file.
pub(crate) fn read_backup(path: &Path) -> Result<KeyBackup> {
    let place = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(place)?;
    let backup = KeyBackup::from_json(&text).with_context(place)?;
    let named = path.file_name().is_some_and(|name| name == file_name(&backup.label).as_str());
    ensure!(named, "{}: it is the backup of {}", path.display(), backup.label);
    Ok(backup)
}

/// A backup of a card master key out of a file; none out of one that holds another backup.
pub(crate) fn read_card_master(path: &Path) -> Result<Option<CardMasterBackup>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let Ok(backup) = CardMasterBackup::from_json(&text) else { return Ok(None) };
    let named = path.file_name().is_some_and(|name| name == file_name(&backup.label).as_str());
    ensure!(named, "{}: it is the backup of {}", path.display(), backup.label);
    Ok(Some(backup))
}

/// The entry about what became of a key.
pub(crate) fn entry(kind: EventKind, act: &Act, label: &KeyLabel, public: &PublicKey) -> Entry {
    Entry::new(kind, act)
        .subject(label)
        .detail("algorithm", public.algorithm)
        .detail("spki_sha256", ColonHex(&sha256(&public.spki_der)))
}

/// Overwrites a file with zeros and removes it, durably.
pub(crate) fn erase(path: &Path) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(0);
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    sync_parent(path)
}

fn storage(action: &'static str, path: PathBuf, error: &anyhow::Error) -> KeyError {
    KeyError::Storage { action, path, source: io::Error::other(format!("{error:#}")) }
}
