//! The fields of one table of a script: each is taken once, and what is left over is unknown.

use std::collections::BTreeMap;
use std::str::FromStr;

use toml::{Table, Value};

use super::error::Problems;
use crate::text::FreeText;

/// More people or longer texts than a room or a page holds are a mistake.
const MAXIMUM_LIST: usize = 64;
const MAXIMUM_TEXT: usize = 400;

/// A table that is being read; problems are noted under its place.
pub(super) struct Fields<'a> {
    place: String,
    table: Table,
    problems: &'a mut Problems,
}

impl<'a> Fields<'a> {
    pub(super) fn new(place: impl Into<String>, table: Table, problems: &'a mut Problems) -> Self {
        Self { place: place.into(), table, problems }
    }

    /// A text of one line.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.required(name, one_line)
    }

    /// A text of one line that may be left out.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        let value = self.table.remove(name)?;
        self.converted(name, value, one_line)
    }

    /// A text of a form of its own.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        self.required(name, |value| {
            let text = one_line(value)?;
            text.parse().map_err(|error: T::Err| error.to_string())
        })
    }

    /// A whole number of this range.
    pub(super) fn number(&mut self, name: &str, smallest: u32, largest: u32) -> Option<u32> {
        self.required(name, |value| {
            let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
            number
                .filter(|number| (smallest..=largest).contains(number))
                .ok_or_else(|| format!("a whole number from {smallest} to {largest}"))
        })
    }

    /// A list of texts, each of a form of its own; those that are not are noted one by one.
    pub(super) fn list<T: FromStr>(&mut self, name: &str) -> Option<Vec<T>>
    where
        T::Err: std::fmt::Display,
    {
        let values = self.required(name, |value| match value {
            Value::Array(values) if values.len() <= MAXIMUM_LIST => Ok(values),
            Value::Array(_) => Err(format!("at most {MAXIMUM_LIST}")),
            _ => Err("a list of texts".to_owned()),
        })?;
        let convert = |value| one_line(value)?.parse().map_err(|error: T::Err| error.to_string());
        let read: Vec<Option<T>> = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| self.converted(&format!("{name}[{index}]"), value, convert))
            .collect();
        read.into_iter().collect()
    }

    /// A table of texts by name that may be left out; what is wrong in it is noted one by one.
    pub(super) fn optional_texts(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        let Some(value) = self.table.remove(name) else { return Some(BTreeMap::new()) };
        let rows = self.converted(name, value, |value| match value {
            Value::Table(rows) if rows.len() <= MAXIMUM_LIST => Ok(rows),
            Value::Table(_) => Err(format!("at most {MAXIMUM_LIST}")),
            _ => Err("a table of texts".to_owned()),
        })?;
        let read: Vec<Option<(String, String)>> = rows
            .into_iter()
            .map(|(key, value)| {
                let place = format!("{name}.{key:?}");
                let key = self.converted(&place, Value::String(key), one_line);
                let text = self.converted(&place, value, one_line);
                Some((key?, text?))
            })
            .collect();
        read.into_iter().collect()
    }

    /// Notes every field that nobody took.
    pub(super) fn finish(self) {
        for name in self.table.keys() {
            self.problems.add(format!("{}.{name}", self.place), "there is no such field here");
        }
    }

    fn required<T>(
        &mut self,
        name: &str,
        convert: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        match self.table.remove(name) {
            Some(value) => self.converted(name, value, convert),
            None => {
                self.problems.add(format!("{}.{name}", self.place), "is missing");
                None
            }
        }
    }

    fn converted<T>(
        &mut self,
        name: &str,
        value: Value,
        convert: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        match convert(value) {
            Ok(converted) => Some(converted),
            Err(rule) => {
                self.problems.add(format!("{}.{name}", self.place), rule);
                None
            }
        }
    }
}

fn one_line(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => match FreeText::line(&text, MAXIMUM_TEXT) {
            Ok(text) => Ok(text.into_string()),
            Err(error) => Err(error.to_string()),
        },
        _ => Err("a text".to_owned()),
    }
}
