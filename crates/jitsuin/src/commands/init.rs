//! `init`: sets up what is missing, and says what is there, who can come in, and what has ended.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::staff::Role;
use jiff::Timestamp;
use serde_json::{Value, json};
use web::desk::{Principal, RECOVER, WayIn};

use crate::answer::{Answer, in_japan};
use crate::cli::{Cli, InitArguments};
use crate::clock::Clock;
use crate::config::{BackupsTable, ConfigFile};
use crate::custodians::passphrases;
use crate::health;
use crate::set_up;
use crate::system::System;

/// The first of the five ports of a new configuration.
const FIRST_PORT: u16 = 8440;

pub(super) fn run(cli: &Cli, asked: &InitArguments, clock: Clock) -> Result<Answer> {
    let (config, first) = (cli.config.as_path(), &asked.first);
    if !config.exists() {
        let backups = backups(asked)?;
        if let Some(directory) = config.parent() {
            std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        ConfigFile { backups, ..ConfigFile::local(FIRST_PORT) }.write(config)?;
    }
    let custodians = passphrases(&cli.person.custodians)?;
    let founds = |_: &_| !first.await_ceremony;
    let system = set_up::set_up(config, clock, &custodians, &founds, &asked.server_name)?;
    let is_first = system.register_first_people(first)?;
    summary(&system, is_first)
}

/// Where the backups of the CAs' keys go: the server's own disk is no place that nobody named.
fn backups(asked: &InitArguments) -> Result<BackupsTable> {
    ensure!(
        asked.to_try_out || !asked.backups.is_empty(),
        "backups: name the custodians' media, --backups DIRECTORY each (A 6.2.4, S 6-2-1); or say \
         --to-try-out, and they lie beside the keys"
    );
    Ok(match asked.to_try_out {
        true => BackupsTable::to_try_out(Path::new("data")),
        false => BackupsTable { directories: asked.backups.clone(), on_data_disk: false },
    })
}

/// What is there now. `is_first`: the first people were registered just now.
fn summary(system: &System, is_first: bool) -> Result<Answer> {
    let now = system.now();
    let cas: Vec<_> = system.authorities.keys().map(ToString::to_string).collect();
    let desk = system.desk_without_windows();
    let ways = desk.deadlines().ways_in(&Principal::program(system.act("set-up")?))?;
    let endings = desk.deadlines().endings(now)?;
    let place = system.home.handed_out();
    let mut lines = vec![format!("set up: {}", cas.join(", "))];
    lines.push(match is_first {
        true => format!("first credentials, for their owners alone: {}", place.display()),
        false => "the first people were registered before: nothing was handed out now".to_owned(),
    });
    lines.push(match health::other_names(system)? {
        Some(told) => told,
        None => format!("the server is certified for {}", system.tls_names_told()),
    });
    let is_awake = system.custody.is_active();
    if !is_awake {
        lines.push("the CAs' keys sleep: what is due waits until custodians come".to_owned());
    }
    lines.extend(ways.iter().map(|way| line(way, now)));
    if !ways.is_empty() && ways.iter().all(|way| way.is_enrolment && way.until <= now) {
        lines.push(format!("nobody ever came in, and nobody can: let in again by {RECOVER}"));
    }
    let soon = |ending: &web::desk::Ending| {
        format!("{} {}: {}", ending.kind, ending.subject, ending.words(now))
    };
    lines.extend(endings.iter().filter(|ending| !is_first || ending.ends < now).map(soon));
    let people: Vec<_> = ways.iter().map(|way| fields(way, now)).collect();
    let endings: Vec<_> = endings.iter().map(soon).collect();
    let json = json!({
        "cas": cas, "server_names": system.tls_names_told(), "handed_out": place, "first": is_first, "keys_active": is_awake, "people": people, "endings": endings,
    });
    Ok(Answer::new(lines.join("\n"), json))
}

fn line(way: &WayIn, now: Timestamp) -> String {
    let WayIn { person, until, is_enrolment, .. } = way;
    let what = if *is_enrolment { "enrolment secret, not used yet" } else { "credentials" };
    let stands = match *until {
        until if until == Timestamp::MIN => "has nothing to come in with".to_owned(),
        until if until == Timestamp::MAX => format!("comes in with their {what}, without an end"),
        until if until <= now => format!("is shut out: their {what} ended {}", in_japan(until)),
        until => format!("comes in until {} with their {what}", in_japan(until)),
    };
    format!("{person} ({}) {stands}", names(&way.roles).join(", "))
}

fn fields(way: &WayIn, now: Timestamp) -> Value {
    let has_end = way.until != Timestamp::MIN && way.until != Timestamp::MAX;
    let until = has_end.then(|| way.until.to_string());
    json!({
        "person": way.person.as_str(), "roles": names(&way.roles), "until": until,
        "enrolment": way.is_enrolment, "shut_out": way.until <= now,
    })
}

fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect()
}
