//! What a command answers: lines for people, JSON for programs.

use serde_json::Value;

/// The answer of a command that did what it was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people.
    pub(crate) text: String,
    /// For programs (`--json`).
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
}
