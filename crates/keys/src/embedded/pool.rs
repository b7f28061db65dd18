//! The pool of users' keys in the embedded store: sealed files that leave once.
//!
//! A key is `ALGORITHM-ID.ready` until it is taken, and `ALGORITHM-ID.leaving` from then until it
//! is erased. What a crash left as leaving is erased at the next opening and never wrapped.

use std::path::{Path, PathBuf};

use domain::algorithm::KeyAlgorithm;

use super::{directory, file};
use crate::error::{CorruptFile, KeyError};
use crate::held;
use crate::label::KeyLabel;
use crate::pair::KeyPair;
use crate::seal::MasterKey;

/// The subdirectory of the pool.
const SUBDIRECTORY: &str = "users";
const READY: &str = ".ready";
const LEAVING: &str = ".leaving";

/// The pool of one store. Its directory is made with the first key.
#[derive(Debug)]
pub(super) struct Pool {
    directory: PathBuf,
    lock: PathBuf,
}

impl Pool {
    /// The pool of the store in `directory`, whose changes exclude each other by `lock`.
    pub(super) fn new(directory: &Path, lock: PathBuf) -> Self {
        Self { directory: directory.join(SUBDIRECTORY), lock }
    }

    /// Erases what was about to leave when another process ended.
    pub(super) fn erase_leaving(&self) -> Result<(), KeyError> {
        if !self.directory.exists() {
            return Ok(());
        }
        let _change = directory::lock(&self.lock)?;
        for name in directory::names_ending(&self.directory, LEAVING)? {
            directory::erase(&self.directory.join(name))?;
        }
        Ok(())
    }

    /// Erases every key that is ready, under whatever master key; the caller holds the lock.
    pub(super) fn erase_ready(&self) -> Result<(), KeyError> {
        if !self.directory.exists() {
            return Ok(());
        }
        for name in directory::names_ending(&self.directory, READY)? {
            directory::erase(&self.directory.join(name))?;
        }
        Ok(())
    }

    /// How many keys of `algorithm` are ready.
    pub(super) fn count(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        Ok(self.ready(algorithm)?.len())
    }

    /// Adds a key unless `wanted` are ready already; whether it was added.
    pub(super) fn add(
        &self,
        master: &MasterKey,
        pair: &KeyPair,
        wanted: usize,
    ) -> Result<bool, KeyError> {
        let algorithm = pair.public_key().algorithm;
        let label: KeyLabel = held::pool_label(algorithm)?;
        let contents = file::seal_user_key(master, &label, pair)?;
        directory::create(&self.directory)?;
        let _change = directory::lock(&self.lock)?;
        if self.count(algorithm)? >= wanted {
            return Ok(false);
        }
        directory::write_durably(&self.directory.join(format!("{label}{READY}")), &contents)?;
        Ok(true)
    }

    /// Takes a key out of the pool: from here on it is leaving, whatever happens.
    pub(super) fn take(
        &self,
        master: &MasterKey,
        algorithm: KeyAlgorithm,
    ) -> Result<Option<Leaving>, KeyError> {
        let _change = directory::lock(&self.lock)?;
        let Some(ready) = self.ready(algorithm)?.into_iter().next() else { return Ok(None) };
        let stem = ready.strip_suffix(READY).unwrap_or(&ready).to_owned();
        let leaving = self.directory.join(format!("{stem}{LEAVING}"));
        directory::rename_durably(&self.directory.join(&ready), &leaving)?;
        let corrupt = |reason| {
            KeyError::Corrupt(vec![CorruptFile { name: format!("{SUBDIRECTORY}/{ready}"), reason }])
        };
        let label = stem.parse().map_err(|_| corrupt("its name is not a key label"))?;
        let contents = directory::read(&leaving)?;
        let pair = file::open_user_key(master, &label, &contents).map_err(corrupt)?;
        Ok(Some(Leaving { pair, path: leaving }))
    }

    /// Erases a key that was taken, for good.
    pub(super) fn erase(&self, leaving: Leaving) -> Result<(), KeyError> {
        let _change = directory::lock(&self.lock)?;
        // Another process that opened the store meanwhile may have been quicker.
        if leaving.path.exists() { directory::erase(&leaving.path) } else { Ok(()) }
    }

    fn ready(&self, algorithm: KeyAlgorithm) -> Result<Vec<String>, KeyError> {
        if !self.directory.exists() {
            return Ok(Vec::new());
        }
        let mut names = directory::names_ending(&self.directory, READY)?;
        let prefix = held::pool_prefix(algorithm);
        names.retain(|name| name.starts_with(&prefix));
        Ok(names)
    }
}

/// A key that was taken out of the pool.
pub(super) struct Leaving {
    /// The key.
    pub(super) pair: KeyPair,
    path: PathBuf,
}
