//! The copies of a CA's key: where they were put over the years, and that all of them end with it
//! (A 6.2.10.1, S 6-2-1-9).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use keys::{EmbeddedKeyStore, KeyError, KeyLabel, KeyStore};
use serde::{Deserialize, Serialize};
use store::journal::ToldEntry;
use store::{Sequence, Store};

use super::SystemStage;
use super::backup::MANIFEST;
use super::restore::{OWN, TRIAL};
use crate::backups::{erase, file_name};
use crate::home::{partial, write_private};

/// How many entries of the journal are read at once.
const PAGE: usize = 1024;

/// What the journal calls it that the end of one copy is begun.
pub(super) const END_OF_COPY: &str = "end-of-copy";

/// Every copy of a key, each within reach: the right to destroy the key, which ends them with it.
pub(super) struct Copies {
    label: KeyLabel,
    /// The files, with the names of the places they are in.
    files: BTreeMap<PathBuf, BTreeSet<String>>,
    stores: Vec<(String, Arc<dyn KeyStore>)>,
    /// Those whose end a run began that was cut off, and which are not there any more.
    pub(super) absent: Vec<String>,
}

/// A copy of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyCopy {
    pub(super) sort: Sort,
    /// Its file, or its store.
    pub(super) name: String,
    /// Where it is, as a script may say: that is not the file's path where links lead to it.
    pub(super) places: BTreeSet<String>,
}

/// What a copy is kept in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sort {
    File,
    Store,
}

/// Where the journal tells that copies of a key were put, and which of them ended.
#[derive(Default)]
struct Told {
    media: BTreeSet<String>,
    stores: BTreeSet<String>,
    /// The copies whose end was begun, each with its places.
    ended: BTreeMap<String, BTreeSet<String>>,
    /// Those of them that no entry about the key's end tells of yet.
    untold: BTreeSet<String>,
}

