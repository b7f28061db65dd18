//! What each command does: it finds the people and parts, the crates do the work.

mod audit;
mod policy;

use anyhow::{Context, Result};
use domain::act::{Act, Actor};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::{AuditCommand, Cli, Command, Person};
use crate::config::ConfigFile;
use crate::system::{Clock, System, new_operation};
use crate::{demo, serve, set_up};

/// Runs a command.
pub(crate) fn run(cli: &Cli, clock: Clock) -> Result<Answer> {
    match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, clock),
        Command::Init => init(cli, clock),
        Command::Policy(command) => policy::run(command),
        Command::Audit(command @ AuditCommand::Verify { .. }) => audit::verify(command),
        _ => with_system(cli, &System::open(&cli.config, clock)?),
    }
}

fn init(cli: &Cli, clock: Clock) -> Result<Answer> {
    if !cli.config.exists() {
        ConfigFile::local(8440).write(&cli.config)?;
    }
    set_up::set_up(&cli.config, clock)?;
    Ok(Answer::new("set up", json!({})))
}
fn with_system(cli: &Cli, system: &System) -> Result<Answer> {
    match &cli.command {
        Command::Audit(AuditCommand::Export { file }) => audit::export_to(system, file),
        _ => anyhow::bail!("not yet"),
    }
}
