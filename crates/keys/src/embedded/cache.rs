//! Keys that were read from the store's files, kept parsed for as long as each file is the same one.
//!
//! The directory is the store; this is a memory of it. Another process may add a key to it, erase one
//! or seal all of them anew at any moment, so each use asks the file first: one stat, a thousandth of
//! what a signature takes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::directory;
use crate::error::KeyError;
use crate::label::KeyLabel;

/// The keys of one kind that were read, by label. The lock is never held while a file is read or a
/// key signs; a thread that panics leaves the table whole, so a poisoned lock is taken over.
pub(super) struct Cache<T>(RwLock<BTreeMap<KeyLabel, (Stamp, Arc<T>)>>);

/// What tells a file from another one that has its name now.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({:?})", self.table().keys())
    }
}

impl<T> Cache<T> {
    /// The key in the file `path`: as it was read before if the file is still that one, else read by
    /// `open`, under the store's lock, so that no file is read while it is being erased.
    pub(super) fn get(
        &self,
        label: &KeyLabel,
        path: &Path,
        lock: &Path,
        open: impl FnOnce(&[u8]) -> Result<T, KeyError>,
    ) -> Result<Arc<T>, KeyError> {
        let found = Stamp::of(path)?;
        if let Some((stamp, key)) = self.table().get(label)
            && Some(*stamp) == found
        {
            return Ok(Arc::clone(key));
        }
        if found.is_none() {
            self.forget(label);
            return Err(KeyError::UnknownLabel(label.clone()));
        }
        let _unchanged = directory::lock(lock)?;
        let Some(stamp) = Stamp::of(path)? else {
            self.forget(label);
            return Err(KeyError::UnknownLabel(label.clone()));
        };
        let key = Arc::new(open(&directory::read(path)?)?);
        self.change().insert(label.clone(), (stamp, Arc::clone(&key)));
        Ok(key)
    }

    /// Drops a key from memory; signatures under way with it come to their end.
    pub(super) fn forget(&self, label: &KeyLabel) {
        if self.table().contains_key(label) {
            self.change().remove(label);
        }
    }

    fn table(&self) -> RwLockReadGuard<'_, BTreeMap<KeyLabel, (Stamp, Arc<T>)>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, BTreeMap<KeyLabel, (Stamp, Arc<T>)>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stamp {
    /// That of the file which has this name now; none where there is no file.
    fn of(path: &Path) -> Result<Option<Self>, KeyError> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(Self {
                file: (found.dev(), found.ino()),
                length: found.len(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => {
                Err(KeyError::Storage { action: "looking at", path: path.to_owned(), source })
            }
        }
    }
}