impl SystemStage<'_> {
    /// Finds every copy of a key. `gone` names the media and stores that cannot be brought; `begun` are the
    /// copies that there were when the destruction was begun.
    ///
    /// A medium may lack its file where it is noted that its end was begun: nobody else knows whether a wrong
    /// medium lies there.
    ///
    /// # Errors
    /// What is not within reach and not said to be gone; what is said to be gone and never had a copy, or
    /// has one still.
    pub(super) fn copies(
        &self,
        label: &KeyLabel,
        gone: &BTreeMap<String, String>,
        begun: &[KeyCopy],
    ) -> Result<Copies> {
        let told = Told::of(&*self.system.store, label)?;
        let mut missing = BTreeMap::new();
        let files = self.files(label, &told, &mut |place, why| {
            let has_ended = why == Absence::File && told.has_ended_at(place);
            if !gone.contains_key(place) && !has_ended {
                missing.insert(place.to_owned(), why.words().to_owned());
            }
        })?;
        let stores = self.stores(label, &told, gone, &mut missing)?;
        let mut copies = Copies { label: label.clone(), files, stores, absent: Vec::new() };
        let found = copies.found()?;
        let is_here = |name: &str| found.iter().any(|copy| copy.name == name);
        for copy in begun {
            let is_told = |place: &String| gone.contains_key(place) || missing.contains_key(place);
            let is_accounted = is_here(&copy.name)
                || told.ended.contains_key(&copy.name)
                || copy.places.iter().any(is_told);
            if let (false, Some(place)) = (is_accounted, copy.places.first()) {
                let why = format!("{} was there when the destruction was begun", copy.name);
                missing.insert(place.clone(), why);
            }
        }
        let missing: Vec<_> =
            missing.iter().map(|(place, why)| format!("{place}: {why}")).collect();
        ensure!(
            missing.is_empty(),
            "copies of {label} are out of reach, and would outlive it: {}. Put them in their places, or say in the step \
             what became of each: gone = {{ \"PLACE\" = \"WHY\" }} (A 6.2.10.1, S 6-2-1-9)",
            missing.join("; ")
        );
        self.expect_gone_from(gone, &told, &found, begun)?;
        let is_absent = |name: &&String| {
            let places = told.ended.get(*name);
            let is_gone = places.is_some_and(|all| all.iter().any(|one| gone.contains_key(one)));
            !is_here(name) && !is_gone
        };
        copies.absent = told.untold.iter().filter(is_absent).cloned().collect();
        Ok(copies)
    }

    /// The stores that a key was restored into; of those that are told of, each is within reach.
    fn stores(
        &self,
        label: &KeyLabel,
        told: &Told,
        gone: &BTreeMap<String, String>,
        missing: &mut BTreeMap<String, String>,
    ) -> Result<Vec<(String, Arc<dyn KeyStore>)>> {
        let mut stores = self.restored_stores(label)?;
        for name in &told.stores {
            if stores.iter().any(|(known, _)| known == name) {
                continue;
            }
            match self.opener_of(name).and_then(|opener| Ok(opener.open(self.secret)?)) {
                Ok(store) => stores.push((name.clone(), store)),
                Err(_) if gone.contains_key(name) => {}
                Err(error) => {
                    missing
                        .insert(name.clone(), format!("the store {name} does not open: {error:#}"));
                }
            }
        }
        Ok(stores)
    }

    /// Refuses what is said to be gone and never had a copy, or has one.
    fn expect_gone_from(
        &self,
        gone: &BTreeMap<String, String>,
        told: &Told,
        found: &[KeyCopy],
        begun: &[KeyCopy],
    ) -> Result<()> {
        let at = |place: &String| found.iter().find(|copy| copy.places.contains(place));
        if let Some((place, copy)) = gone.keys().find_map(|place| Some((place, at(place)?))) {
            bail!(
                "gone: {place}: it is not gone, {} is there: hold a ceremony whose script does not say so, and it \
                 ends with the others",
                copy.name
            );
        }
        // The throwaway installation of a rehearsal never had the real one's media.
        if self.media.is_some() {
            return Ok(());
        }
        let places = self.backups().places();
        let is_known = |name: &String| {
            told.media.contains(name)
                || told.stores.contains(name)
                || begun.iter().any(|copy| copy.places.contains(name))
                || places.iter().any(|place| place == Path::new(name))
        };
        if let Some(stranger) = gone.keys().find(|name| !is_known(name)) {
            let known: Vec<&str> =
                told.media.iter().chain(&told.stores).map(String::as_str).collect();
            bail!("gone: {stranger}: no copy was put there, but in {}", known.join(", "));
        }
        Ok(())
    }

    /// The files of a key's backup, and each place that does not have the one it should.
    fn files(
        &self,
        label: &KeyLabel,
        told: &Told,
        without: &mut dyn FnMut(&str, Absence),
    ) -> Result<BTreeMap<PathBuf, BTreeSet<String>>> {
        let backups = self.backups();
        let mut files = BTreeMap::<PathBuf, BTreeSet<String>>::new();
        for file in backups.files(label) {
            let place = file.parent().map(|place| place.display().to_string());
            files.entry(canonical(&file)?).or_default().extend(place);
        }
        let named = told.media.iter().map(|name| (name.clone(), self.place(name)));
        let places = backups.places().iter();
        let places = places.map(|place| (place.display().to_string(), place.clone()));
        for (name, place) in places.chain(named).collect::<BTreeMap<_, _>>() {
            let file = place.join(file_name(label));
            // What a cut left of writing it is a copy, too.
            let mut found =
                [partial(&file), file].into_iter().filter(|file| file.exists()).peekable();
            if found.peek().is_none() {
                let is_in = fs::read_dir(&place).is_ok_and(|mut files| files.next().is_some());
                without(&name, if is_in { Absence::File } else { Absence::Medium });
            }
            for file in found {
                files.entry(canonical(&file)?).or_default().insert(name.clone());
            }
        }
        Ok(files)
    }

    /// The stores that ceremonies restored keys into, in their directories.
    fn restored_stores(&self, label: &KeyLabel) -> Result<Vec<(String, Arc<dyn KeyStore>)>> {
        let place = self.system.home.restored();
        let mut stores: Vec<(String, Arc<dyn KeyStore>)> = Vec::new();
        if !place.is_dir() {
            return Ok(stores);
        }
        let stray = EmbeddedKeyStore::files_of(&place, label)?;
        ensure!(stray.is_empty(), "{}: it may hold {label}, in no store", listed(&stray));
        for named in fs::read_dir(&place).with_context(|| place.display().to_string())? {
            let named = named?;
            if !named.path().is_dir() {
                continue;
            }
            let store = match EmbeddedKeyStore::open(&named.path(), self.secret.master_key()?) {
                // A cut came before it was one; where it was one once, its keys are still there.
                Err(error) if error.may_lack_store() && has_nothing_of(&named.path(), label)? => {
                    continue;
                }
                opened => opened.with_context(|| named.path().display().to_string())?,
            };
            stores.push((named.file_name().to_string_lossy().into_owned(), Arc::new(store)));
        }
        Ok(stores)
    }
}

