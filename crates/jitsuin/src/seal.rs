//! Who seals the journal: one process at a time, the server while it runs, else each command for the
//! moment that it takes.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use keys::KeyStore;
use store::Sqlite;
use store::journal::{SealableJournal, Sealer, export_until};
use web::desk::Evidence;

use crate::clock::Clock;
use crate::config::CheckpointPlace;
use crate::health::is_starting;
use crate::hold::{Hold, is_taken, open_unchanged};
use crate::home::Home;
use crate::join::AuditSigner;
use crate::system::System;

/// Whoever seals does so every quarter of a second; a busy disk has more time.
const SEALED_WITHIN: Duration = Duration::from_secs(30);

/// How long a server that starts is waited for: it proves everything first, and then seals before it
/// answers anybody.
const STARTED_WITHIN: Duration = Duration::from_mins(10);

/// How long whoever starts waits for the right to seal.
const LET_GO_WITHIN: Duration = Duration::from_secs(30);

/// How long the owner waits before it looks again whether a command has sealed.
const MOMENT: Duration = Duration::from_millis(50);

/// The right to seal the journal of an installation; it ends when this is dropped.
pub(crate) struct SealLock {
    pub(crate) signer: AuditSigner,
    pub(crate) sinks: Vec<PathBuf>,
    /// Held locked; the operating system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// Has the journal of an installation sealed, by this process or by whoever has the right to it.
pub(crate) struct Sealing {
    hold: Hold,
    home: Home,
    places: Vec<CheckpointPlace>,
    keys: Arc<dyn KeyStore>,
    store: Arc<Sqlite>,
    clock: Clock,
}

impl SealLock {
    /// Takes the right, as soon as commands let go of it, which hold it for a moment.
    ///
    /// # Errors
    /// Somebody else keeps it: another installation whose query records lie in the same place, say.
    pub(crate) fn wait(system: &System) -> Result<Self> {
        let begun = Instant::now();
        while begun.elapsed() < LET_GO_WITHIN {
            match Self::take(system)? {
                Some(taken) => return Ok(taken),
                None => std::thread::sleep(MOMENT),
            }
        }
        let place = system.home.seal_lock();
        bail!(
            "{}: another process has the right to seal: does another installation keep its query records \
             there?",
            place.display()
        )
    }

    /// Takes the right, unless another process has it: the owner, wherever its lock lies by now, or a
    /// command.
    pub(crate) fn take(system: &System) -> Result<Option<Self>> {
        system.sealing().take()
    }

    /// The same of an installation that is not joined yet.
    pub(crate) fn of(
        home: &Home,
        places: &[CheckpointPlace],
        service_keys: &Arc<dyn KeyStore>,
    ) -> Result<Option<Self>> {
        let path = home.seal_lock();
        // An earlier program made it with the first record of queries.
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        let lock = open_unchanged(&path)?;
        if !is_taken(lock.try_lock(), &path)? {
            return Ok(None);
        }
        let sinks: Vec<_> = places.iter().map(|place| place.directory.clone()).collect();
        for sink in &sinks {
            std::fs::create_dir_all(sink).with_context(|| sink.display().to_string())?;
        }
        Ok(Some(Self { signer: AuditSigner::open(service_keys.clone())?, sinks, _lock: lock }))
    }

    /// Seals what is there.
    pub(crate) fn seal(&self, store: &Sqlite, now: Timestamp) -> Result<()> {
        Sealer::new(self.sinks.clone()).seal(store, &self.signer, now)?;
        Ok(())
    }
}

impl System {
    /// Seals what is there, unless somebody else has the right to it.
    pub(crate) fn seal_if_free(&self) -> Result<()> {
        seal(SealLock::take(self)?, &self.store, self.now())
    }

    /// Seals what this process committed, or waits until whoever has the right to it did so: what no
    /// checkpoint covers is acknowledged to nobody.
    ///
    /// # Errors
    /// It is not sealed: by an owner of another database, say, that lay here a moment ago.
    pub(crate) fn seal(&self) -> Result<()> {
        self.sealing().seal_within(SEALED_WITHIN, STARTED_WITHIN)
    }

    /// Whoever has it sealed.
    pub(crate) fn sealing(&self) -> Sealing {
        Sealing {
            hold: self.hold.clone(),
            home: self.home.clone(),
            places: self.config.checkpoint_places.clone(),
            keys: self.machine.keys.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl Sealing {
    /// As [`SealLock::take`].
    fn take(&self) -> Result<Option<SealLock>> {
        if self.hold.owned().is_err() && Hold::is_owned(&self.home)? {
            return Ok(None);
        }
        SealLock::of(&self.home, &self.places, &self.keys)
    }

    /// As [`System::seal`], with so much patience with whoever seals as it goes, and with a server that starts.
    ///
    /// A command that found no server takes the right once it has done its work, not before: a ceremony
    /// would keep it for hours, from other commands and from the server. So a server may have come
    /// meanwhile. It seals what it finds before it adds anything, or ends and leaves the right.
    fn seal_within(&self, sealed: Duration, started: Duration) -> Result<()> {
        let (last, begun) = (self.store.last_seen(), Instant::now());
        let mut since = begun;
        loop {
            if let Some(lock) = self.take()? {
                return lock.seal(&self.store, (self.clock)());
            }
            let checkpoint = self.store.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
            if last.is_none_or(|(place, _)| place < checkpoint) {
                return Ok(());
            }
            if begun.elapsed() < started && self.hold.owned().is_err() && is_starting(&self.home)? {
                since = Instant::now();
            }
            ensure!(
                since.elapsed() < sealed,
                "what was done here is not sealed after {} s by the process that seals: whether it lasts \
                 is not known; see `jitsuin check`",
                begun.elapsed().as_secs()
            );
            std::thread::sleep(MOMENT);
        }
    }
}

impl Evidence for Sealing {
    fn seal(&self) -> Result<u64, String> {
        let sealed = || {
            self.seal_within(SEALED_WITHIN, STARTED_WITHIN)?;
            Ok(self.store.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.size))
        };
        sealed().map_err(|error: anyhow::Error| format!("{error:#}"))
    }

    fn export(&self, size: u64, writer: &mut dyn Write) -> io::Result<()> {
        export_until(&*self.store, size, writer).map(drop).map_err(io::Error::other)
    }
}

/// Seals by the right that was taken, if it was.
pub(crate) fn seal(lock: Option<SealLock>, store: &Sqlite, now: Timestamp) -> Result<()> {
    lock.map_or(Ok(()), |lock| lock.seal(store, now))
}

#[cfg(test)]
mod tests;
