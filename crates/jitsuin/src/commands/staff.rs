//! `staff`: the registry of people, and what each sets for themselves.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use web::desk::{Desk, Principal};
use web::wire::{ConfirmationBody, NewPersonBody, PasswordBody, ProposalBody, TokenWishBody};

use super::{Office, read_secret};
use crate::answer::Answer;
use crate::cli::{Cli, StaffCommand};
use crate::custodians::passphrases;
use crate::home::{MADE_ANEW, write_named, write_private};
use crate::system::System;

pub(super) fn run(cli: &Cli, system: &System, command: &StaffCommand) -> Result<Answer> {
    let Office { desk, act } = &Office::new(cli, system)?;
    match command {
        StaffCommand::Propose { id, name, roles, municipality } => {
            let (id, name, roles) = (id.clone(), name.clone(), roles.clone());
            let municipality = municipality.clone();
            Answer::of(&desk.propose_person(act, &NewPersonBody { id, name, roles, municipality })?)
        }
        StaffCommand::Roles { id, roles, municipality } => {
            propose(desk, act, id, "roles", roles, municipality.as_deref())
        }
        StaffCommand::Enrol { id } => propose(desk, act, id, "enrolment", &[], None),
        StaffCommand::Recover { id } => recover(cli, system, id),
        StaffCommand::Reinstate { id } => propose(desk, act, id, "reinstatement", &[], None),
        StaffCommand::Remove { id } => propose(desk, act, id, "removal", &[], None),
        StaffCommand::Confirm { id } => confirm(system, desk, act, id),
        StaffCommand::Refuse { id } => Answer::of(&desk.refuse_proposal(act, id)?),
        StaffCommand::Suspend { id } => Answer::of(&desk.suspend_person(act, id)?),
        StaffCommand::List => Answer::of(&desk.people(act)?),
        StaffCommand::Show { id } => Answer::of(&desk.person(act, id)?),
        StaffCommand::Password { new } => {
            // Who came with a password shows it again, which is the same file.
            let current = cli.person.shown.as_deref().map(read_secret).transpose()?;
            let body = PasswordBody { current, new: read_secret(new)? };
            Answer::of(&desk.set_password(act, &body)?)
        }
        StaffCommand::Token { program, days, out } => {
            let wish = TokenWishBody { program: *program, days: *days };
            token(system, desk, act, &wish, out.as_deref())
        }
    }
}

/// Lets a person in again by the custodians' quorum.
pub(super) fn recover(cli: &Cli, system: &System, id: &str) -> Result<Answer> {
    let act = system.act("custodians")?;
    let quorum = system.custody.quorum(&act, &passphrases(&cli.person.custodians)?)?;
    let desk = system.desk_without_windows();
    let body = desk.recover_person(&Principal::program(act), id, &quorum)?;
    let mut answer = enrolling(system, id, &body)?;
    let present = quorum.names();
    answer.text += &format!("\nborne by {present}; what let {id} in before has ended");
    if let Some(fields) = answer.json.as_object_mut() {
        fields.insert("custodians".to_owned(), json!(present));
    }
    Ok(answer)
}

fn propose(
    desk: &Desk,
    act: &Principal,
    id: &str,
    kind: &str,
    roles: &[String],
    municipality: Option<&str>,
) -> Result<Answer> {
    let body = ProposalBody {
        kind: kind.to_owned(),
        roles: roles.to_vec(),
        municipality: municipality.map(ToOwned::to_owned),
    };
    Answer::of(&desk.propose_change(act, id, &body)?)
}

/// Confirms; a secret goes into a file of its person's alone, and never onto a screen.
fn confirm(system: &System, desk: &Desk, act: &Principal, id: &str) -> Result<Answer> {
    enrolling(system, id, &desk.confirm_proposal(act, id)?)
}

/// A person, and where the secret of their enrolment is, if they got one.
fn enrolling(system: &System, id: &str, body: &ConfirmationBody) -> Result<Answer> {
    let mut answer = Answer::of(&body.person)?;
    if let Some(secret) = &body.enrolment_secret {
        let file = system.home.handed_out().join(format!("{id}.enrolment"));
        write_private(&file, secret.as_bytes())?;
        answer.text += &format!("\nto be handed to them alone: {}", file.display());
        if let Some(fields) = answer.json.as_object_mut() {
            fields.insert("enrolment_file".to_owned(), json!(file));
            fields.insert("enrolment_expires".to_owned(), json!(body.enrolment_expires));
        }
    }
    Ok(answer)
}

fn token(
    system: &System,
    desk: &Desk,
    act: &Principal,
    wish: &TokenWishBody,
    out: Option<&Path>,
) -> Result<Answer> {
    let id = act.id().context("a person makes a token")?;
    let usual = system.home.handed_out().join(format!("{id}.token"));
    // Before the token, which nobody has where it cannot be written.
    if let Some(named) = out.filter(|named| named.exists()) {
        bail!("{}: {MADE_ANEW}", named.display());
    }
    let made = desk.make_token(act, Ipv4Addr::LOCALHOST.into(), wish)?;
    match out {
        Some(named) => write_named(named, made.token.as_bytes())?,
        None => write_private(&usual, made.token.as_bytes())?,
    }
    let file = out.unwrap_or(&usual);
    let text = format!("the token of {id}, until {}, is in {}", made.expires, file.display());
    let json = json!({
        "person": id.as_str(),
        "token_file": file,
        "console": made.console,
        "expires": made.expires,
    });
    Ok(Answer::new(text, json))
}
