//! The two files of the embedded register: the first residents, and the events since.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use domain::resident::Resident;
use serde::de::DeserializeOwned;
use store::append::{AppendFile, whole_lines};

use super::entry::{CommandEffect, Record};
use super::error::EmbeddedError;
use super::stored::{Meaningless, StoredRecord, StoredStep};

const RESIDENTS: &str = "residents.jsonl";
const EVENTS: &str = "events.jsonl";

/// Whether `directory` holds a register; the list of residents is there complete or not at all.
pub(super) fn exists(directory: &Path) -> bool {
    directory.join(RESIDENTS).exists()
}

/// Writes the list of the first residents, whole and durably, under its name only when complete.
pub(super) fn write_residents<'a>(
    directory: &Path,
    records: impl Iterator<Item = &'a Record>,
) -> Result<(), EmbeddedError> {
    let path = directory.join(RESIDENTS);
    if path.exists() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
    }
    let draft = directory.join("residents.draft");
    let mut writer = BufWriter::new(File::create(&draft)?);
    for record in records {
        writer.write_all(&line(&StoredRecord::from(record))?)?;
    }
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&draft, &path)?;
    Ok(File::open(directory)?.sync_all()?)
}

/// Reads the list of the first residents.
pub(super) fn read_residents(directory: &Path) -> Result<Vec<Resident>, EmbeddedError> {
    let text = fs::read(directory.join(RESIDENTS))?;
    let records: Vec<Record> = read_lines::<StoredRecord, _>(RESIDENTS, &text)?;
    Ok(records.into_iter().map(|record| record.resident).collect())
}

/// The open file of events, locked against other processes.
#[derive(Debug)]
pub(super) struct EventFile(AppendFile);

impl EventFile {
    /// Opens or creates the file, cuts off a line that a crash left unfinished, and reads the rest.
    pub(super) fn open(directory: &Path) -> Result<(Self, Vec<CommandEffect>), EmbeddedError> {
        let mut text = Vec::new();
        let file = AppendFile::open(&directory.join(EVENTS), |file| {
            file.try_lock()?;
            file.read_to_end(&mut text)?;
            text.truncate(whole_lines(&text));
            Ok(text.len() as u64)
        });
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => EmbeddedError::InUse(directory.display().to_string()),
            _ => error.into(),
        })?;
        let steps = read_lines::<StoredStep, _>(EVENTS, &text)?;
        Ok((Self(file), steps))
    }

    /// Appends one step as one line; it is on the disk when this returns. Where that failed, nothing
    /// of it stays, and the next one is taken.
    pub(super) fn append(&mut self, step: &CommandEffect) -> Result<(), EmbeddedError> {
        Ok(self.0.append_durably(&line(&StoredStep::from(step))?)?)
    }
}

fn line(value: &impl serde::Serialize) -> Result<Vec<u8>, io::Error> {
    let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
    line.push(b'\n');
    Ok(line)
}

fn read_lines<S, T>(file: &'static str, text: &[u8]) -> Result<Vec<T>, EmbeddedError>
where
    S: DeserializeOwned,
    T: TryFrom<S, Error = Meaningless>,
{
    let lines = text.split_inclusive(|b| *b == b'\n').enumerate();
    let read = |(index, line): (usize, &[u8])| {
        let corrupt = |problem| EmbeddedError::Corrupt { file, line: index + 1, problem };
        let stored: S = serde_json::from_slice(line).map_err(|e| corrupt(e.to_string()))?;
        T::try_from(stored).map_err(|e| corrupt(e.to_string()))
    };
    lines.map(read).collect()
}
