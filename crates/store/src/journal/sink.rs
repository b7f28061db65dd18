//! Places for checkpoints outside the database: one append-only file in each directory.

use std::fs::{File, OpenOptions, read_dir};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Checkpoint;
use crate::{Error, Result};

/// How much of a sink's end is read to find its last checkpoint; a note takes a few hundred bytes.
const TAIL: u64 = 64 * 1024;

/// A directory that takes checkpoints.
#[derive(Debug)]
pub(super) struct Sink {
    directory: PathBuf,
}

impl Sink {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Appends a checkpoint and waits until it is on stable storage.
    pub(super) fn append(&self, checkpoint: &Checkpoint) -> Result<()> {
        let path = self.file(&checkpoint.origin);
        let write = || -> std::io::Result<()> {
            let new = !path.exists();
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(format!("{}\n", checkpoint.note).as_bytes())?;
            file.sync_all()?;
            // A new file is durable only with the directory that names it.
            if new { File::open(&self.directory)?.sync_all() } else { Ok(()) }
        };
        write().map_err(|e| Error::Unavailable(format!("checkpoint sink {}: {e}", path.display())))
    }

    /// The last complete checkpoint of `origin`, if there is any.
    pub(super) fn last(&self, origin: &str) -> Result<Option<Checkpoint>> {
        let path = self.file(origin);
        if !path.exists() {
            return Ok(None);
        }
        let text = tail(&path)
            .map_err(|e| Error::Unavailable(format!("checkpoint sink {}: {e}", path.display())))?;
        Ok(notes(&text).pop())
    }

    fn file(&self, origin: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        self.directory
            .join(format!("{}.checkpoints", origin.chars().map(plain).collect::<String>()))
    }
}

/// Every checkpoint in the files of a sink's directory, to hold an export against.
///
/// # Errors
/// [`Error::Unavailable`] when the directory cannot be read.
pub fn read_sink(directory: &Path) -> Result<Vec<Checkpoint>> {
    let read = || -> std::io::Result<Vec<Checkpoint>> {
        let mut found = Vec::new();
        for file in read_dir(directory)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "checkpoints") {
                found.extend(notes(&std::fs::read_to_string(path)?));
            }
        }
        Ok(found)
    };
    read().map_err(|e| Error::Unavailable(format!("{}: {e}", directory.display())))
}

/// The notes in a text, each of two paragraphs; one that was cut is passed over.
fn notes(text: &str) -> Vec<Checkpoint> {
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let note = |pair: &[&str]| match pair {
        [text, signatures] if !text.starts_with('—') && signatures.starts_with('—') => {
            Checkpoint::parse(format!("{text}\n\n{}\n", signatures.trim_end())).ok()
        }
        _ => None,
    };
    paragraphs.windows(2).filter_map(note).collect()
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
