//! What the people present at a ceremony read while it goes on, a line for everything that happened.

use std::io::Write;

use ca::ceremony::{Happening, Occurrence, StepFacts};
use domain::hexadecimal::colon_hex;
use x509::fingerprint::sha256_colon_hex;

/// Tells it on standard output; a reader that went away does not stop a ceremony.
pub(super) fn tell(occurrence: &Occurrence) {
    let mut out = std::io::stdout();
    for line in lines(occurrence) {
        let _ = writeln!(out, "{line}");
    }
    let _ = out.flush();
}

fn lines(occurrence: &Occurrence) -> Vec<String> {
    let place = format!("{} [journal {}]", occurrence.at, occurrence.sequence);
    match &occurrence.what {
        Happening::Begun { rehearsal: true, .. } => vec![format!("{place} rehearsal begun")],
        Happening::Begun { .. } => vec![format!("{place} ceremony begun")],
        Happening::Resumed { .. } => vec![format!("{place} ceremony resumed")],
        Happening::StepStarted { step } => vec![format!("{place} step {} begins", step + 1)],
        Happening::StepDone { step, facts } => {
            let mut lines = vec![format!("{place} step {} is done", step + 1)];
            lines.extend(seen(facts));
            lines
        }
        Happening::Interrupted { reason } => vec![format!("{place} interrupted: {reason}")],
        Happening::Completed => vec![format!("{place} completed")],
        Happening::Abandoned { reason } => vec![format!("{place} abandoned: {reason}")],
    }
}

/// What is read aloud and compared.
fn seen(facts: &StepFacts) -> Vec<String> {
    let keys = facts.keys.iter().map(|key| {
        format!("  key {} ({}) SHA-256 {}", key.label, key.algorithm, colon_hex(&key.spki_sha256))
    });
    let certificates = facts.certificates.iter();
    let certificates =
        certificates.map(|der| format!("  certificate SHA-256 {}", sha256_colon_hex(der)));
    let files = facts.files.iter();
    let files =
        files.map(|file| format!("  file {} SHA-256 {}", file.path, colon_hex(&file.sha256)));
    let media = facts.media.iter();
    let media = media.map(|medium| format!("  {} in {}", medium.id, medium.place));
    let statements = facts.statements.iter().map(|statement| format!("  {statement}"));
    keys.chain(certificates).chain(files).chain(media).chain(statements).collect()
}
