//! The copies of a CA's key: where they were put over the years, and that all of them end with it
//! (A 6.2.10.1, S 6-2-1-9).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
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

/// Every copy of a key, each within reach: the right to destroy the key, which ends them with it.
pub(super) struct Copies {
    label: KeyLabel,
    files: BTreeSet<PathBuf>,
    stores: Vec<(String, Arc<dyn KeyStore>)>,
}

/// Copies that end or ended, by name.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {
    pub(super) files: Vec<String>,
    pub(super) stores: Vec<String>,
}

/// Where the journal tells that copies of a key were put.
#[derive(Default)]
struct Told {
    media: BTreeSet<String>,
    stores: BTreeSet<String>,
}

impl SystemStage<'_> {
    /// Finds every copy of a key. `gone` names the media and stores that cannot be brought; `is_begun`
    /// says that they were all there once, when the destruction was begun, so that a medium may have been gone
    /// over already.
    ///
    /// # Errors
    /// What is not within reach and not said to be gone; what is said to be gone and never had a copy.
    pub(super) fn copies(
        &self,
        label: &KeyLabel,
        gone: &BTreeMap<String, String>,
        is_begun: bool,
    ) -> Result<Copies> {
        let told = Told::of(&*self.system.store, label)?;
        let mut missing = Vec::new();
        let files = self.files(label, &told, &mut |place, why| {
            let is_accounted = gone.contains_key(place) || is_begun && why == Absence::File;
            if !is_accounted {
                missing.push(format!("{place}: {}", why.words()));
            }
        })?;
        let mut stores = self.restored_stores(label)?;
        for name in &told.stores {
            if stores.iter().any(|(known, _)| known == name) {
                continue;
            }
            match self.opener_of(name).and_then(|opener| Ok(opener.open(self.secret)?)) {
                Ok(store) => stores.push((name.clone(), store)),
                Err(_) if gone.contains_key(name) => {}
                Err(error) => missing.push(format!("the store {name}: {error:#}")),
            }
        }
        ensure!(
            missing.is_empty(),
            "copies of {label} are out of reach, and would outlive it: {}. Put them in their places, or say in the step \
             what became of each: gone = {{ \"PLACE\" = \"WHY\" }} (A 6.2.10.1, S 6-2-1-9)",
            missing.join("; ")
        );
        let places = self.backups().places();
        let is_known = |name: &str| {
            told.media.contains(name)
                || told.stores.contains(name)
                || places.iter().any(|place| place == Path::new(name))
        };
        // The throwaway installation of a rehearsal never had the real one's media.
        let stranger = gone.keys().find(|name| self.media.is_none() && !is_known(name));
        if let Some(stranger) = stranger {
            let known: Vec<&str> =
                told.media.iter().chain(&told.stores).map(String::as_str).collect();
            anyhow::bail!("gone: {stranger}: no copy was put there, but in {}", known.join(", "));
        }
        Ok(Copies { label: label.clone(), files, stores })
    }

    /// The files of a key's backup, and each place that does not have the one it should.
    fn files(
        &self,
        label: &KeyLabel,
        told: &Told,
        without: &mut dyn FnMut(&str, Absence),
    ) -> Result<BTreeSet<PathBuf>> {
        let backups = self.backups();
        let mut files = BTreeSet::new();
        for file in backups.files(label) {
            files.insert(canonical(&file)?);
        }
        let named = told.media.iter().map(|name| (name.clone(), self.place(name)));
        let places = backups.places().iter();
        let places = places.map(|place| (place.display().to_string(), place.clone()));
        for (name, place) in places.chain(named).collect::<BTreeMap<_, _>>() {
            let file = place.join(file_name(label));
            // What a cut left of writing it is a copy, too.
            let found = [partial(&file), file].into_iter().filter(|file| file.exists());
            let found = found.map(|file| canonical(&file)).collect::<Result<Vec<_>>>()?;
            let is_missing = found.is_empty();
            files.extend(found);
            if is_missing {
                let is_in = fs::read_dir(&place).is_ok_and(|mut files| files.next().is_some());
                without(&name, if is_in { Absence::File } else { Absence::Medium });
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
        for named in fs::read_dir(&place).with_context(|| place.display().to_string())? {
            let named = named?;
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
        if file?.file_name().to_string_lossy().contains(label.as_str()) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Copies {
    /// Those that there are.
    pub(super) fn found(&self) -> Result<Ended> {
        let files = self.files.iter().map(|file| file.display().to_string()).collect();
        let mut stores = Vec::new();
        for (name, store) in &self.stores {
            if store.labels()?.contains(&self.label) {
                stores.push(name.clone());
            }
        }
        Ok(Ended { files, stores })
    }

    /// Destroys each of them; after a cut, those that are left.
    pub(super) fn destroy(self) -> Result<Ended> {
        let (mut files, mut stores) = (Vec::new(), Vec::new());
        for file in &self.files {
            let told = || file.display().to_string();
            store::outside("copy-ended", || strike(file).and_then(|()| Ok(erase(file)?)))
                .with_context(told)?;
            files.push(told());
        }
        for (name, store) in self.stores {
            // A store without the key may hold what a cut left of writing it.
            match store::outside("copy-ended", || store.destroy(&self.label)) {
                Ok(()) => stores.push(name),
                Err(KeyError::UnknownLabel(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ended { files, stores })
    }
}

impl Ended {
    /// Those that are not among others.
    pub(super) fn without(self, others: &Self) -> Self {
        let without = |mut all: Vec<String>, others: &[String]| {
            all.retain(|one| !others.contains(one));
            all
        };
        Self {
            files: without(self.files, &others.files),
            stores: without(self.stores, &others.stores),
        }
    }
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
        if entry.subject.as_deref() == Some(label.as_str()) {
            self.media.extend(entry.all("place").map(ToOwned::to_owned));
            let into = entry.all("into").filter(|name| ![OWN, TRIAL].contains(name));
            self.stores.extend(into.map(ToOwned::to_owned));
        }
        Ok(())
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