/// Whether no file of a directory is called after a key.
fn has_nothing_of(directory: &Path, label: &KeyLabel) -> Result<bool> {
    for file in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        if is_called_after(&file?.file_name().to_string_lossy(), label) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a file's name has a label in it, and not that of another key which begins or ends with it.
fn is_called_after(name: &str, label: &KeyLabel) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.match_indices(label.as_str()).any(|(at, found)| {
        let (before, after) = (&name[..at], &name[at + found.len()..]);
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

fn listed(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Copies {
    /// Those that there are.
    pub(super) fn found(&self) -> Result<Vec<KeyCopy>> {
        let mut found: Vec<KeyCopy> = self.files.iter().map(of_file).collect();
        for (name, store) in &self.stores {
            if store.labels()?.contains(&self.label) {
                found.push(of_store(name));
            }
        }
        Ok(found)
    }

    /// Destroys each of them, after `note` has told that it is about to; after a cut, those that are left.
    pub(super) fn destroy(self, note: &dyn Fn(&KeyCopy) -> Result<()>) -> Result<Vec<KeyCopy>> {
        let mut ended = Vec::new();
        for (file, places) in &self.files {
            let copy = of_file((file, places));
            note(&copy)?;
            store::outside("copy-ended", || strike(file).and_then(|()| Ok(erase(file)?)))
                .with_context(|| copy.name.clone())?;
            ended.push(copy);
        }
        for (name, store) in self.stores {
            let copy = of_store(&name);
            if store.labels()?.contains(&self.label) {
                note(&copy)?;
            }
            // A store without the key may hold what a cut left of writing it.
            match store::outside("copy-ended", || store.destroy(&self.label)) {
                Ok(()) => ended.push(copy),
                Err(KeyError::UnknownLabel(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ended)
    }
}

fn of_file((file, places): (&PathBuf, &BTreeSet<String>)) -> KeyCopy {
    KeyCopy { sort: Sort::File, name: file.display().to_string(), places: places.clone() }
}

fn of_store(name: &str) -> KeyCopy {
    KeyCopy { sort: Sort::Store, name: name.to_owned(), places: [name.to_owned()].into() }
}

/// What a place lacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// Nothing is in it.
    Medium,
    /// A medium that does not have the file.
    File,
}

impl Absence {
    fn words(self) -> &'static str {
        match self {
            Self::Medium => "no medium is in it",
            Self::File => "what is in it does not have the backup; is it the right medium?",
        }
    }
}

impl Told {
    /// Reads the whole journal, which the end of a key is worth.
    fn of(store: &dyn Store, label: &KeyLabel) -> Result<Self> {
        let (mut told, mut from) = (Self::default(), 0);
        loop {
            let page = store.journal(from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(told) };
            from = last + 1;
            for (sequence, body) in &page {
                told.hear(*sequence, body, label)?;
            }
        }
    }

    fn hear(&mut self, sequence: Sequence, body: &[u8], label: &KeyLabel) -> Result<()> {
        let entry = ToldEntry::parse(sequence, body)?;
        // What a step of a ceremony wrote or read, each with its SHA-256.
        let name = file_name(label);
        let files = entry.all("file").filter_map(|file| Some(file.rsplit_once(' ')?.0));
        let directories = files.filter_map(|file| file.rsplit_once('/'));
        self.media.extend(
            directories.filter(|(_, file)| *file == name).map(|(directory, _)| directory.into()),
        );
        if entry.subject.as_deref() != Some(label.as_str()) {
            return Ok(());
        }
        self.media.extend(entry.all("place").map(ToOwned::to_owned));
        let into = entry.all("into").filter(|name| ![OWN, TRIAL].contains(name));
        self.stores.extend(into.map(ToOwned::to_owned));
        if entry.all("act").any(|act| act == END_OF_COPY) {
            for copy in entry.all("copy") {
                let places = entry.all("at").map(ToOwned::to_owned);
                self.ended.entry(copy.to_owned()).or_default().extend(places);
                self.untold.insert(copy.to_owned());
            }
        }
        for told in ["erased", "restored_store", "absent_after_cut"] {
            for copy in entry.all(told) {
                self.untold.remove(copy);
            }
        }
        Ok(())
    }

    /// Whether the end of a copy in a place was begun.
    fn has_ended_at(&self, place: &str) -> bool {
        self.ended.values().any(|places| places.contains(place))
    }
}

/// Takes a file out of the list beside it, so that what else is on the medium can still be restored.
fn strike(file: &Path) -> Result<()> {
    let list = file.with_file_name(MANIFEST);
    let (true, Some(name)) = (list.exists(), file.file_name()) else { return Ok(()) };
    let ending = format!("  {}", name.to_string_lossy());
    let text = fs::read_to_string(&list)?;
    let left = text.lines().filter(|line| !line.ends_with(&ending));
    let left: String = left.map(|line| format!("{line}\n")).collect();
    write_private(&list, left.as_bytes())
}

fn canonical(file: &Path) -> Result<PathBuf> {
    fs::canonicalize(file).with_context(|| file.display().to_string())
}
