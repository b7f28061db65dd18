//! The Japanese citizen PKI as one program: certification authority, windows, cards, answers.

mod answer;
mod backups;
mod cli;
mod clock;
mod commands;
mod config;
mod credentials;
mod custodians;
mod demo;
mod endings;
mod evidence;
mod health;
mod hold;
mod home;
mod invented;
mod join;
mod left_open;
mod lists;
mod log;
mod machine;
mod media;
mod minutes;
mod opened;
mod own_tls;
mod random;
mod readers;
mod returned;
mod seal;
mod seclusion;
mod secret_file;
mod serve;
mod set_up;
mod stage;
mod strict_json;
mod system;
mod trusted_time;
#[cfg(test)]
mod years;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;

use crate::answer::{Answer, Failure};
use crate::cli::Cli;
use crate::clock::Clock;
use crate::random::new_operation;

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let log = log::start();
    // The one place where the program looks at a clock; everywhere else it is injected.
    // In microseconds, as the store keeps times: what is answered now is what is read later.
    let clock: Clock = Arc::new(|| {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    });
    let run = |cli: &mut Cli| {
        seclusion::enter()?;
        // Whoever does not learn what came of it asks again under the same id.
        if cli.person.operation.is_none() {
            cli.everywhere.person.operation = Some(new_operation()?.to_string());
        }
        commands::run(cli, clock)
    };
    let outcome = run(&mut cli);
    // What was counted stands before the outcome, which is the last line.
    drop(log);
    match outcome {
        Ok(answer) => print(&cli, &answer),
        Err(error) => {
            eprintln!("{}", Failure::of(&error).printed(cli.form()));
            ExitCode::from(1)
        }
    }
}

/// Prints an answer; a reader that went away early is no failure of ours.
fn print(cli: &Cli, answer: &Answer) -> ExitCode {
    let text = answer.printed(cli.form());
    if !text.is_empty() {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    ExitCode::SUCCESS
}
