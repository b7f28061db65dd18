//! What is in reach of the media with a key's copies: every place that one of them was seen in is looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use domain::medium::MediumId;
use keys::KeyLabel;

use super::SystemStage;
use super::copy::FoundFile;
use super::gone::Gone;
use super::told::Told;
use crate::backups::file_name;
use crate::home::partial;
use crate::media;

/// The places that were looked into.
pub(super) struct Reach {
    places: BTreeMap<String, Looked>,
    /// Those of `backups.directories`.
    configured: BTreeSet<String>,
}

/// What is in a place.
struct Looked {
    is_empty: bool,
    medium: Option<MediumId>,
    /// The key's copies in it; what a cut left of writing one is a copy, too.
    files: Vec<PathBuf>,
}

impl Looked {
    fn at(place: &Path, label: &KeyLabel) -> Result<Self> {
        let file = place.join(file_name(label));
        let files = [partial(&file), file].into_iter().filter(|file| file.exists()).collect();
        let is_empty = !fs::read_dir(place).is_ok_and(|mut files| files.next().is_some());
        Ok(Self { is_empty, medium: media::read(place)?, files })
    }

    /// Why it is not the medium that is wanted.
    fn instead(&self) -> String {
        match self.medium {
            _ if self.is_empty => "no medium is in it".to_owned(),
            Some(other) => format!("{other} is in it; is it the right medium?"),
            None => {
                format!("what is in it has no {}; is it the right medium?", media::FILE)
            }
        }
    }
}

impl Reach {
    /// Looks into the configured places, and into each that a medium with a copy was seen in.
    ///
    /// # Errors
    /// Two media with one identity; an identity that cannot be read.
    pub(super) fn of(stage: &SystemStage<'_>, label: &KeyLabel, told: &Told) -> Result<Self> {
        let configured = stage.backups().places().iter();
        let mut paths: BTreeMap<String, PathBuf> =
            configured.map(|place| (place.display().to_string(), place.clone())).collect();
        let configured = paths.keys().cloned().collect();
        let seen = told.media.iter().flat_map(|medium| told.seen(*medium));
        for name in told.places.iter().chain(seen) {
            paths.entry(name.clone()).or_insert_with(|| stage.place(name));
        }
        media::expect_single(paths.values().map(PathBuf::as_path))?;
        let looked = paths.iter().map(|(name, path)| Ok((name.clone(), Looked::at(path, label)?)));
        Ok(Self { places: looked.collect::<Result<_>>()?, configured })
    }

    /// Whether a medium is in reach.
    pub(super) fn has(&self, medium: MediumId) -> bool {
        self.with(medium).next().is_some()
    }

    fn with(&self, medium: MediumId) -> impl Iterator<Item = (&String, &Looked)> {
        self.places.iter().filter(move |(_, looked)| looked.medium == Some(medium))
    }

    /// What is told to have a copy, is not gone, and does not show it here; by its name, with why.
    pub(super) fn missing(&self, told: &Told, gone: &Gone) -> BTreeMap<String, String> {
        let media = told.media.iter().filter(|medium| !gone.has_medium(**medium));
        let media = media.filter_map(|medium| {
            let (seen, why) = self.lacks(*medium, told)?;
            Some((format!("{medium}, last seen in {seen}"), why))
        });
        let places = self.places.iter().filter(|(name, looked)| {
            let has_ended = !looked.is_empty && told.has_ended_at(name);
            looked.files.is_empty()
                && self.is_asked_for(name, told)
                && !gone.has(name)
                && !has_ended
        });
        let places = places.map(|(name, looked)| {
            let wrong = "what is in it does not have the backup; is it the right medium?";
            let why = if looked.is_empty { looked.instead() } else { wrong.to_owned() };
            (name.clone(), why)
        });
        media.chain(places).collect()
    }

    /// Where a medium with a copy was last, and why that is not shown.
    fn lacks(&self, medium: MediumId, told: &Told) -> Option<(String, String)> {
        let mut here = self.with(medium).peekable();
        if let Some((name, _)) = here.peek() {
            let name = (*name).clone();
            let is_shown = here.any(|(_, looked)| !looked.files.is_empty());
            let why = "it is there and does not have the backup, whose end nothing tells of";
            return (!is_shown && !told.has_ended_on(medium)).then(|| (name, why.to_owned()));
        }
        if told.is_done_with(medium) {
            return None;
        }
        let last = told.seen(medium).last().cloned().unwrap_or_default();
        let why = self.places.get(&last).map(Looked::instead).unwrap_or_default();
        Some((last, why))
    }

    /// Whether a copy is asked for by its place: it was put there on a medium that had no identity, or one should
    /// lie there and nothing tells which.
    fn is_asked_for(&self, name: &str, told: &Told) -> bool {
        let is_known = told.seen_in(name).next().is_some();
        told.places.contains(name) || self.configured.contains(name) && !is_known
    }

    /// The key's files that are in reach, `others` among them.
    pub(super) fn files(&self, others: &[PathBuf]) -> Result<BTreeMap<PathBuf, FoundFile>> {
        let mut files = BTreeMap::<PathBuf, FoundFile>::new();
        let named = self.places.iter();
        let named = named.flat_map(|(name, looked)| looked.files.iter().map(move |f| (name, f)));
        let others: Vec<_> = others
            .iter()
            .filter_map(|file| Some((file.parent()?.display().to_string(), file)))
            .collect();
        for (place, file) in named.chain(others.iter().map(|(place, file)| (place, *file))) {
            let path = fs::canonicalize(file).with_context(|| file.display().to_string())?;
            let medium = path.parent().map(media::read).transpose()?.flatten();
            let found = files.entry(path).or_default();
            found.places.insert(place.clone());
            found.medium = medium;
        }
        Ok(files)
    }
}
