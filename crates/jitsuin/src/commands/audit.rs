//! `audit`: the journal goes out, and is verified by anyone with the public key.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use store::journal::{
    Checkpoint, Report, VerifierKey, export, read_sink, verify_database, verify_export,
};

use super::Office;
use crate::answer::Answer;
use crate::cli::AuditCommand;
use crate::system::System;

/// What a database file of SQLite begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) fn export_to(office: &Office, system: &System, path: &Path) -> Result<Answer> {
    office.desk.note_export(&office.act)?;
    // What is exported is sealed to its last entry, which is this one.
    system.seal()?;
    let file = File::create(path).with_context(|| path.display().to_string())?;
    let mut writer = BufWriter::new(file);
    let entries = export(system.store.as_ref(), &mut writer)?;
    writer.flush()?;
    let text = format!("{entries} entries written to {}", path.display());
    Ok(Answer::new(text, json!({ "entries": entries, "file": path })))
}

/// Verifies with nothing but files: no installation is needed, and none is believed.
pub(super) fn verify(command: &AuditCommand) -> Result<Answer> {
    let AuditCommand::Verify { file, key, checkpoints } = command else {
        bail!("audit: only verify works without an installation");
    };
    let text = std::fs::read_to_string(key).with_context(|| key.display().to_string())?;
    let verifier: VerifierKey =
        text.trim().parse().with_context(|| format!("{}: no public key", key.display()))?;
    let known: Vec<Checkpoint> = match checkpoints {
        Some(directory) => read_sink(directory)?,
        None => Vec::new(),
    };
    let report = if is_database(file)? {
        verify_database(file, &verifier, &known)?
    } else {
        let opened = File::open(file).with_context(|| file.display().to_string())?;
        verify_export(&mut BufReader::new(opened), &verifier, &known)?
    };
    answer(&report)
}

fn answer(report: &Report) -> Result<Answer> {
    if !report.is_intact() {
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        bail!("the journal is not intact: {}", findings.join("; "));
    }
    let text = format!(
        "intact: {} entries, {} of them sealed by {} checkpoints",
        report.entries, report.sealed, report.checkpoints
    );
    let json = json!({
        "intact": true,
        "entries": report.entries,
        "sealed": report.sealed,
        "checkpoints": report.checkpoints,
    });
    Ok(Answer::new(text, json))
}

fn is_database(path: &Path) -> Result<bool> {
    let mut magic = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic)?;
    Ok(magic == SQLITE_MAGIC)
}
