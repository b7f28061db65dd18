//! `demo`: everything on this machine with invented residents, and what to try with it.

mod again;
mod card;
mod custodians;
mod guide;
mod hsm;
mod municipalities;
mod pcscd;
mod people;
mod ready;
mod story;
#[cfg(test)]
mod tests;
mod town;

pub(crate) use self::people::Staff;
#[cfg(test)]
pub(crate) use self::people::{CALL_CENTRE, OPERATOR, clerk, register as register_people};
#[cfg(test)]
pub(crate) use self::story::{AUTH, SIGN, Town, apply_register_events, publish_all};
#[cfg(test)]
pub(crate) use self::town::newcomers;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::DemoArguments;
use crate::clock::Clock;
use crate::config::{CardsTable, Config, ConfigFile, Listen, ServicesTable, TokenTable};
use crate::home::write_private;
use crate::serve::{Listeners, Running, StopSignal};
use crate::set_up;

pub(crate) fn run(arguments: &DemoArguments, clock: Clock) -> Result<Answer> {
    let token = hsm::token(&arguments.dir, arguments.hsm.as_deref())?;
    card::ask_here(&arguments.dir)?;
    let (config, listen) = configure(arguments, token.as_ref())?;
    say(&format!("setting up in {}", arguments.dir.display()));
    let custodians = custodians::of_the_demo(&arguments.dir)?;
    let system = Arc::new(set_up::set_up(&config, clock, &custodians, &|_| true, &[])?);
    people::register(&system, &custodians)?;
    let listeners = Listeners::bind(&listen)?;
    let addresses = listeners.addresses()?;
    if !town::is_populated(&system) {
        town::populate(&system)?;
        story::issue_to_town(&Staff::at_windows(&system)?, &|line| say(line))?;
    }
    card::issue_once(&Staff::at_windows(&system)?)?;
    let stop = StopSignal::listen()?;
    let running = Running::start(system.clone(), listeners)?;
    let place = ready::Place { directory: &arguments.dir, addresses };
    let mut ready = ready::describe(&system, &place)?;
    if let Some(token) = hsm::describe(&system, &custodians)? {
        ready["hsm"] = token;
    }
    let in_reader = card::insert(&system, &arguments.dir).map_err(|why| say(&why)).ok();
    if let Some(in_reader) = &in_reader {
        ready["card"] = in_reader.describe(&system, &ready)?;
    }
    if !arguments.once {
        say(&guide::text(&ready, &std::fs::canonicalize(system.home.handed_out())?));
    }
    // The last of a start: who finds it finds all that was printed.
    if let Some(path) = &arguments.ready_file {
        // It holds every token of the demo.
        write_private(path, &serde_json::to_vec_pretty(&ready)?)?;
    }
    if arguments.once {
        story::tell(&Staff::at_windows(&system)?, &|line| say(line))?;
    } else {
        stop.wait();
    }
    drop(in_reader);
    running.stop()?;
    Ok(Answer::new("", json!({ "ready": ready })))
}

/// The configuration of the demo, made when there is none, and where it listens this time.
fn configure(arguments: &DemoArguments, token: Option<&TokenTable>) -> Result<(PathBuf, Listen)> {
    let config = arguments.dir.join("jitsuin.toml");
    if !config.exists() {
        std::fs::create_dir_all(&arguments.dir)?;
        let services = ServicesTable { token: token.map(hsm::of_services), ..Default::default() };
        let local = ConfigFile::local(arguments.base_port);
        let cards = CardsTable { readers: card::readers_of_the_demo(), ..local.cards };
        ConfigFile { token: token.cloned(), services, cards, ..local }.write(&config)?;
    }
    // The ports may have changed since the directory was made; everything else stays.
    let Config { mut listen, token: kept, .. } = Config::read(&config)?;
    if kept.is_some() != token.is_some() {
        bail!(
            "{}: its keys are {}; say so, or choose another --dir",
            arguments.dir.display(),
            if kept.is_some() { "in a token (--hsm softhsm)" } else { "not in a token" }
        );
    }
    let local = ConfigFile::local(arguments.base_port).listen;
    (listen.api, listen.repository, listen.ldap, listen.ldaps, listen.holder) =
        (local.api, local.repository, local.ldap, local.ldaps, local.holder);
    Ok((config, listen))
}

/// Progress goes to standard output line by line, so that it is seen while it happens.
fn say(line: &str) {
    println!("{line}");
}
