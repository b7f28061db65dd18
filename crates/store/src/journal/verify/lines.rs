//! Verification of an export.

use std::io::{BufRead, Read};

use super::Report;
use super::examiner::Examiner;
use crate::journal::export::{FORMAT, Line, VERSION};
use crate::journal::{Checkpoint, VerifierKey, hex};
use crate::{Error, Result};

/// An entry takes a few kilobytes; a line beyond this is none of ours.
const MAX_LINE: u64 = 1024 * 1024;

/// Verifies an export with nothing but the public key, and against `known` checkpoints from a
/// place that whoever made the export cannot reach (none need be given, but then an end that
/// was cut off together with its checkpoints does not show).
///
/// # Errors
/// [`Error::Unavailable`] when `export` cannot be read. What is wrong with it is in the report.
pub fn verify_export(
    export: impl BufRead,
    key: &VerifierKey,
    known: &[Checkpoint],
) -> Result<Report> {
    let mut lines = Lines { export, number: 0 };
    let mut examiner = Examiner::new(key, known);
    match lines.next()?.map(|line| serde_json::from_slice(&line)) {
        Some(Ok(Line::Header { format, version })) if format == FORMAT && version == VERSION => {}
        _ => {
            let reason = format!("not the header of a {FORMAT} export of version {VERSION}");
            examiner.unreadable("line 1".into(), reason);
            return Ok(examiner.finish());
        }
    }
    while let Some(line) = lines.next()? {
        examine(&mut examiner, lines.number, &line)?;
    }
    Ok(examiner.finish())
}

fn examine(examiner: &mut Examiner<'_>, number: u64, line: &[u8]) -> Result<()> {
    let place = || format!("line {number}");
    match serde_json::from_slice(line) {
        Ok(Line::Entry { leaf, entry }) => match hex::decode(&leaf) {
            Some(leaf) => examiner.entry(None, entry.as_bytes(), leaf, |_| Ok(None))?,
            // The entry still has a place, so its body is held against a hash it cannot have.
            None => examiner.entry(None, entry.as_bytes(), [0; 32], |_| Ok(None))?,
        },
        Ok(Line::Checkpoint { checkpoint }) => match Checkpoint::parse(checkpoint) {
            Ok(checkpoint) => examiner.checkpoint(&checkpoint),
            Err(e) => examiner.unreadable(place(), e),
        },
        Ok(Line::Header { .. }) => examiner.unreadable(place(), "a second header"),
        Err(_) => examiner.unreadable(place(), "neither an entry nor a checkpoint"),
    }
    Ok(())
}

struct Lines<R> {
    export: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let failed = |e: std::io::Error| Error::Unavailable(format!("reading the export: {e}"));
        self.export.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(failed)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if line.len() as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            let reason = format!("line {} is longer than 1 MiB", self.number);
            return Err(Error::Corrupt { what: "export".into(), reason });
        }
        Ok(Some(line))
    }
}
