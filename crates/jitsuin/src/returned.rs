//! Keys that were destroyed and are in a key store again: a file backup was put back, say (A 6.2.10.1).

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ca::{CertificationAuthority, Generation};
use keys::EmbeddedKeyStore;
use web::desk::Condition;

use crate::system::System;

/// What is told of each, with the way out.
const TOLD: &str = "the key was destroyed and is here again, where nothing signs by it: hold a ceremony with \
                    destroy-ca-key for the same generation once more (A 6.2.10.1, S 6-2-1-9)";

impl System {
    /// The destroyed keys that are in the installation's key store or in one that a ceremony restored into,
    /// each where it is.
    pub(crate) fn returned_keys(&self) -> Result<Vec<Condition>> {
        let directories = self.key_directories()?;
        let mut seen = Vec::new();
        for (ca, authority) in &self.authorities {
            for generation in authority.generations().all() {
                if authority.generations().is_destroyed(&generation)? {
                    let places = self.places_of(authority, &generation, &directories)?;
                    seen.extend(places.into_iter().map(|place| {
                        Condition::failing("destroyed-key-returned", place, TOLD).of_ca(ca)
                    }));
                }
            }
        }
        Ok(seen)
    }

    /// Where a key is. Its files are found while the keys sleep, too; what is in a token only while they are awake.
    fn places_of(
        &self,
        authority: &CertificationAuthority,
        generation: &Generation,
        directories: &[PathBuf],
    ) -> Result<Vec<String>> {
        let label = &generation.label;
        let mut places = Vec::new();
        for directory in directories {
            let files = EmbeddedKeyStore::files_of(directory, label)?;
            places.extend(files.iter().map(|file| file.display().to_string()));
        }
        let is_asked = self.config.token.is_some() && self.custody.is_active();
        if is_asked && authority.generations().has_returned(generation)? {
            places.push(format!("{label} in the token"));
        }
        Ok(places)
    }

    /// The directories that are key stores of CAs' keys, or may be.
    fn key_directories(&self) -> Result<Vec<PathBuf>> {
        let restored = self.home.restored();
        let mut all: Vec<PathBuf> = vec![self.home.keys(), restored.clone()];
        all.retain(|directory| directory.is_dir());
        if restored.is_dir() {
            for named in fs::read_dir(&restored).with_context(|| restored.display().to_string())? {
                all.extend(Some(named?.path()).filter(|path| path.is_dir()));
            }
        }
        Ok(all)
    }
}
