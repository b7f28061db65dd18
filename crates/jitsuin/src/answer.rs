//! What a command answers: tables and lines for people, JSON for programs; and why it failed.

mod columns;
mod failure;
mod form;
mod moment;
mod people;
mod table;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::failure::{Amiss, Failure};
pub(crate) use self::form::OutputForm;
pub(crate) use self::moment::in_japan;
pub(crate) use self::people::digest;

/// The answer of a command that did what it was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people.
    pub(crate) text: String,
    /// For programs (`--output json`).
    pub(crate) json: Value,
}

impl Answer {
    /// An answer of `text` and `json`.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json }
    }

    /// An answer of lines, the same for people and programs.
    pub(crate) fn lines(lines: Vec<String>) -> Self {
        Self { text: lines.join("\n"), json: Value::from(lines) }
    }

    /// A body of the desk: tables and lines for people, as it is for programs.
    pub(crate) fn of(body: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_value(body)?;
        Ok(Self { text: people::whole(&json), json })
    }

    /// What is written to standard output, without the last line's end.
    pub(crate) fn printed(&self, form: OutputForm) -> String {
        match form {
            OutputForm::Table => self.text.clone(),
            OutputForm::Json => self.json.to_string(),
            OutputForm::Jsonl => form::lines(&self.json),
        }
    }
}
