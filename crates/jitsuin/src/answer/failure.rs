//! Why a command failed: one sentence for people, one JSON object for programs.

use serde_json::{Map, Value, json};
use web::Problem;
use web::client::ClientError;
use web::wire::ProblemBody;

use super::OutputForm;
use super::people::visible;

/// What stands for whatever is no refusal of the API's.
const TITLE: &str = "The command failed";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    json: Value,
}

/// That what was looked at, or done, is not as it should be: in words, with all that is known of it.
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
pub(crate) struct Amiss {
    told: String,
    report: Value,
}

impl Amiss {
    /// In words, with the members of `report`, which is an object.
    pub(crate) fn new(told: String, report: Value) -> Self {
        Self { told, report }
    }
}

impl Failure {
    /// Of an error, with its causes and what it was met at.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let said: Vec<String> = error.chain().map(|one| in_one_line(&one.to_string())).collect();
        let sentence = once(&said);
        let problem = error.chain().enumerate().find_map(|(at, one)| Some((at, problem(one)?)));
        let json = match problem.and_then(|(at, body)| Some((at, serde_json::to_value(body).ok()?)))
        {
            None => {
                let mut body = Map::from_iter([
                    ("title".to_owned(), TITLE.into()),
                    ("detail".to_owned(), sentence.clone().into()),
                ]);
                if let Some(Value::Object(report)) = error.chain().find_map(report) {
                    body.extend(report.clone());
                }
                body.into()
            }
            Some((at, mut body)) => {
                if at > 0 {
                    body["context"] = json!(once(&said[..at]));
                }
                body
            }
        };
        Self { sentence, json }
    }

    /// What is written to standard error, without the line's end.
    pub(crate) fn printed(&self, form: OutputForm) -> String {
        match form.is_for_people() {
            true => format!("jitsuin: {}", self.sentence),
            false => self.json.to_string(),
        }
    }
}

/// What an error knows beyond its words.
fn report<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Value> {
    error.downcast_ref::<Amiss>().map(|amiss| &amiss.report)
}

/// The API's own words, where an error is its refusal or its fault.
fn problem(error: &(dyn std::error::Error + 'static)) -> Option<ProblemBody> {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Problem(body)) => Some((**body).clone()),
        Some(ClientError::Unsent(_) | ClientError::Lost(_) | ClientError::Unwritten(_)) => None,
        None => error.downcast_ref::<Problem>().cloned().map(ProblemBody::from),
    }
}

/// What an error says, in one line: what a parser draws of its input is left out, and what would move the
/// cursor is written out.
fn in_one_line(text: &str) -> String {
    let is_drawn = |line: &str| {
        line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
    };
    let said = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_drawn(line));
    visible(&said.collect::<Vec<_>>().join(": "))
}

/// What errors say, the outermost first, each thing once: an error that tells its cause in its own words
/// has the cause told a second time by whoever goes through the causes, and one that names its place meets
/// others that name it too.
fn once(said: &[String]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for (at, one) in said.iter().enumerate() {
        let is_told = kept.iter().any(|other| tells(other, one))
            || said[at + 1..].iter().any(|inner| inner != one && tells(inner, one));
        if !is_told {
            kept.push(one);
        }
    }
    let joined = kept.join(": ");
    let mut parts: Vec<&str> = joined.split(": ").collect();
    parts.dedup();
    parts.join(": ")
}

/// Whether a text says all that another says, as words of its own.
fn tells(text: &str, other: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.match_indices(other).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + other.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    /// An error that tells its cause, and names it as its source.
    #[derive(Debug, thiserror::Error)]
    #[error("{what}: {source}")]
    struct Told {
        what: &'static str,
        source: std::io::Error,
    }

    fn missing(what: &'static str) -> anyhow::Error {
        Told { what, source: std::io::Error::from_raw_os_error(2) }.into()
    }

    #[test]
    fn a_program_is_told_what_is_amiss_member_by_member() {
        let report = json!({ "consistent": false, "findings": [{ "rule": "clock" }] });
        let amiss = anyhow::Error::from(Amiss::new("1 finding(s): clock".to_owned(), report));
        let told = Failure::of(&amiss.context("check")).json;
        assert_eq!(told["detail"], "check: 1 finding(s): clock");
        assert_eq!(
            (&told["title"], &told["findings"][0]["rule"]),
            (&json!(TITLE), &json!("clock"))
        );
    }

    #[test]
    fn nothing_is_said_twice() {
        const MISSING: &str = "No such file or directory (os error 2)";
        let reading = missing("reading data/custody.json failed").context("data/custody.json");
        let refused = Err::<(), _>(missing("the database refused")).context("the database refused");
        for (error, expected) in [
            (reading, format!("reading data/custody.json failed: {MISSING}")),
            (refused.expect_err("refused"), format!("the database refused: {MISSING}")),
            (
                anyhow!("reader: this program has none").context("reader"),
                "reader: this program has none".to_owned(),
            ),
            (
                anyhow!("reader: reader: this program has none"),
                "reader: this program has none".to_owned(),
            ),
            (
                anyhow!("it is no map").context("line 3").context("jitsuin.toml"),
                "jitsuin.toml: line 3: it is no map".to_owned(),
            ),
            // No part of another word.
            (anyhow!("the cause is told").context("ca"), "ca: the cause is told".to_owned()),
            (anyhow!("a\n   |\n 3 | x\n   | ^\nb"), "a: b".to_owned()),
            (anyhow!("a\u{1b}[2Jb"), "a\\u{1b}[2Jb".to_owned()),
        ] {
            assert_eq!(Failure::of(&error).sentence, expected);
        }
    }

    #[test]
    fn a_refusal_keeps_its_own_members_and_another_fault_has_two() {
        let refused = Problem::refused("serial", "it must be one");
        let error = anyhow::Error::from(refused).context("asked");
        let told = Failure::of(&error);
        assert_eq!(
            told.json,
            json!({
                "type": "tag:jitsuin.example,2026:problem/refused", "title": "Refused by a rule",
                "status": 422, "detail": "serial: it must be one", "field": "serial",
                "context": "asked",
            })
        );
        assert_eq!(told.printed(OutputForm::Table), "jitsuin: asked: serial: it must be one");
        assert_eq!(told.printed(OutputForm::Jsonl), told.json.to_string());
        let other = Failure::of(&anyhow!("no token"));
        assert_eq!(other.json, json!({ "title": "The command failed", "detail": "no token" }));
    }
}
