//! What a command answers: lines for people, JSON for programs.

use anyhow::Result;
use serde::Serialize;
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

    /// A body of the desk: its fields line by line for people, as it is for programs.
    pub(crate) fn of(body: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_value(body)?;
        let mut lines = Vec::new();
        describe("", &json, &mut lines);
        Ok(Self { text: lines.join("\n"), json })
    }
}

/// Fields as `name: value`, what lies inside as `outer.inner: value`, rows of a list on a line each.
fn describe(name: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let inner = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                describe(&inner, value, lines);
            }
        }
        Value::Array(rows) if !name.is_empty() && rows.iter().all(is_scalar) => {
            lines.extend(rows.iter().map(|one| format!("{name}: {}", plain(one))));
        }
        Value::Array(rows) => lines.extend(rows.iter().map(row)),
        scalar => lines.push(format!("{name}: {}", plain(scalar))),
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_null() && !value.is_object() && !value.is_array()
}

/// A row of a list: its scalars, separated by spaces.
fn row(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let scalars = fields.values().filter(|value| is_scalar(value));
            scalars.map(plain).collect::<Vec<_>>().join("  ")
        }
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_fields_and_rows_line_by_line() {
        let body = serde_json::json!({
            "a": 1, "b": { "c": "x" }, "d": [{ "e": "f", "g": null }], "h": null, "i": ["j", "k"],
        });
        let answer = Answer::of(&body).expect("a body");
        assert_eq!(answer.text, "a: 1\nb.c: x\nf\ni: j\ni: k");
    }
}
