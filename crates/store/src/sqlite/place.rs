//! Whether the files that are open still lie where they were opened: what is written to a file that
//! was taken away is lost with the process.
//!
//! The index of the log (`-shm`) is one of them: it is how the processes that have one database open
//! agree on where the log ends, and two with an index each write over what the other committed
//! (SQLite, walformat.html 2.2).

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::named_file::{Identity, NamedFile};
use crate::{Doubt, Error, Result};

/// A file of an open database, by its path and by the device and the inode that were there.
pub type OpenFile = (PathBuf, (u64, u64));

/// The database, its log and the log's index, as they were when they were opened.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenFiles(Vec<OpenFile>);

impl OpenFiles {
    /// Those of the database at `path`, which somebody has open. The log and its index lie beside the
    /// file that a link leads to (SQLite, tempfiles.html 2.2), and the link is watched as well.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where one of them is missing.
    pub fn of(path: &Path) -> Result<Self> {
        let unavailable =
            |error: std::io::Error| Error::Unavailable(format!("{}: {error}", path.display()));
        let database = path.canonicalize().map_err(unavailable)?;
        // A second name is a second installation, whose log and index are others.
        let names = std::fs::metadata(&database).map_err(unavailable)?.nlink();
        if names > 1 {
            let told = format!(
                "{}: it has {names} names (hard links), of which each would have a log of its own: take \
                 the others away, copies are no links",
                database.display()
            );
            return Err(Error::Unavailable(told));
        }
        let beside = |end: &str| {
            let mut file = OsString::from(&database);
            file.push(end);
            PathBuf::from(file)
        };
        let link = std::path::absolute(path).map_err(unavailable)?;
        let mut files = vec![beside("-wal"), beside("-shm"), link];
        if !files.contains(&database) {
            files.push(database);
        }
        let missing = |file: &Path| {
            Error::Unavailable(format!(
                "{}: it is missing, and the database is open",
                file.display()
            ))
        };
        let open = |file: PathBuf| {
            let there = found(&file).ok_or_else(|| missing(&file))?;
            Ok((file, there))
        };
        files.into_iter().map(open).collect::<Result<_>>().map(Self)
    }

    /// The first of `others` that is none of these, whatever each is called where it was opened.
    pub fn lacks<'a>(&self, others: &'a [OpenFile]) -> Option<&'a Path> {
        let has = |other: &OpenFile| self.0.iter().any(|(_, file)| *file == other.1);
        others.iter().find(|other| !has(other)).map(|(path, _)| path.as_path())
    }

    /// The files.
    pub fn files(&self) -> &[OpenFile] {
        &self.0
    }

    /// The log's index.
    pub(super) fn log_index(&self) -> Option<&OpenFile> {
        self.0.iter().find(|(path, _)| path.as_os_str().as_bytes().ends_with(b"-shm"))
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
        let others = self.0.iter().filter(|(file, was)| found(file) != Some(*was));
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

fn found(file: &Path) -> Option<Identity> {
    NamedFile::at(file).ok().map(|named| named.identity)
}
