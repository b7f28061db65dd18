//! `policy`: check, show and compare policy files.

use std::path::Path;

use anyhow::{Context, Result};
use domain::certificate::CertificateKind;
use domain::policy::Policy;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::PolicyCommand;

pub(super) fn run(command: &PolicyCommand) -> Result<Answer> {
    match command {
        PolicyCommand::Check { file } => {
            let policy = read(file)?;
            let text = format!("{} is a valid policy of {}", file.display(), policy.ca);
            Ok(Answer::new(text, json!({ "ca": policy.ca.as_str(), "valid": true })))
        }
        PolicyCommand::Show { file, profile: None } => Ok(Answer::lines(read(file)?.show())),
        PolicyCommand::Show { file, profile: Some(name) } => {
            let kind = CertificateKind::from_name(name)
                .with_context(|| format!("profile: no kind {name:?}"))?;
            let lines = read(file)?.show_profile(kind);
            anyhow::ensure!(!lines.is_empty(), "profile: the policy has none for {name}");
            Ok(Answer::lines(lines))
        }
        PolicyCommand::Diff { old, new } => Ok(Answer::lines(read(old)?.diff(&read(new)?))),
    }
}

fn read(path: &Path) -> Result<Policy> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))?;
    Policy::from_toml(&text).with_context(|| path.display().to_string())
}
