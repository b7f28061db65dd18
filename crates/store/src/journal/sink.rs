//! Places for checkpoints outside the database: one append-only file in each directory.

use std::fs::{File, read_dir};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::notes::{Piece, before_torn_end, pieces};
use super::{Checkpoint, VerifierKey};
use crate::append::AppendFile;
use crate::{Error, Result};

/// How much of a sink's end is read for its last checkpoints; a note takes a few hundred bytes.
const TAIL: u64 = 64 * 1024;

/// A directory that takes checkpoints.
#[derive(Debug)]
pub(super) struct Sink {
    directory: PathBuf,
    file: Option<AppendFile>,
    /// The last note that was appended.
    given: Option<String>,
}

impl Sink {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, file: None, given: None }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Appends a checkpoint and waits until it is on stable storage.
    pub(super) fn append(&mut self, checkpoint: &Checkpoint, key: &VerifierKey) -> Result<()> {
        let path = file_of(&self.directory, key);
        self.try_append(checkpoint, key).map_err(|error| failed(&path, &error))
    }

    fn try_append(&mut self, checkpoint: &Checkpoint, key: &VerifierKey) -> io::Result<()> {
        // Another place failed, and all are given it once more.
        let is_given = self.given.as_deref() == Some(checkpoint.note.as_str());
        let last = self.given.as_ref().map(|note| format!("{note}\n"));
        let file = self.opened(key)?;
        // The place went away, and may be back; what it says was held against the tree before.
        if let (false, Some(last)) = (file.is_as_it_was(), last) {
            file.take_up(last.as_bytes())?;
        }
        if is_given && file.is_as_it_was() {
            return Ok(());
        }
        file.append_durably(format!("{}\n", checkpoint.note).as_bytes())?;
        self.given = Some(checkpoint.note.clone());
        Ok(())
    }

    fn opened(&mut self, key: &VerifierKey) -> io::Result<&mut AppendFile> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(open(&file_of(&self.directory, key), key)?)),
        }
    }

    /// Whether the file is as this sink left it: not where it was not open yet, or somebody else wrote
    /// to it.
    pub(super) fn is_as_it_was(&mut self, key: &VerifierKey) -> bool {
        match &self.file {
            Some(file) => file.is_as_it_was(),
            None => {
                // Whoever appends to it is told of what hinders; it is looked at from here on.
                let _ = self.opened(key);
                false
            }
        }
    }

    /// The checkpoints at the end of the file that the key signed, in the order of the file.
    pub(super) fn last(&self, key: &VerifierKey) -> Result<Vec<Checkpoint>> {
        let path = file_of(&self.directory, key);
        let octets = match File::open(&path).and_then(|mut file| tail(&mut file)) {
            Ok((_, octets)) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&path, &error)),
        };
        let whole = |piece| match piece {
            Piece::Whole(checkpoint) => Some(checkpoint),
            _ => None,
        };
        Ok(pieces(&octets, key).into_iter().filter_map(whole).collect())
    }
}

/// What is in the files of a place outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SinkReading {
    /// Every complete checkpoint, to hold a journal against; also one that the key did not sign.
    pub checkpoints: Vec<Checkpoint>,
    /// What else is there: torn ends, and what is none of ours. It speaks against no journal.
    pub remarks: Vec<String>,
}

/// Reads every file of checkpoints in a sink's directory, as whoever has `key` can.
///
/// # Errors
/// [`Error::Unavailable`] when the directory cannot be read.
pub fn read_sink(directory: &Path, key: &VerifierKey) -> Result<SinkReading> {
    let mut reading = SinkReading::default();
    let files = || -> io::Result<Vec<PathBuf>> {
        let paths = read_dir(directory)?.map(|file| Ok(file?.path()));
        let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|end| end == "checkpoints"));
        paths.sort();
        Ok(paths)
    };
    for path in files().map_err(|error| failed(directory, &error))? {
        let octets = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
        for piece in pieces(&octets, key) {
            let remark = match piece {
                Piece::Whole(checkpoint) | Piece::Forged(checkpoint) => {
                    reading.checkpoints.push(checkpoint);
                    continue;
                }
                Piece::Torn { at } => format!("octet {at}: a checkpoint that was cut off"),
                Piece::Foreign { at, begins } => {
                    format!("octet {at}: no checkpoint, and signed by nobody: {begins}")
                }
            };
            reading.remarks.push(format!("{}: {remark}", path.display()));
        }
    }
    Ok(reading)
}

/// Opens the file of a sink for appending: a torn end is cut off, another one closed by an empty
/// line.
fn open(path: &Path, key: &VerifierKey) -> io::Result<AppendFile> {
    let mut missing = 0;
    let mut file = AppendFile::open(path, |file| {
        let (start, octets) = tail(file)?;
        let whole = before_torn_end(&octets, key);
        let lines = octets[..whole].iter().rev().take_while(|octet| **octet == b'\n').count();
        missing = if whole == 0 { 0 } else { 2_usize.saturating_sub(lines) };
        Ok(start + whole as u64)
    })?;
    if missing > 0 {
        file.append(&b"\n\n"[..missing])?;
    }
    Ok(file)
}

/// The end of a file, and where it begins.
fn tail(file: &mut File) -> io::Result<(u64, Vec<u8>)> {
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut octets = Vec::new();
    file.take(TAIL).read_to_end(&mut octets)?;
    Ok((start, octets))
}

fn file_of(directory: &Path, key: &VerifierKey) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = key.name().chars().map(plain).collect();
    directory.join(format!("{name}.checkpoints"))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("checkpoint sink {}: {error}", path.display()))
}
