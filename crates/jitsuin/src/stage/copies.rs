//! The copies of a CA's key: where they were put over the years, and that all of them end with it
//! (A 6.2.10.1, S 6-2-1-9).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use keys::{EmbeddedKeyStore, KeyError, KeyLabel, KeyStore};

use super::SystemStage;
use super::backup::MANIFEST;
use super::copy::{FoundFile, KeyCopy};
use super::gone::Gone;
use super::reach::Reach;
use super::told::Told;
use crate::backups::erase;
use crate::home::write_private;

/// Every copy of a key, each within reach: the right to destroy the key, which ends them with it.
pub(super) struct Copies {
    label: KeyLabel,
    /// The files, each with the names of the places it is in and its medium.
    files: BTreeMap<PathBuf, FoundFile>,
    stores: Vec<(String, Arc<dyn KeyStore>)>,
    /// Those whose end a run began that was cut off, and which are not there any more.
    pub(super) absent: Vec<String>,
    /// What became of those that cannot be brought, by the name under which each is told.
    pub(super) gone: BTreeMap<String, String>,
}

impl SystemStage<'_> {
    /// Finds every copy of a key. `said` names the media and stores that cannot be brought; `begun` are the
    /// copies that there were when the destruction was begun.
    ///
    /// A medium may lack its file where it is noted that its end was begun: nobody else knows whether a wrong
    /// medium lies there.
    ///
    /// # Errors
    /// What is not within reach and not said to be gone; what is said to be gone and never had a copy, or
    /// has one still; two media with one identity.
    pub(super) fn copies(
        &self,
        label: &KeyLabel,
        said: &BTreeMap<String, String>,
        begun: &[KeyCopy],
    ) -> Result<Copies> {
        let told = Told::of(&*self.system.store, label, begun)?;
        let reach = Reach::of(self, label, &told)?;
        let gone = Gone::of(said, &told, &|medium| reach.has(medium))?;
        let mut missing = reach.missing(&told, &gone);
        let stores = self.stores(label, &told, &gone, &mut missing)?;
        let (label, files) = (label.clone(), reach.files(&self.backups().files(label))?);
        let mut copies = Copies { label, files, stores, absent: Vec::new(), gone: BTreeMap::new() };
        let found = copies.found()?;
        let is_here = |mark: &str| found.iter().any(|copy| copy.mark() == mark);
        // What is on a medium that has an identity is asked for by that.
        for copy in begun.iter().filter(|copy| copy.medium.is_none()) {
            let is_told = |place: &String| gone.has(place) || missing.contains_key(place);
            let is_accounted =
                is_here(&copy.mark()) || told.has_ended(copy) || copy.places.iter().any(is_told);
            if let (false, Some(place)) = (is_accounted, copy.places.first()) {
                let why = format!("{} was there when the destruction was begun", copy.name);
                missing.insert(place.clone(), why);
            }
        }
        let missing: Vec<_> =
            missing.iter().map(|(place, why)| format!("{place}: {why}")).collect();
        ensure!(
            missing.is_empty(),
            "copies of {} are out of reach, and would outlive it: {}. Put them in their places, or say in the step \
             what became of each: gone = {{ \"MEDIUM OR PLACE\" = \"WHY\" }} (A 6.2.10.1, S 6-2-1-9)",
            copies.label,
            missing.join("; ")
        );
        self.expect_gone_from(said, &told, &found, begun)?;
        let is_absent = |(mark, ended): &(&String, &super::told::Ended)| {
            let is_gone = match ended.medium {
                Some(medium) => gone.has_medium(medium),
                None => gone.has_any(&ended.places),
            };
            !is_here(mark) && !is_gone
        };
        let absent = told.untold().filter(is_absent);
        copies.absent = absent.map(|(_, ended)| ended.title.clone()).collect();
        copies.gone = gone.told;
        Ok(copies)
    }

    /// The stores that a key was restored into; of those that are told of, each is within reach.
    fn stores(
        &self,
        label: &KeyLabel,
        told: &Told,
        gone: &Gone,
        missing: &mut BTreeMap<String, String>,
    ) -> Result<Vec<(String, Arc<dyn KeyStore>)>> {
        let mut stores = self.restored_stores(label)?;
        for name in &told.stores {
            if stores.iter().any(|(known, _)| known == name) {
                continue;
            }
            match self.opener_of(name).and_then(|opener| Ok(opener.open(self.secret)?)) {
                Ok(store) => stores.push((name.clone(), store)),
                Err(_) if gone.has(name) => {}
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
        said: &BTreeMap<String, String>,
        told: &Told,
        found: &[KeyCopy],
        begun: &[KeyCopy],
    ) -> Result<()> {
        let is_at = |name: &String, copy: &&KeyCopy| {
            copy.places.contains(name) || copy.medium.as_ref() == Some(name)
        };
        let at = |name: &String| found.iter().find(|copy| is_at(name, copy));
        if let Some((name, copy)) = said.keys().find_map(|name| Some((name, at(name)?))) {
            bail!(
                "gone: {name}: it is not gone, {} is there: hold a ceremony whose script does not say so, and it \
                 ends with the others; another medium that was there is named by its identity",
                copy.title()
            );
        }
        // The throwaway installation of a rehearsal never had the real one's media.
        if self.media.is_some() {
            return Ok(());
        }
        let places = self.backups().places();
        let is_known = |name: &String| {
            told.places.contains(name)
                || told.stores.contains(name)
                || name.parse().is_ok_and(|medium| told.media.contains(&medium))
                || told.seen_in(name).next().is_some()
                || begun.iter().any(|copy| copy.places.contains(name))
                || places.iter().any(|place| place == Path::new(name))
        };
        if let Some(stranger) = said.keys().find(|name| !is_known(name)) {
            let media = told.media.iter().map(ToString::to_string);
            let known: Vec<String> =
                media.chain(told.places.iter().chain(&told.stores).cloned()).collect();
            bail!("gone: {stranger}: no copy was put there, but in {}", known.join(", "));
        }
        Ok(())
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
        let mut found: Vec<KeyCopy> = self.files.iter().map(KeyCopy::of_file).collect();
        for (name, store) in &self.stores {
            if store.labels()?.contains(&self.label) {
                found.push(KeyCopy::of_store(name));
            }
        }
        Ok(found)
    }

    /// Destroys each of them, after `note` has told that it is about to; after a cut, those that are left.
    pub(super) fn destroy(self, note: &dyn Fn(&KeyCopy) -> Result<()>) -> Result<Vec<KeyCopy>> {
        let mut ended = Vec::new();
        for (file, found) in &self.files {
            let copy = KeyCopy::of_file((file, found));
            note(&copy)?;
            store::outside("copy-ended", || strike(file).and_then(|()| Ok(erase(file)?)))
                .with_context(|| copy.name.clone())?;
            ended.push(copy);
        }
        for (name, store) in self.stores {
            let copy = KeyCopy::of_store(&name);
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
