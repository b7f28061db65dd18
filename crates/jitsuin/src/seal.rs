//! Who seals the journal: one process at a time, the server while it runs, else each command.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context, Result};
use store::journal::Sealer;

use crate::join::AuditSigner;
use crate::system::System;

/// The right to seal the journal of an installation; it ends when this is dropped.
pub(crate) struct SealLock {
    pub(crate) signer: AuditSigner,
    pub(crate) sinks: Vec<PathBuf>,
    /// Held locked; the operating system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl SealLock {
    /// Takes the right, unless another process has it.
    pub(crate) fn take(system: &System) -> Result<Option<Self>> {
        let path = system.home.seal_lock();
        let lock = File::create(&path).with_context(|| path.display().to_string())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| path.display().to_string());
            }
        }
        let sinks = system.config.checkpoint_directories.clone();
        for sink in &sinks {
            std::fs::create_dir_all(sink).with_context(|| sink.display().to_string())?;
        }
        Ok(Some(Self {
            signer: AuditSigner::open(system.service_keys.clone())?,
            sinks,
            _lock: lock,
        }))
    }
}

impl System {
    /// Seals what this process committed; where a server runs, it does so within a second.
    pub(crate) fn seal(&self) -> Result<()> {
        if let Some(SealLock { signer, sinks, _lock }) = SealLock::take(self)? {
            Sealer::new(sinks).seal(self.store.as_ref(), &signer, self.now())?;
        }
        Ok(())
    }
}
