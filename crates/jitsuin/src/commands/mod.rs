//! What each command does: it finds the people and parts, the desk does the work.

mod apply;
mod audit;
mod card;
mod ceremony;
mod client;
mod init;
mod key;
mod listed;
mod office;
mod person;
mod policy;
mod records;
mod request;
mod staff;

use anyhow::{Context, Result};
use serde_json::json;
use store::reads::ReadHead;
use store::{ProofExtent, StateProof, Store};
use web::desk::applications::DeliverApplication;
use web::desk::cards::ReadCard;
use web::desk::ceremonies::ShowCeremony;
use web::desk::certificates::ShowCertificate;
use web::desk::check::CheckConsistency;
use web::desk::credentials::{MakeToken, SetPassword};
use web::desk::journal::ExportJournal;
use web::desk::keys::{CompromiseKey, RehearseRenewal};
use web::desk::lists::FetchList;
use web::desk::people::ConfirmProposal;
use web::desk::service_requests::ReceiveServiceRequest;
use web::desk::weak_keys::FindWeakKeys;
use web::desk::{AttendCeremony, Desk};
use web::operation::{Needs, Operation};

use self::client::CommandClient;
use self::office::Office;
use self::person::how_to_ask;
use crate::answer::Answer;
use crate::cli::{
    AuditCommand, CardCommand, CeremonyCommand, Cli, Command, KeyCommand, StaffCommand,
};
use crate::clock::Clock;
use crate::system::{Claim, System};
use crate::{demo, serve};

/// Runs a command.
pub(crate) fn run(cli: &Cli, clock: Clock) -> Result<Answer> {
    if let Some(url) = &cli.server {
        let asked = match &cli.command {
            // What lies beside the database is looked at where it lies: by the server.
            Command::Check => Some(Asked::of::<CheckConsistency>(records::check_elsewhere)),
            command => operation(cli, command),
        };
        let asked = asked.context(
            "--server: this command works on an installation itself or on files of this machine, and asks no \
             server; run it without, where those are",
        )?;
        return (asked.by)(&CommandClient::elsewhere(cli, url)?);
    }
    match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, clock),
        Command::Init(first) => init::run(cli, first, clock),
        Command::Policy(command) => policy::run(cli, command, clock),
        Command::Ceremony(command) if ceremony::is_no_operation(command) => {
            ceremony::run(cli, command, clock)
        }
        Command::Audit(command @ AuditCommand::Verify { .. }) => audit::verify(command),
        Command::Audit(AuditCommand::Accept { records, carry_out, second }) => {
            let system = System::open_unheld(&cli.config, Claim::Visit, clock)?;
            audit::accept(cli, &system, *records, *carry_out, second)
        }
        Command::Card(command) if card::is_outside(command) => card::outside(cli, command),
        Command::Serve => {
            let system = System::open(&cli.config, Claim::Own, clock)?;
            system.let_in(&cli.person.custodians)?;
            serve::until_stopped(system)?;
            Ok(Answer::new("stopped", json!({ "stopped": true })))
        }
        command => match operation(cli, command) {
            Some(asked) if comes_to_server(cli) => match CommandClient::of_server(cli)? {
                Some(client) => (asked.by)(&client),
                None => inside(cli, clock),
            },
            _ => inside(cli, clock),
        },
    }
}

/// Whether a server that runs is asked. Custodians who come with a command wake the keys of its own process.
fn comes_to_server(cli: &Cli) -> bool {
    cli.person.custodians.is_empty()
}

/// What a command has a client ask for.
struct Asked<'a> {
    /// What that needs opened, where no server has it open.
    needs: Needs,
    by: By<'a>,
}

type By<'a> = Box<dyn Fn(&CommandClient<'_>) -> Result<Answer> + 'a>;

