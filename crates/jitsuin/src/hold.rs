//! Who works on an installation: one process owns it, others visit
//! ([ADR 0029](../../../docs/adr/0029-one-process-owns-an-installation.md)).
//!
//! Nothing of an installation is opened without a [`Hold`]. The owner, `serve`, `init` or the demo,
//! settles what a crash left, keeps the record of queries and seals; it takes its lock before its first
//! effect. Whoever visits, a command or a ceremony, changes nothing but by units of the store and keys
//! in the key store, each of which excludes others by itself.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::home::Home;

/// How long the lock of the owner is tried for.
const A_MOMENT: Duration = Duration::from_secs(1);

/// How a process holds an installation, for as long as this lives; the operating system lets go of the
/// locks when the process ends, however it ends.
#[derive(Clone)]
pub(crate) enum Hold {
    /// As the one that owns it.
    Owned(Owned),
    /// As one of those beside the owner, or where there is none.
    Visit(#[expect(dead_code, reason = "held locked")] Arc<File>),
}

/// The right of the one process that owns an installation.
#[derive(Clone)]
pub(crate) struct Owned {
    visitors: std::path::PathBuf,
    _lock: Arc<File>,
}

/// That no other process holds a ceremony while this lives.
pub(crate) struct CeremonyRoom {
    _lock: File,
}

impl CeremonyRoom {
    /// The right to hold a ceremony. What one process does to keys and media outside of the database, no unit
    /// of another can exclude.
    ///
    /// # Errors
    /// Another process holds one; nothing was changed.
    pub(crate) fn enter(home: &Home) -> Result<Self> {
        let path = home.ceremonies();
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        let lock = open_unchanged(&path)?;
        let begun = Instant::now();
        while !is_taken(lock.try_lock(), &path)? {
            if begun.elapsed() > A_MOMENT {
                let place = home.directory().display();
                bail!(
                    "{place}: another process holds a ceremony: one is held at a time; end that process first, be it \
                     that its ceremony was abandoned"
                );
            }
            std::thread::sleep(A_MOMENT / 50);
        }
        Ok(Self { _lock: lock })
    }
}

/// That nobody visits: no command or ceremony is in the middle of anything while this lives.
pub(crate) struct Alone {
    _lock: File,
}

impl Hold {
    /// As the owner.
    ///
    /// # Errors
    /// Another process owns it; nothing was changed.
    pub(crate) fn own(home: &Home) -> Result<Self> {
        let path = home.directory();
        let lock = open_unchanged(path)?;
        let begun = Instant::now();
        // Whoever only asks whether it is owned has it for a moment.
        while !is_taken(lock.try_lock(), path)? {
            if begun.elapsed() > A_MOMENT {
                let place = path.display();
                bail!("{place}: another `jitsuin serve` runs on it, or `init` is at work");
            }
            std::thread::sleep(A_MOMENT / 50);
        }
        Ok(Self::Owned(Owned { visitors: home.visitors_lock(), _lock: Arc::new(lock) }))
    }

    /// As a visitor; waits while the owner settles what a crash left.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn visit(home: &Home) -> Result<Self> {
        let path = home.visitors_lock();
        let lock = open_unchanged(&path)?;
        lock.lock_shared().with_context(|| path.display().to_string())?;
        Ok(Self::Visit(Arc::new(lock)))
    }

    /// The owner's right.
    ///
    /// # Errors
    /// This process only visits.
    pub(crate) fn owned(&self) -> Result<&Owned> {
        match self {
            Self::Owned(owned) => Ok(owned),
            Self::Visit(_) => bail!("only the process that owns the installation does this"),
        }
    }

    /// Whether some process owns the installation now, be it this one.
    pub(crate) fn is_owned(home: &Home) -> Result<bool> {
        let path = home.directory();
        Ok(!is_taken(open_unchanged(path)?.try_lock_shared(), path)?)
    }
}

impl Owned {
    /// The moment in which nobody visits; none while somebody does.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn alone(&self) -> Result<Option<Alone>> {
        let lock = open_unchanged(&self.visitors)?;
        Ok(is_taken(lock.try_lock(), &self.visitors)?.then_some(Alone { _lock: lock }))
    }
}

/// Whether a lock could be taken at once, or another process has it.
///
/// # Errors
/// The file system's.
pub(crate) fn is_taken(outcome: Result<(), TryLockError>, path: &Path) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// What is there to be locked, for nothing else.
pub(crate) fn open_unchanged(path: &Path) -> Result<File> {
    File::open(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3_one_process_at_a_time_holds_a_ceremony() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::new(directory.path());
        home.create().expect("its directories");
        let room = CeremonyRoom::enter(&home).expect("the first");
        let second = CeremonyRoom::enter(&home).err().expect("the second").to_string();
        assert!(second.contains("another process holds a ceremony"), "{second}");
        drop(room);
        CeremonyRoom::enter(&home).expect("the next");
    }

    #[test]
    fn e6_one_process_owns_an_installation_and_settles_only_while_nobody_visits() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::new(directory.path());
        home.create().expect("its directories");
        let visit = Hold::visit(&home).expect("anybody visits");
        assert!(!Hold::is_owned(&home).expect("a look"));
        assert!(visit.owned().is_err(), "who visits does not own");
        let hold = Hold::own(&home).expect("the first");
        assert!(Hold::is_owned(&home).expect("a look"));
        let second = Hold::own(&home).err().expect("the second").to_string();
        assert!(second.contains("another `jitsuin serve` runs on it"), "{second}");
        let owned = hold.owned().expect("it owns");
        assert!(owned.alone().expect("a look").is_none(), "somebody visits");
        drop(visit);
        assert!(owned.alone().expect("a look").is_some());
        let _visit = Hold::visit(&home).expect("beside the owner");
        drop(hold);
        Hold::own(&home).expect("the next");
    }
}
