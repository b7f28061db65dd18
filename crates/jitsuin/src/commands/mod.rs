//! What each command does: it finds the people and parts, the desk does the work.

mod apply;
mod audit;
mod ceremony;
mod key;
mod policy;
mod records;
mod register;

use std::path::Path;

use anyhow::{Context, Result};
use domain::act::{Act, Actor};
use serde_json::json;
use web::desk::Desk;

use crate::answer::Answer;
use crate::cli::{AuditCommand, Cli, Command, OperatorArguments, Person};
use crate::config::ConfigFile;
use crate::custodians::passphrases;
use crate::system::{Clock, System};
use crate::{demo, serve, set_up};

/// The first of the four ports of a new configuration.
const FIRST_PORT: u16 = 8440;

/// Runs a command.
pub(crate) fn run(cli: &Cli, clock: Clock) -> Result<Answer> {
    match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, clock),
        Command::Init => init(cli, clock),
        Command::Policy(command) => policy::run(command),
        Command::Ceremony(command) => ceremony::run(command),
        Command::Audit(command @ AuditCommand::Verify { .. }) => audit::verify(command),
        Command::Serve => {
            let system = System::open(&cli.config, clock)?;
            system.let_in(&cli.person.custodians)?;
            serve::until_stopped(system)?;
            Ok(Answer::new("stopped", json!({ "stopped": true })))
        }
        _ => {
            let system = System::open(&cli.config, clock)?;
            let answer =
                system.let_in(&cli.person.custodians).and_then(|()| with_system(cli, &system));
            // A refusal is an entry too, and its evidence must not wait for the next server.
            system.seal().and(answer)
        }
    }
}

/// Commands that look into an installation or change it.
fn with_system(cli: &Cli, system: &System) -> Result<Answer> {
    match &cli.command {
        Command::Apply(command) => apply::run(&Office::with_windows(cli, system)?, command),
        Command::Hold(asked) => apply::hold(&Office::with_windows(cli, system)?, asked),
        Command::Register(command) => register::run(cli, system, command),
        Command::Ca(command) => records::authorities(&Office::new(cli, system)?, command),
        Command::Cert(command) => records::certificates(&Office::new(cli, system)?, command),
        Command::Key(command) => key::run(cli, system, command),
        Command::Crl(command) => records::lists(&Office::new(cli, system)?, command),
        Command::Revoke(arguments) => records::revoke(&Office::new(cli, system)?, arguments),
        Command::Check => records::check(&Office::new(cli, system)?),
        Command::Operator(arguments) => operator(system, arguments),
        Command::Audit(AuditCommand::Export { file }) => audit::export_to(system, file),
        Command::Audit(AuditCommand::Verify { .. })
        | Command::Ceremony(_)
        | Command::Demo(_)
        | Command::Init
        | Command::Policy(_)
        | Command::Serve => anyhow::bail!("this command needs no installation"),
    }
}

/// The desk, and who stands at it.
struct Office {
    desk: Desk,
    act: Act,
}

impl Office {
    /// A desk without windows.
    fn new(cli: &Cli, system: &System) -> Result<Self> {
        Self::at(cli, system.desk_without_windows())
    }

    /// A desk with the windows and the resident register.
    fn with_windows(cli: &Cli, system: &System) -> Result<Self> {
        Self::at(cli, system.desk()?)
    }

    fn at(cli: &Cli, desk: Desk) -> Result<Self> {
        let operation = cli.person.operation.as_deref().map(str::parse).transpose()?;
        let act = desk.act(actor(&cli.person)?, operation)?;
        Ok(Self { desk, act })
    }
}

/// Whoever may read the installation's keys may act: roles on the command line come with the staff
/// registry.
fn actor(person: &Person) -> Result<Actor> {
    let id = person.operator.parse()?;
    Ok(match (&person.window, person.call_centre) {
        (Some(code), _) => Actor::WindowClerk { id, municipality: code.parse()? },
        (None, true) => Actor::CallCentreAgent(id),
        (None, false) => Actor::Staff(id),
    })
}

fn init(cli: &Cli, clock: Clock) -> Result<Answer> {
    let config = cli.config.as_path();
    if !config.exists() {
        if let Some(directory) = config.parent() {
            std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        ConfigFile::local(FIRST_PORT).write(config)?;
    }
    let system = set_up::set_up(config, clock, &passphrases(&cli.person.custodians)?)?;
    let cas: Vec<_> = system.authorities.keys().map(ToString::to_string).collect();
    let place = system.home.handed_out();
    let text = format!(
        "set up: {}\nfirst credentials, for their owners alone: {}",
        cas.join(", "),
        place.display()
    );
    Ok(Answer::new(text, json!({ "cas": cas, "handed_out": place })))
}

fn operator(system: &System, arguments: &OperatorArguments) -> Result<Answer> {
    let municipality = arguments.municipality.as_deref().map(str::parse).transpose()?;
    let clerk = arguments.role == "clerk";
    anyhow::ensure!(
        ["staff", "clerk", "call-centre"].contains(&arguments.role.as_str()),
        "role: staff, clerk or call-centre"
    );
    anyhow::ensure!(clerk == municipality.is_some(), "municipality: a clerk has one, nobody else");
    system.add_operator(&arguments.id, &arguments.role, municipality)?;
    let file = system.home.handed_out().join(format!("{}.token", arguments.id));
    let text = format!("the token of {} is in {}", arguments.id, file.display());
    Ok(Answer::new(text, json!({ "operator": arguments.id, "token_file": file })))
}

/// Reads a file in JSON that a person wrote.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}
