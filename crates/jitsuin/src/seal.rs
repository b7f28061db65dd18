//! Who seals the journal: one process at a time, the server while it runs, else each command for the
//! moment that it takes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use keys::KeyStore;
use store::Sqlite;
use store::journal::Sealer;

use crate::config::Config;
use crate::hold::{is_taken, open_unchanged};
use crate::home::Home;
use crate::join::AuditSigner;
use crate::system::System;

/// How long the owner waits before it looks again whether a command has sealed.
const MOMENT: Duration = Duration::from_millis(50);

/// The right to seal the journal of an installation; it ends when this is dropped.
pub(crate) struct SealLock {
    pub(crate) signer: AuditSigner,
    pub(crate) sinks: Vec<PathBuf>,
    /// Held locked; the operating system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl SealLock {
    /// Takes the right, as soon as commands let go of it, which hold it for a moment.
    pub(crate) fn wait(system: &System) -> Result<Self> {
        loop {
            match Self::take(system)? {
                Some(taken) => return Ok(taken),
                None => std::thread::sleep(MOMENT),
            }
        }
    }

    /// Takes the right, unless another process has it.
    pub(crate) fn take(system: &System) -> Result<Option<Self>> {
        Self::of(&system.home, &system.config, &system.machine.keys)
    }

    /// The same of an installation that is not joined yet.
    pub(crate) fn of(
        home: &Home,
        config: &Config,
        service_keys: &Arc<dyn KeyStore>,
    ) -> Result<Option<Self>> {
        let path = home.seal_lock();
        // An earlier program made it with the first record of queries.
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        let lock = open_unchanged(&path)?;
        if !is_taken(lock.try_lock(), &path)? {
            return Ok(None);
        }
        let places = config.checkpoint_places.iter();
        let sinks: Vec<_> = places.map(|place| place.directory.clone()).collect();
        for sink in &sinks {
            std::fs::create_dir_all(sink).with_context(|| sink.display().to_string())?;
        }
        Ok(Some(Self { signer: AuditSigner::open(service_keys.clone())?, sinks, _lock: lock }))
    }
}

impl System {
    /// Seals what this process committed; where a server runs, it does so within a second.
    pub(crate) fn seal(&self) -> Result<()> {
        seal(SealLock::take(self)?, &self.store, self.now())
    }
}

/// Seals by the right that was taken, if it was.
pub(crate) fn seal(lock: Option<SealLock>, store: &Sqlite, now: Timestamp) -> Result<()> {
    if let Some(SealLock { signer, sinks, _lock }) = lock {
        Sealer::new(sinks).seal(store, &signer, now)?;
    }
    Ok(())
}
