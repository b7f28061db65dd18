//! Whether the files that are open still lie where they were opened: what is written to a file that
//! was taken away is lost with the process.
//!
//! The index of the log (`-shm`) is one of them: it is how the processes that have one database open
//! agree on where the log ends, and two with an index each write over what the other committed
//! (SQLite, walformat.html 2.2).

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{Doubt, Error, Result};

/// A file of an open database, by its path and by the device and the inode that were there.
pub type OpenFile = (PathBuf, (u64, u64));

/// Whether the file lies where it was opened.
pub fn lies_in_place((file, was): &OpenFile) -> bool {
    found(file) == Some(*was)
}

/// The database, its log and the log's index, as they were when they were opened.
#[derive(Debug)]
pub(super) struct InPlace(Vec<OpenFile>);

impl InPlace {
    /// Of an open database.
    pub(super) fn of(database: &Path) -> Self {
        let beside = |end: &str| {
            let mut file = OsString::from(database);
            file.push(end);
            PathBuf::from(file)
        };
        let files = [database.to_owned(), beside("-wal"), beside("-shm")];
        Self(files.into_iter().filter_map(|file| Some((file.clone(), found(&file)?))).collect())
    }

    /// The files.
    pub(super) fn files(&self) -> &[OpenFile] {
        &self.0
    }

    /// Refuses to go on where one of them lies elsewhere now; everything is in doubt then.
    ///
    /// # Errors
    /// [`Error::Doubted`] with the first that does.
    pub(super) fn expect(&self, doubt: &Doubt) -> Result<()> {
        match self.gone(doubt).into_iter().next() {
            None => Ok(()),
            Some(finding) => Err(Error::Doubted { finding }),
        }
    }

    /// What lies elsewhere now, or is another file; everything is in doubt then.
    pub(super) fn gone(&self, doubt: &Doubt) -> Vec<String> {
        let others = self.0.iter().filter(|file| !lies_in_place(file));
        let told = |(file, _): &OpenFile| {
            format!("{}: another file lies in its place, or none", file.display())
        };
        let gone: Vec<_> = others.map(told).collect();
        for finding in &gone {
            doubt.raise(finding.clone());
        }
        gone
    }
}

fn found(file: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
