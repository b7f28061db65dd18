//! `ceremony`: scripts are checked, and minutes verified, without an installation.

mod held;

use std::path::Path;

use anyhow::{Context, Result};
use domain::ceremony::{Premises, Script, Seat};
use domain::hexadecimal::hex;
use serde_json::json;
use store::journal::VerifierKey;
use web::desk::AttendCeremony;
use web::desk::ceremonies::ShowCeremony;
use x509::digest::sha256;

use super::client::CommandClient;
use crate::answer::{Answer, digest};
use crate::cli::{CeremonyCommand, Cli};
use crate::clock::Clock;
use crate::minutes::{self, Attested};

/// Nobody opens a key alone, whatever a policy says (A 6.2.2, S 6-2-1-2).
const FEWEST_CUSTODIANS: u8 = 2;

/// Whether a command is more than one operation that it asks for.
pub(super) fn is_no_operation(command: &CeremonyCommand) -> bool {
    !matches!(command, CeremonyCommand::Attend { .. } | CeremonyCommand::Show { .. })
}

pub(super) fn run(cli: &Cli, command: &CeremonyCommand, clock: Clock) -> Result<Answer> {
    match command {
        CeremonyCommand::Run { file, present } => held::run(cli, file, present, clock),
        CeremonyCommand::Rehearse { file, out } => held::rehearse(cli, file, out.as_deref(), clock),
        CeremonyCommand::Attend { .. } | CeremonyCommand::Show { .. } => {
            anyhow::bail!("this command is an operation")
        }
        CeremonyCommand::Check { file } => check(file),
        CeremonyCommand::Verify { directory, key } => verify(directory, key),
    }
}

/// How far a ceremony came.
pub(super) fn show(client: &CommandClient<'_>, id: &str) -> Result<Answer> {
    let shown = client.json::<ShowCeremony>(json!({ "ceremony": id }))?;
    Ok(held::summary(shown))
}

/// Confirms that whoever asks is present at a script, which they have before them.
pub(super) fn attend(client: &CommandClient<'_>, file: &Path) -> Result<Answer> {
    let text = held::read(file)?;
    let premises = Premises { threshold: FEWEST_CUSTODIANS, cas: None };
    let script = Script::from_toml(&text, &premises)?;
    let sha256 = hex(&sha256(text.as_bytes()));
    let asked = json!({ "ceremony": script.id.as_str(), "script_sha256": sha256 });
    client.ask::<AttendCeremony>(asked)
}

fn check(file: &Path) -> Result<Answer> {
    let place = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(place)?;
    let premises = Premises { threshold: FEWEST_CUSTODIANS, cas: None };
    let script = Script::from_toml(&text, &premises).with_context(place)?;
    Ok(script_summary(&script, &x509::fingerprint::sha256_colon_hex(text.as_bytes())))
}

/// The script as the people who will carry it out read it.
fn script_summary(script: &Script, sha256: &str) -> Answer {
    let mut lines = vec![
        format!("ceremony {}: {}", script.id, script.title),
        format!("{}, planned for {}", script.place, script.planned),
        format!("script SHA-256 {sha256}"),
    ];
    for seat in Seat::ALL {
        let people: Vec<&str> = script.named_for(seat).map(|id| id.as_str()).collect();
        lines.push(format!("{seat} (at least {}): {}", script.needed(seat), people.join(", ")));
    }
    for (number, step) in (1..).zip(&script.steps) {
        let fields = step.fields().into_iter().map(|(name, value)| format!("  {name} {value}"));
        lines.push(format!("step {number}: {}{}", step.kind(), fields.collect::<String>()));
    }
    let steps: Vec<&str> = script.steps.iter().map(|step| step.kind().name()).collect();
    let json = json!({ "ceremony": script.id.as_str(), "sha256": sha256, "steps": steps });
    Answer::new(lines.join("\n"), json)
}

fn verify(directory: &Path, key: &Path) -> Result<Answer> {
    let text = std::fs::read_to_string(key).with_context(|| key.display().to_string())?;
    let key: VerifierKey =
        text.trim().parse().with_context(|| format!("{}: no public key", key.display()))?;
    let attested = minutes::verify_directory(directory, &key)?;
    let line = |one: &Attested| {
        format!(
            "{} {}: {}, minutes as signed; script SHA-256 {}; last journal entry {}",
            one.sort,
            one.ceremony,
            one.state,
            digest(&one.script_sha256),
            one.last_entry
        )
    };
    let rows = attested.iter().map(|one| {
        json!({
            "ceremony": one.ceremony,
            "sort": one.sort,
            "state": one.state,
            "script_sha256": one.script_sha256,
            "last_entry": one.last_entry,
        })
    });
    let json = json!({ "minutes": rows.collect::<Vec<_>>() });
    Ok(Answer::new(attested.iter().map(line).collect::<Vec<_>>().join("\n"), json))
}
