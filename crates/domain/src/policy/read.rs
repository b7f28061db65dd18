//! Reads the values of a policy file: each is of its closed set or form, or refused by name.

use std::str::FromStr;

use super::clause::Clause;
use super::error::{Result, refuse};
use crate::name::{Attribute, AttributeKind, DistinguishedName};

/// Converts the rows of a table; their place goes into every refusal.
pub(super) fn each<T, U>(
    table: &str,
    rows: Vec<T>,
    convert: impl Fn(&str, T) -> Result<U>,
) -> Result<Vec<U>> {
    rows.into_iter()
        .enumerate()
        .map(|(index, row)| convert(&format!("{table}[{index}]"), row))
        .collect()
}

pub(super) fn parse<T: FromStr>(entry: &str, value: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    value.parse().or_else(|error: T::Err| refuse(entry, error.to_string()))
}

/// A name out of a closed set.
pub(super) fn choice<T>(entry: &str, value: &str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    find(value)
        .map_or_else(|| refuse(entry, format!("{value:?} is not one of the values there are")), Ok)
}

pub(super) fn choices<T: PartialEq>(
    entry: &str,
    values: &[String],
    find: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(values.len());
    for value in values {
        let item = choice(entry, value, &find)?;
        if found.contains(&item) {
            return refuse(entry, format!("{value:?} stands twice"));
        }
        found.push(item);
    }
    Ok(found)
}

pub(super) fn text(entry: &str, value: String) -> Result<String> {
    let printable = !value.trim().is_empty() && !value.chars().any(char::is_control);
    if printable { Ok(value) } else { refuse(entry, "must be a text without control characters") }
}

pub(super) fn clause(entry: &str, value: String) -> Result<Clause> {
    let source = value.split_once(' ').map(|(source, rest)| (source, rest.trim()));
    match source {
        Some(("A" | "S" | "RFC" | "assumption:" | "facts:", rest)) if !rest.is_empty() => {
            Ok(Clause(value))
        }
        _ => refuse(
            format!("{entry}.clause"),
            "must name a clause: A 6.3.2, S 4-4-5, RFC 6960 4.2.2, assumption: …",
        ),
    }
}

pub(super) fn prefecture(value: String) -> Result<String> {
    let number = value.parse::<u8>().ok().filter(|number| (1..=47).contains(number));
    if value.len() == 2 && number.is_some() {
        Ok(value)
    } else {
        refuse("policy.prefecture", "two digits from 01 to 47 (JIS X 0401)")
    }
}

/// A name written as `["C=JP", "O=JPKI"]`, country first.
pub(super) fn name(entry: &str, parts: &[String]) -> Result<DistinguishedName> {
    let attributes: Vec<Attribute> =
        parts.iter().map(|part| attribute(entry, part)).collect::<Result<_>>()?;
    match attributes.first() {
        Some(Attribute { kind: AttributeKind::Country, .. }) => Ok(DistinguishedName(attributes)),
        _ => refuse(entry, "a name starts with its country"),
    }
}

pub(super) fn attribute(entry: &str, part: &str) -> Result<Attribute> {
    let Some((keyword, value)) = part.split_once('=') else {
        return refuse(entry, format!("{part:?} is not KEYWORD=value"));
    };
    let kind = choice(entry, keyword, AttributeKind::from_keyword)?;
    let value = text(entry, value.to_owned())?;
    let country = value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase());
    if kind == AttributeKind::Country && !country {
        return refuse(entry, "a country is two capital letters (ISO 3166)");
    }
    // RFC 5280 appendix A: the upper bounds of our attribute types are 64 to 128 characters.
    if value.chars().count() > 64 {
        return refuse(entry, format!("{keyword} is longer than 64 characters"));
    }
    Ok(Attribute::new(kind, value))
}

pub(super) fn uri(entry: &str, value: String) -> Result<String> {
    let web = value.starts_with("http://") || value.starts_with("https://");
    let graphic = value.bytes().all(|b| b.is_ascii_graphic());
    if web && graphic && value.len() <= 255 {
        Ok(value)
    } else {
        refuse(entry, "an http address in ASCII")
    }
}
