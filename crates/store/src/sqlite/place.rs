//! Whether the files that are open still lie where they were opened: what is written to a file that
//! was taken away is lost with the process.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Doubt;

/// The database and its log, as they were when they were opened.
#[derive(Debug)]
pub(super) struct InPlace(Vec<(PathBuf, (u64, u64))>);

impl InPlace {
    /// Of an open database.
    pub(super) fn of(database: &Path) -> Self {
        let mut log = OsString::from(database);
        log.push("-wal");
        let files = [database.to_owned(), log.into()];
        Self(files.into_iter().filter_map(|file| Some((file.clone(), found(&file)?))).collect())
    }

    /// What lies elsewhere now, or is another file; everything is in doubt then.
    pub(super) fn gone(&self, doubt: &Doubt) -> Vec<String> {
        let others = self.0.iter().filter(|(file, was)| found(file) != Some(*was));
        let told = |(file, _): &(PathBuf, _)| {
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
