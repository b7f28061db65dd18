//! Where a command has operations done: by the process that serves the installation, or by this one where
//! none does; or by a server elsewhere, where one is named.

use std::io::Write;

use anyhow::{Context, Result};
use domain::id::OperationId;
use serde_json::{Map, Value};
use web::client::{Client, ClientError};
use web::desk::{ApproveOperation, Desk};
use web::operation::{Command, Operation};

use super::person::{home, how_to_ask, read_secret};
use crate::answer::Answer;
use crate::cli::{Cli, Person};

/// By what name the installation's own API is asked; no certificate is looked at.
const HOST: &str = "127.0.0.1";

/// A client of the installation's API, for the person who acts.
pub(super) struct CommandClient<'a> {
    client: Client,
    person: &'a Person,
}

impl<'a> CommandClient<'a> {
    /// Of the process that serves, if one does.
    pub(super) fn of_server(cli: &'a Cli) -> Result<Option<Self>> {
        let socket = home(cli)?.socket();
        let client = Client::of_server(&socket, HOST);
        let client = client.with_context(|| socket.display().to_string())?;
        client.map(|client| Self::of(client, &cli.person)).transpose()
    }

    /// Of the server that is named (`--server`).
    pub(super) fn elsewhere(cli: &'a Cli, url: &str) -> Result<Self> {
        let roots =
            cli.server_ca.as_deref().context("--server-ca: the file of the roots is needed")?;
        let read = std::fs::read(roots).with_context(|| roots.display().to_string())?;
        Self::of(Client::elsewhere(url, &read)?, &cli.person)
    }

    /// Of this process.
    pub(super) fn here(cli: &'a Cli, desk: Desk) -> Result<Self> {
        Self::of(Client::here(web::api::console_router(desk.into()), HOST)?, &cli.person)
    }

    fn of(client: Client, person: &'a Person) -> Result<Self> {
        let secret = read_secret(person.file()?)?;
        let client = match &person.operation {
            Some(id) => client.under(id.parse::<OperationId>()?.as_str()),
            None => client,
        };
        let client = match &person.operator {
            Some(id) => client.with_password(id, &secret)?,
            None => client.with_token(&secret)?,
        };
        // Standard output is the answer's.
        let client = client.telling(|step| eprintln!("jitsuin: {step}"));
        Ok(Self { client, person })
    }

    /// Has an operation done that is told these fields.
    pub(super) fn ask<O: Operation>(&self, fields: Value) -> Result<Answer> {
        Answer::of(&self.json::<O>(fields)?)
    }

    /// The same, whose answer is JSON.
    pub(super) fn json<O: Operation>(&self, fields: Value) -> Result<Value> {
        self.with_advice(self.client.ask::<O>(fields).and_then(|told| told.json()))
    }

    /// The same, whose answer is text.
    pub(super) fn text<O: Operation>(&self, fields: Value) -> Result<String> {
        let octets = self.with_advice(self.client.ask::<O>(fields))?.octets();
        String::from_utf8(octets.into()).context("it is text")
    }

    /// The same, whose answer is written as it comes.
    pub(super) fn write<O: Operation>(&self, fields: Value, into: &mut dyn Write) -> Result<()> {
        self.with_advice(self.client.write::<O>(fields, into))
    }

    /// Has the operation done that a command of the list asks for.
    pub(super) fn listed(&self, command: &Command, fields: Map<String, Value>) -> Result<Value> {
        self.with_advice(command.ask(&self.client, fields).and_then(|told| told.json()))
    }

    /// Approves, as the second person, what another asks for under the id `operation`.
    pub(super) fn approve(
        &self,
        operation: &OperationId,
        what: &str,
        mut fields: Map<String, Value>,
    ) -> Result<Answer> {
        fields.insert("operation".to_owned(), operation.as_str().into());
        fields.insert("what".to_owned(), what.into());
        self.ask::<ApproveOperation>(fields.into())
    }

    /// Whoever does not learn what came of it hears how to ask.
    fn with_advice<T>(&self, outcome: Result<T, ClientError>) -> Result<T> {
        match outcome {
            Err(error) if error.is_outcome_unknown() => {
                Err(error).with_context(|| how_to_ask(self.person))
            }
            outcome => Ok(outcome?),
        }
    }
}
