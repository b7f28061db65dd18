//! `card`: what windows do with cards, and the emulated ones in readers.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use card::vpcd::{self, Stay};
use card::{Cabinet, SignatureKeys};
use domain::id::CardId;
use domain::journal::EventKind;
use serde_json::json;
use store::{Entry, Store as _, Unit};
use web::desk::cards::{
    CardBody, ChangeCardSecret, EraseCard, ReadCard, ReconcileCard, ResetCardSecret,
};
use web::wire::EvidenceBody;

use super::{Office, read_json, read_secret};
use crate::answer::Answer;
use crate::cli::{CardCommand, Cli, MadeFor, OnReader};
use crate::config::Config;
use crate::home::{Home, MADE_ANEW, write_named};
use crate::machine::Machine;
use crate::readers::{self, machine};
use crate::serve::StopSignal;
use crate::system::System;

/// Commands that need no more of an installation than its configuration.
pub(super) fn outside(cli: &Cli, command: &CardCommand) -> Result<Option<Answer>> {
    Ok(Some(match command {
        CardCommand::Readers => list_readers()?,
        CardCommand::List => list(cli)?,
        CardCommand::Insert { id, reader } => insert(cli, id, reader)?,
        _ => return Ok(None),
    }))
}

pub(super) fn run(cli: &Cli, system: &System, command: &CardCommand) -> Result<Answer> {
    if let CardCommand::Make { keys } = command {
        return make(system, *keys);
    }
    let Office { desk, act } = Office::with_windows(cli, system)?;
    match command {
        CardCommand::Read { place, secret, out } => {
            let (reader, card) = at(place)?;
            let signature_password = secret.as_deref().map(read_secret).transpose()?;
            let read = desk.ask(&act, ReadCard { reader, card, signature_password })?;
            if let Some(directory) = out {
                write_copies(&read, directory)?;
            }
            Answer::of(&read)
        }
        CardCommand::ChangeSecret { place, slot, present, new } => {
            let ((reader, card), slot) = (at(place)?, *slot);
            let (present, new) = (read_secret(present)?, read_secret(new)?);
            Answer::of(&desk.ask(&act, ChangeCardSecret { reader, card, slot, present, new })?)
        }
        CardCommand::ResetSecret { place, slot, new, evidence } => {
            let ((reader, card), slot) = (at(place)?, *slot);
            let EvidenceBody { items, doubt } = read_json(evidence)?;
            let new = read_secret(new)?;
            let asked = ResetCardSecret { reader, card, slot, new, items, doubt };
            Answer::of(&desk.ask(&act, asked)?)
        }
        CardCommand::Erase { place, slot, reason } => {
            let ((reader, card), slot) = (at(place)?, *slot);
            let reason = reason.clone();
            Answer::of(&desk.ask(&act, EraseCard { reader, card, slot, reason })?)
        }
        CardCommand::Reconcile { place, mend } => {
            let (reader, card) = at(place)?;
            Answer::of(&desk.ask(&act, ReconcileCard { reader, card, mend: *mend })?)
        }
        CardCommand::Readers
        | CardCommand::List
        | CardCommand::Insert { .. }
        | CardCommand::Make { .. } => anyhow::bail!("this command needs no window"),
    }
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

fn make(system: &System, keys: MadeFor) -> Result<Answer> {
    let taken = match keys {
        MadeFor::Any => SignatureKeys::Any,
        MadeFor::Today => SignatureKeys::Rsa2048,
    };
    let id = system.card_readers()?.make_blank(taken)?;
    let entry = Entry::new(EventKind::CardChanged, &system.act("card-maker")?);
    let entry = entry.subject(&id).detail("change", "a blank emulated card was made");
    system.store.commit(Unit::new(entry))?;
    Ok(Answer::new(id.to_string(), json!({ "card": id.as_str() })))
}

/// Writes each certificate as PEM, and its copy to print: all of them or, where something lies in the
/// place of one, none.
fn write_copies(read: &CardBody, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    let mut files = Vec::new();
    for copy in &read.certificates {
        for (name, text) in [
            (format!("{}.pem", copy.slot), &copy.certificate_pem),
            (format!("{}-ca.pem", copy.slot), &copy.ca_certificate_pem),
            (format!("{}.txt", copy.slot), &copy.copy),
        ] {
            files.push((directory.join(name), text));
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

/// The reader and the card that are meant.
fn at(place: &OnReader) -> Result<(Option<String>, Option<CardId>)> {
    Ok((place.reader.clone(), place.card.as_deref().map(str::parse).transpose()?))
}
