//! A directory of a test's own with a database in it; both are gone when it is dropped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::staff::NEVER_FEWER;
use store::journal::PersonalDataKey;
use store::{Options, Sqlite, StateKey};
use tempfile::TempDir;

/// A scratch directory with a real database.
pub struct Scratch {
    directory: TempDir,
    /// The database.
    pub store: Arc<Sqlite>,
}

impl Scratch {
    /// A new directory with an empty database.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = open(directory.path());
        Self { directory, store }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file and returns where.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).expect("a file can be written");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Opens the database in `directory`, as a second process or a restart would.
pub fn open(directory: &Path) -> Arc<Sqlite> {
    let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
    let options = options.keeping(NEVER_FEWER.iter().copied());
    Arc::new(Sqlite::open(directory.join("state.db"), options).expect("a database"))
}
