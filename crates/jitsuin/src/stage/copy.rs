//! One copy of a key: where it is, and by which name minutes and journal tell it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use domain::medium::MediumId;
use serde::{Deserialize, Serialize};

/// Where the file of a copy is.
#[derive(Default)]
pub(super) struct FoundFile {
    pub(super) places: BTreeSet<String>,
    pub(super) medium: Option<MediumId>,
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
    /// The medium that it is on, if that has an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) medium: Option<String>,
}

impl KeyCopy {
    /// Of a file that was found.
    pub(super) fn of_file((file, found): (&PathBuf, &FoundFile)) -> Self {
        let medium = found.medium.map(|medium| medium.to_string());
        let (name, places) = (file.display().to_string(), found.places.clone());
        Self { sort: Sort::File, name, places, medium }
    }

    /// Of a key in a store of its own.
    pub(super) fn of_store(name: &str) -> Self {
        let places = [name.to_owned()].into();
        Self { sort: Sort::Store, name: name.to_owned(), places, medium: None }
    }

    /// The medium that it is on.
    ///
    /// # Errors
    /// What was noted names none.
    pub(super) fn medium(&self) -> Result<Option<MediumId>> {
        Ok(self.medium.as_deref().map(str::parse).transpose()?)
    }

    /// How minutes and journal tell it.
    pub(super) fn title(&self) -> String {
        title(&self.name, self.medium.as_deref())
    }

    /// What it is, wherever its medium lies.
    pub(super) fn mark(&self) -> String {
        mark_of(&self.title()).0
    }
}

/// What a copy is kept in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sort {
    File,
    Store,
}

/// How a copy is told: by its file or store, and by the medium that it is on.
fn title(name: &str, medium: Option<&str>) -> String {
    match medium {
        Some(medium) => format!("{name} ({medium})"),
        None => name.to_owned(),
    }
}

/// What a copy with this title is, wherever its medium lies; and the medium.
pub(super) fn mark_of(title: &str) -> (String, Option<MediumId>) {
    let found = || {
        let (path, id) = title.strip_suffix(')')?.rsplit_once(" (")?;
        let medium: MediumId = id.parse().ok()?;
        let name = Path::new(path).file_name()?.to_string_lossy();
        Some((format!("{medium}/{name}"), Some(medium)))
    };
    found().unwrap_or_else(|| (title.to_owned(), None))
}
