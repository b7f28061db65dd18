//! What a script tells to be gone of a key's copies: which media, places and stores that are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use domain::medium::MediumId;

use super::told::Told;

/// The copies that cannot be brought, as a script names them.
#[derive(Default)]
pub(super) struct Gone {
    media: BTreeSet<MediumId>,
    /// Places and stores that stand for no medium of an identity.
    names: BTreeSet<String>,
    /// What became of each, by the name under which it is told.
    pub(super) told: BTreeMap<String, String>,
}

impl Gone {
    /// Finds out what is meant. A medium is named by its identity, or by a place in which no other that may be
    /// meant ever lay; `is_here` tells which media are in reach.
    ///
    /// # Errors
    /// A place that may mean several media.
    pub(super) fn of(
        said: &BTreeMap<String, String>,
        told: &Told,
        is_here: &dyn Fn(MediumId) -> bool,
    ) -> Result<Self> {
        let mut gone = Self::default();
        for (name, why) in said {
            if let Ok(medium) = name.parse() {
                gone.media.insert(medium);
                gone.told.insert(name.clone(), why.clone());
                continue;
            }
            let may_be = |id: &MediumId| !is_here(*id) && !told.is_done_with(*id);
            let meant: Vec<MediumId> = match told.places.contains(name) {
                // It stands for the medium that had no identity.
                true => Vec::new(),
                false => told.seen_in(name).filter(may_be).collect(),
            };
            let title = match meant.as_slice() {
                [] => {
                    gone.names.insert(name.clone());
                    name.clone()
                }
                [medium] => {
                    gone.media.insert(*medium);
                    format!("{name} ({medium})")
                }
                several => {
                    let listed: Vec<_> = several.iter().map(ToString::to_string).collect();
                    bail!(
                        "gone: {name}: several media were there: name each by its identity: {}",
                        listed.join(", ")
                    )
                }
            };
            gone.told.insert(title, why.clone());
        }
        Ok(gone)
    }

    /// Whether a medium is.
    pub(super) fn has_medium(&self, medium: MediumId) -> bool {
        self.media.contains(&medium)
    }

    /// Whether a place or a store is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(super) fn has_any(&self, names: &BTreeSet<String>) -> bool {
        names.iter().any(|name| self.has(name))
    }
}
