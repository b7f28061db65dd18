//! What the journal tells of the copies of a key: where they were put, on which media, and which of them ended.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use ca::ceremony::MediumFact;
use domain::medium::MediumId;
use keys::KeyLabel;
use store::journal::ToldEntry;
use store::{Sequence, Store};

use super::copy::{KeyCopy, mark_of};
use super::restore::{OWN, TRIAL};
use crate::backups::file_name;
use crate::media::plain;

/// How many entries of the journal are read at once.
const PAGE: usize = 1024;

/// What the journal calls it that the end of one copy is begun.
pub(super) const END_OF_COPY: &str = "end-of-copy";

/// Where the journal tells that copies of a key were put, and which of them ended.
#[derive(Default)]
pub(super) struct Told {
    /// The media that a copy was put on.
    pub(super) media: BTreeSet<MediumId>,
    /// The places of copies on media that had no identity: such a medium is its place.
    pub(super) places: BTreeSet<String>,
    pub(super) stores: BTreeSet<String>,
    /// The places that each medium was seen in, of whatever key it was told: the last is where it was last.
    seen: BTreeMap<MediumId, Vec<String>>,
    /// The copies whose end was begun, by their marks.
    ended: BTreeMap<String, Ended>,
}

/// A copy whose end was begun.
#[derive(Default)]
pub(super) struct Ended {
    pub(super) title: String,
    pub(super) medium: Option<MediumId>,
    pub(super) places: BTreeSet<String>,
    /// Whether an entry about the key's end tells of it.
    is_told: bool,
}

impl Told {
    /// Reads the whole journal, which the end of a key is worth. `begun` are the copies that there were when the
    /// destruction was begun, wherever they came from.
    pub(super) fn of(store: &dyn Store, label: &KeyLabel, begun: &[KeyCopy]) -> Result<Self> {
        let mut told = Self::default();
        for copy in begun {
            if let Some(medium) = copy.medium()? {
                told.media.insert(medium);
                told.seen.entry(medium).or_default().extend(copy.places.iter().cloned());
            }
        }
        let mut from = 0;
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
        let mut here = BTreeMap::new();
        for told in entry.all("medium") {
            let MediumFact { id, place } =
                MediumFact::read(told).with_context(|| format!("entry {sequence}"))?;
            let seen = self.seen.entry(id).or_default();
            seen.retain(|known| *known != place);
            seen.push(place.clone());
            here.insert(place, id);
        }
        let mut put = |place: &str| match here.get(plain(place)) {
            Some(id) => drop(self.media.insert(*id)),
            None => drop(self.places.insert(place.to_owned())),
        };
        // What a step of a ceremony wrote or read, each with its SHA-256.
        let name = file_name(label);
        let files = entry.all("file").filter_map(|file| Some(file.rsplit_once(' ')?.0));
        for (directory, file) in files.filter_map(|file| file.rsplit_once('/')) {
            if file == name {
                put(directory);
            }
        }
        if entry.subject.as_deref() != Some(label.as_str()) {
            return Ok(());
        }
        entry.all("place").for_each(put);
        let into = entry.all("into").filter(|name| ![OWN, TRIAL].contains(name));
        self.stores.extend(into.map(ToOwned::to_owned));
        self.hear_ends(&entry);
        Ok(())
    }

    fn hear_ends(&mut self, entry: &ToldEntry) {
        if entry.all("act").any(|act| act == END_OF_COPY) {
            for title in entry.all("copy") {
                let (mark, medium) = mark_of(title);
                let ended = self.ended.entry(mark).or_default();
                ended.title = title.to_owned();
                ended.medium = medium;
                ended.places.extend(entry.all("at").map(ToOwned::to_owned));
                ended.is_told = false;
            }
        }
        for told in ["erased", "restored_store", "absent_after_cut"] {
            for title in entry.all(told) {
                if let Some(ended) = self.ended.get_mut(&mark_of(title).0) {
                    ended.is_told = true;
                }
            }
        }
    }

    /// The places that a medium was seen in, the last one last.
    pub(super) fn seen(&self, medium: MediumId) -> &[String] {
        self.seen.get(&medium).map_or(&[], Vec::as_slice)
    }

    /// The media with a copy that were seen in a place.
    pub(super) fn seen_in(&self, place: &str) -> impl Iterator<Item = MediumId> {
        let media = self.media.iter().copied();
        media.filter(move |id| self.seen(*id).iter().any(|seen| seen == plain(place)))
    }

    /// Whether the end of this copy was begun.
    pub(super) fn has_ended(&self, copy: &KeyCopy) -> bool {
        self.ended.contains_key(&copy.mark())
    }

    /// Whether the end of a copy in a place was begun.
    pub(super) fn has_ended_at(&self, place: &str) -> bool {
        self.ended.values().any(|ended| ended.places.contains(place))
    }

    /// Whether the end of a copy on a medium was begun.
    pub(super) fn has_ended_on(&self, medium: MediumId) -> bool {
        self.ended.values().any(|ended| ended.medium == Some(medium))
    }

    /// Whether every copy on a medium ended, and an entry about the key's end tells of it.
    pub(super) fn is_done_with(&self, medium: MediumId) -> bool {
        let mut on_it = self.ended.values().filter(|ended| ended.medium == Some(medium)).peekable();
        on_it.peek().is_some() && on_it.all(|ended| ended.is_told)
    }

    /// The copies whose end was begun and of which no entry about the key's end tells, by their marks.
    pub(super) fn untold(&self) -> impl Iterator<Item = (&String, &Ended)> {
        self.ended.iter().filter(|(_, ended)| !ended.is_told)
    }
}
