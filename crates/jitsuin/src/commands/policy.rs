//! `policy`: check, show and compare policy files.

use std::path::Path;

use anyhow::{Context, Result};
use domain::policy::Policy;
use serde_json::json;
use web::desk::Approvable;

use super::office::Office;
use crate::answer::Answer;
use crate::cli::{Cli, PolicyCommand, Second};
use crate::clock::Clock;
use crate::config::read_policy;
use crate::system::{Claim, System};

pub(super) fn run(cli: &Cli, command: &PolicyCommand, clock: Clock) -> Result<Answer> {
    match command {
        PolicyCommand::Check { file } => {
            let policy = read(file)?;
            let text = format!("{} is a valid policy of {}", file.display(), policy.ca);
            Ok(Answer::new(text, json!({ "ca": policy.ca.as_str(), "valid": true })))
        }
        PolicyCommand::Show { file, profile: None } => Ok(Answer::lines(read(file)?.show())),
        PolicyCommand::Show { file, profile: Some(kind) } => {
            let lines = read(file)?.show_profile(*kind);
            anyhow::ensure!(!lines.is_empty(), "profile: the policy has none for {kind}");
            Ok(Answer::lines(lines))
        }
        PolicyCommand::Adopt { file, second } => adopt(cli, file, second, clock),
        PolicyCommand::Diff { old, new } => Ok(Answer::lines(read(old)?.diff(&read(new)?))),
    }
}

/// The CAs are not opened: their policies in effect may be others than the files there.
fn adopt(cli: &Cli, file: &Path, second: &Second, clock: Clock) -> Result<Answer> {
    let text = read_policy(file)?;
    let system = System::open_without_cas(&cli.config, Claim::Own, clock)?;
    let office = Office::new(cli, &system)?;
    if let Some(operation) = &second.approves {
        let approved = office.approve(operation, Approvable::Policy(&text));
        return system.seal().and(approved);
    }
    let approver = second.approver.as_ref();
    let approver =
        approver.context("--approver: nobody adopts a policy alone (A 5.2.2, S 5-2-2)")?;
    let adopted = office.desk.policy_adoption().adopt(&office.act, approver, &text);
    system.seal()?;
    let ca = adopted?;
    let text = format!("{ca}: {} is in effect from the next start on", file.display());
    Ok(Answer::new(text, json!({ "ca": ca, "adopted": true })))
}

fn read(path: &Path) -> Result<Policy> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))?;
    Policy::from_toml(&text).with_context(|| path.display().to_string())
}
