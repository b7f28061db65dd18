//! `staff`: the registry of people, and what each sets for themselves.

use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::id::ActorId;
use serde_json::{Value, json};
use web::desk::Principal;
use web::desk::credentials::{MakeToken, SetPassword};
use web::desk::people::ConfirmProposal;

use super::client::CommandClient;
use super::person::{handed_out, read_secret};
use crate::answer::{Answer, in_japan};
use crate::cli::{Cli, Person};
use crate::custodians::passphrases;
use crate::home::{MADE_ANEW, write_named, write_private};
use crate::system::System;

/// Confirms; a secret goes into a file of its person's alone, and never onto a screen.
pub(super) fn confirm(cli: &Cli, client: &CommandClient<'_>, id: &str) -> Result<Answer> {
    enrolling(&handed_out(cli)?, id, client.json::<ConfirmProposal>(json!({ "id": id }))?)
}

/// Sets one's own password. Who came with a password shows it again, which is the same file.
pub(super) fn password(person: &Person, client: &CommandClient<'_>, new: &Path) -> Result<Answer> {
    let (current, new) = (read_secret(person.file()?)?, read_secret(new)?);
    client.ask::<SetPassword>(json!({ "current": current.expose(), "new": new.expose() }))
}

/// Lets a person in again by the custodians' quorum.
pub(super) fn recover(cli: &Cli, system: &System, id: &str) -> Result<Answer> {
    let act = system.act("custodians")?;
    let quorum = system.custody.quorum(&act, &passphrases(&cli.person.custodians)?)?;
    let desk = system.desk_without_windows();
    let body = desk.way_back_in().recover(
        &Principal::program(act),
        &id.parse().context("person")?,
        &quorum,
    )?;
    let mut answer = enrolling(&system.home.handed_out(), id, serde_json::to_value(&body)?)?;
    let present = quorum.names();
    answer.text += &format!("\nborne by {present}; what let {id} in before has ended");
    if let Some(fields) = answer.json.as_object_mut() {
        fields.insert("custodians".to_owned(), json!(present));
    }
    Ok(answer)
}

/// A person, and where the secret of their enrolment is, if they got one.
fn enrolling(handed_out: &Path, id: &str, mut confirmed: Value) -> Result<Answer> {
    let mut answer = Answer::of(&confirmed["person"].take())?;
    if let Some(secret) = confirmed["enrolment_secret"].as_str() {
        let file = handed_out.join(format!("{id}.enrolment"));
        write_private(&file, secret.as_bytes())?;
        answer.text += &format!("\nto be handed to them alone: {}", file.display());
        if let Some(fields) = answer.json.as_object_mut() {
            fields.insert("enrolment_file".to_owned(), json!(file));
            fields.insert("enrolment_expires".to_owned(), confirmed["enrolment_expires"].take());
        }
    }
    Ok(answer)
}

/// Makes a token of one's own, which goes into a file, and never onto a screen.
pub(super) fn token(
    cli: &Cli,
    client: &CommandClient<'_>,
    (program, days): (bool, Option<u32>),
    out: Option<&Path>,
) -> Result<Answer> {
    let handed_out = handed_out(cli)?;
    // Before the token, which nobody has where it cannot be written.
    if let Some(named) = out.filter(|named| named.exists()) {
        bail!("{}: {MADE_ANEW}", named.display());
    }
    let made = client.json::<MakeToken>(json!({ "program": program, "days": days }))?;
    let told = |field: &str| made[field].as_str().context("a token of nobody's");
    let (id, token, expires) = (told("person")?, told("token")?, told("expires")?);
    // It names a file, whoever told it.
    let id: ActorId = id.parse().context("a token of nobody's")?;
    let usual = handed_out.join(format!("{id}.token"));
    match out {
        Some(named) => write_named(named, token.as_bytes())?,
        None => write_private(&usual, token.as_bytes())?,
    }
    let file = out.unwrap_or(&usual);
    let until = expires.parse().map_or_else(|_| expires.to_owned(), in_japan);
    let text = format!("the token of {id}, until {until}, is in {}", file.display());
    let json = json!({
        "person": id.as_str(),
        "token_file": file,
        "console": made["console"],
        "expires": expires,
    });
    Ok(Answer::new(text, json))
}