impl<'a> Asked<'a> {
    /// For this operation, and others that need no more.
    fn of<O: Operation>(by: impl Fn(&CommandClient<'_>) -> Result<Answer> + 'a) -> Self {
        Self { needs: O::SPEC.needs, by: Box::new(by) }
    }
}

/// The operation of a command that is one, and nothing beside it.
fn operation<'a>(cli: &'a Cli, command: &'a Command) -> Option<Asked<'a>> {
    Some(match command {
        Command::Listed(asked) => Asked {
            needs: asked.command.needs(),
            by: Box::new(|client| listed::run(client, asked)),
        },
        Command::Apply(command) => {
            Asked::of::<DeliverApplication>(|client| apply::deliver(client, command))
        }
        Command::Card(CardCommand::Read { place, secret, out }) => {
            Asked::of::<ReadCard>(|client| {
                card::read(client, place, secret.as_deref(), out.as_deref())
            })
        }
        Command::Cert(command) => {
            Asked::of::<ShowCertificate>(|client| records::certificate(client, command))
        }
        Command::Crl(command) => Asked::of::<FetchList>(|client| records::lists(client, command)),
        Command::Request(command) => {
            Asked::of::<ReceiveServiceRequest>(|client| request::run(client, command))
        }
        Command::Key(KeyCommand::Renew { ca, dry_run, issues_from }) => {
            Asked::of::<RehearseRenewal>(|client| {
                key::renew(client, ca, *dry_run, issues_from.as_deref())
            })
        }
        Command::Key(KeyCommand::Compromise { ca, generation, carry_out, second }) => {
            Asked::of::<CompromiseKey>(|client| {
                key::compromise(client, (ca, *generation), *carry_out, second)
            })
        }
        Command::Key(KeyCommand::Weak { list }) => {
            Asked::of::<FindWeakKeys>(move |client| key::weak(cli, client, list.as_deref()))
        }
        Command::Ceremony(CeremonyCommand::Attend { file }) => {
            Asked::of::<AttendCeremony>(|client| ceremony::attend(client, file))
        }
        Command::Ceremony(CeremonyCommand::Show { id }) => {
            Asked::of::<ShowCeremony>(|client| ceremony::show(client, id))
        }
        Command::Audit(AuditCommand::Export { file }) => {
            Asked::of::<ExportJournal>(|client| audit::export_to(client, file))
        }
        Command::Staff(command) => return of_staff(cli, command),
        Command::Card(_)
        | Command::Ceremony(_)
        | Command::Audit(_)
        | Command::Check
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Policy(_)
        | Command::Serve => return None,
    })
}

fn of_staff<'a>(cli: &'a Cli, command: &'a StaffCommand) -> Option<Asked<'a>> {
    Some(match command {
        StaffCommand::Confirm { id } => {
            Asked::of::<ConfirmProposal>(move |client| staff::confirm(cli, client, id))
        }
        StaffCommand::Password { new } => {
            Asked::of::<SetPassword>(move |client| staff::password(&cli.person, client, new))
        }
        StaffCommand::Token { program, days, out } => Asked::of::<MakeToken>(move |client| {
            staff::token(cli, client, (*program, *days), out.as_deref())
        }),
        StaffCommand::Recover { .. } => return None,
    })
}

/// A command inside an installation, with the custodians who came for it.
fn inside(cli: &Cli, clock: Clock) -> Result<Answer> {
    let asked = operation(cli, &cli.command);
    let system = match (&cli.command, &asked) {
        (Command::Check, _) => System::open_unproven(&cli.config, clock)?,
        // The custodians come for the person, and not for the keys: those stay asleep.
        (Command::Staff(StaffCommand::Recover { .. }), _)
        | (_, Some(Asked { needs: Needs::People, .. })) => {
            System::open_without_cas(&cli.config, Claim::Visit, clock)?
        }
        _ => System::open(&cli.config, Claim::Visit, clock)?,
    };
    // Whoever came while a server began to start has waited for it.
    if let Some(asked) = &asked
        && comes_to_server(cli)
        && let Some(client) = CommandClient::of_server(cli)?
    {
        return (asked.by)(&client);
    }
    let answer = match (&cli.command, asked) {
        (Command::Staff(StaffCommand::Recover { id }), _) => staff::recover(cli, &system, id),
        (_, Some(Asked { needs, by })) => system
            .let_in(&cli.person.custodians)
            .and_then(|()| by(&CommandClient::here(cli, desk_for(&system, needs)?)?)),
        (_, None) => system.let_in(&cli.person.custodians).and_then(|()| with_system(cli, &system)),
    };
    // A refusal is an entry too, and its evidence must not wait for the next server.
    let sealed = || match &cli.command {
        Command::Check => system.seal_if_free(),
        _ => system.seal().with_context(|| how_to_ask(&cli.person)),
    };
    let evidence = system.record_clock("command").and_then(|_| sealed());
    match &cli.command {
        // All that is wrong is told, and not the first that keeps the evidence of it from being written.
        Command::Check => answer.and_then(|answer| evidence.map(|()| answer)),
        _ => evidence.and(answer),
    }
}

/// Commands that look into an installation or change it.
fn with_system(cli: &Cli, system: &System) -> Result<Answer> {
    match &cli.command {
        Command::Check => {
            // What a process left that was cut off is no finding; what cannot be sealed is in doubt.
            let sealed = system.seal_if_free();
            if system.store.doubt().extent().is_none() {
                sealed?;
            }
            let office = Office::with_windows_if_free(cli, system);
            records::check(&office.map_err(|error| or_in_doubt(system, error))?, system)
        }
        command => anyhow::bail!("no system is needed for {command:?}"),
    }
}

/// The desk at which the operation of a command is done in this process.
fn desk_for(system: &System, needs: Needs) -> Result<Desk> {
    Ok(match needs {
        Needs::Windows => system.desk()?,
        _ => system.desk_without_windows(),
    })
}

/// Why nobody comes in to whom the check could be told: what they come in by may be what is wrong.
fn or_in_doubt(system: &System, refused: anyhow::Error) -> anyhow::Error {
    match system.store.prove(&mut StateProof::default(), ProofExtent::Recent) {
        Ok(report) if !report.findings.is_empty() => {
            refused.context(format!("the database is in doubt: {}", report.findings.join("; ")))
        }
        _ => refused,
    }
}
