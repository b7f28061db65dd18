//! `card`: what windows do with cards, and the emulated ones in readers.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use card::Cabinet;
use card::vpcd::{self, Stay};
use serde_json::{Value, json};
use web::desk::cards::ReadCard;
use web::wire::SecretText;

use super::client::CommandClient;
use super::person::read_secret;
use crate::answer::Answer;
use crate::cli::{CardCommand, Cli, OnReader};
use crate::config::Config;
use crate::home::{Home, MADE_ANEW, write_named};
use crate::machine::Machine;
use crate::readers::{self, machine};
use crate::serve::StopSignal;

/// Whether a command needs no more of an installation than its configuration.
pub(super) fn is_outside(command: &CardCommand) -> bool {
    matches!(command, CardCommand::Readers | CardCommand::List | CardCommand::Insert { .. })
}

/// Does such a command.
pub(super) fn outside(cli: &Cli, command: &CardCommand) -> Result<Answer> {
    match command {
        CardCommand::Readers => list_readers(),
        CardCommand::List => list(cli),
        CardCommand::Insert { id, reader } => insert(cli, id, reader),
        _ => anyhow::bail!("this command needs a window"),
    }
}

/// What is on a card.
pub(super) fn read(
    client: &CommandClient<'_>,
    place: &OnReader,
    secret: Option<&Path>,
    out: Option<&Path>,
) -> Result<Answer> {
    let OnReader { reader, card } = place;
    let secret = secret.map(read_secret).transpose()?;
    let secret = secret.as_ref().map(SecretText::expose);
    let fields = json!({ "reader": reader, "card": card, "signature_password": secret });
    let read = client.json::<ReadCard>(fields)?;
    if let Some(directory) = out {
        write_copies(&read, directory)?;
    }
    Answer::of(&read)
}

fn list_readers() -> Result<Answer> {
    let found = machine::list()?;
    let line = |(name, has_card): &(String, bool)| {
        format!("{name}: {}", if *has_card { "a card lies on it" } else { "no card" })
    };
    let text: Vec<_> = found.iter().map(line).collect();
    let row = |(name, has_card): &(String, bool)| json!({ "reader": name, "has_card": has_card });
    let rows: Vec<_> = found.iter().map(row).collect();
    Ok(Answer::new(text.join("\n"), json!({ "readers": rows })))
}

fn list(cli: &Cli) -> Result<Answer> {
    let ids = cabinet(cli)?.ids()?;
    Ok(Answer::lines(ids.iter().map(ToString::to_string).collect()))
}

/// Leaves a card in a virtual reader until the reader goes away or this is told to stop.
fn insert(cli: &Cli, id: &str, reader: &str) -> Result<Answer> {
    let listening = StopSignal::listen()?;
    let mut card = cabinet(cli)?.insert(&id.parse()?)?;
    let stream = TcpStream::connect(reader).with_context(|| format!("reader {reader}"))?;
    let stay = Arc::new(Stay::default());
    let told = stay.clone();
    // It ends with the process when the reader goes away first.
    std::thread::spawn(move || {
        listening.wait();
        told.end();
    });
    println!("card {id} is in the reader at {reader}; Ctrl-C takes it out");
    vpcd::attach(&mut card, stream, &stay)?;
    Ok(Answer::new("taken out", json!({ "card": id, "reader": reader })))
}

/// Writes each certificate as PEM, and its copy to print: all of them or, where something lies in the
/// place of one, none.
fn write_copies(read: &Value, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    let mut files = Vec::new();
    for copy in read["certificates"].as_array().into_iter().flatten() {
        let slot = copy["slot"].as_str().context("a copy of no slot")?;
        for (name, field) in [
            (format!("{slot}.pem"), "certificate_pem"),
            (format!("{slot}-ca.pem"), "ca_certificate_pem"),
            (format!("{slot}.txt"), "copy"),
        ] {
            files.push((directory.join(name), copy[field].as_str().unwrap_or_default()));
        }
    }
    for (path, _) in &files {
        // Also a link that leads nowhere.
        ensure!(fs::symlink_metadata(path).is_err(), "{}: {MADE_ANEW}", path.display());
    }
    files.iter().try_for_each(|(path, text)| write_named(path, text.as_bytes()))
}

/// The cabinet, without the rest of the installation, which a server may have.
fn cabinet(cli: &Cli) -> Result<Cabinet> {
    let config = Config::read(&cli.config)?;
    let home = Home::new(&config.data);
    let machine = Machine::open(&config.services, &home, false)?;
    readers::cabinet(&home, &machine)
}
