//! A JSON value as people read it: lists as tables with headings, objects as lines of name and value, what
//! lies inside below.

use domain::hexadecimal;
use domain::text::unseen;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::form::{NEXT, page};
use super::{columns, moment, table};

/// What stands where there is nothing, so that everything else stays in its place.
const NOTHING: &str = "-";

/// What stands in the place of a certificate.
const IN_JSON: &str = "(--output json has it)";

/// The whole of an answer.
pub(super) fn whole(value: &Value) -> String {
    let lines = match (value, page(value)) {
        (_, Some((name, rows))) => {
            let mut lines = list(name, rows);
            if let Some(next) = value.get(NEXT).filter(|next| !next.is_null()) {
                lines.extend([String::new(), format!("the next page: --after {}", word(next))]);
            }
            lines
        }
        (Value::Object(_), None) => object(value),
        (Value::Array(rows), None) => list("", rows),
        (scalar, None) => vec![cell("", scalar)],
    };
    lines.join("\n")
}

/// A list: a table of its rows, a line for each text, or that there is none.
fn list(name: &str, rows: &[Value]) -> Vec<String> {
    if rows.is_empty() {
        return vec![format!("no {}", name.replace('_', " ")).trim_end().to_owned()];
    }
    if !rows.iter().any(Value::is_object) {
        return rows.iter().map(|one| cell(name, one)).collect();
    }
    let columns = columns::of(name, rows);
    let heading: Vec<String> = columns.iter().map(|column| column.to_uppercase()).collect();
    let cells = |row: &Value| columns.iter().map(|column| cell(column, at(row, column))).collect();
    let mut lines = table::aligned(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    // Where the columns are chosen, `show` has everything else: documents of people among it.
    if !columns::are_chosen(name, rows) {
        lines.extend(inner_lists(&columns, rows));
    }
    lines
}

/// The lists that lie in the rows of a list, each by the name of its row, which is what stands first there.
fn inner_lists(columns: &[String], rows: &[Value]) -> Vec<String> {
    let fields = |row: &Value| row.as_object().cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for row in rows {
        let first = columns.first().map(|column| cell(column, at(row, column)));
        for (name, inner) in fields(row).iter().filter(|(_, inner)| columns::has_rows(inner)) {
            let of = first.as_deref().unwrap_or(NOTHING);
            lines.extend([String::new(), format!("{name} of {of}:")]);
            lines.extend(list(name, inner.as_array().map(Vec::as_slice).unwrap_or_default()));
        }
    }
    lines
}

/// What a row has in a column; `a.b` is the field `b` of its field `a`.
fn at<'a>(row: &'a Value, column: &str) -> &'a Value {
    column.split('.').fold(row, |value, name| &value[name])
}

/// The fields of an object: a line for each, then texts of several lines, then lists.
fn object(value: &Value) -> Vec<String> {
    let mut parts = Parts::default();
    parts.take("", value);
    let width = parts.pairs.iter().map(|(name, _)| name.width() + 1).max().unwrap_or_default();
    let pair = |(name, text): &(String, String)| {
        format!("{} {text}", table::padded(&format!("{name}:"), width)).trim_end().to_owned()
    };
    let mut lines: Vec<String> = parts.pairs.iter().map(pair).collect();
    for (name, below) in parts.below {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("{name}:"));
        lines.extend(below);
    }
    lines
}

/// The parts of an object, in the order of its fields.
#[derive(Default)]
struct Parts {
    pairs: Vec<(String, String)>,
    below: Vec<(String, Vec<String>)>,
}

impl Parts {
    /// Takes a value in, under its whole name.
    fn take(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (field, value) in fields {
                    let dot = if name.is_empty() { "" } else { "." };
                    self.take(&format!("{name}{dot}{field}"), value);
                }
            }
            Value::Array(rows) if columns::has_rows(value) => {
                let last = name.rsplit('.').next().unwrap_or_default();
                self.below.push((name.to_owned(), list(last, rows)));
            }
            Value::Array(texts) if texts.iter().any(is_sentence) => {
                let lines = texts.iter().map(|one| format!("  {}", cell(name, one)));
                self.below.push((name.to_owned(), lines.collect()));
            }
            Value::String(text) if text.trim_end().contains('\n') && !columns::is_pem(name) => {
                let lines = text.trim_end().lines().map(|line| format!("  {}", visible(line)));
                self.below.push((name.to_owned(), lines.collect()));
            }
            value => self.pairs.push((name.to_owned(), cell(name, value))),
        }
    }
}

/// Whether a text is read by itself, and not as one of several words.
fn is_sentence(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(' '))
}

/// What stands in the place of a value on one line.
fn cell(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) if columns::is_pem(name) && !text.is_empty() => IN_JSON.to_owned(),
        Value::String(text) => visible(&told_text(name, text)),
        Value::Array(all) => all.iter().map(word).collect::<Vec<_>>().join(","),
        Value::Object(fields) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", cell(name, value));
            fields.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        scalar => word(scalar),
    };
    if text.is_empty() { NOTHING.to_owned() } else { text }
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.to_owned(),
        Value::String(text) => visible(text),
        other => other.to_string(),
    }
}

/// A text as people read it: a moment in Japanese time, a digest as they compare it.
fn told_text(name: &str, text: &str) -> String {
    let is_digest = ["sha256", "sha1", "digest", "fingerprint"].iter().any(|n| name.contains(n));
    if is_digest {
        return digest(text);
    }
    moment::in_japanese_time(text).unwrap_or_else(|| text.to_owned())
}

/// A digest as people compare it (V4) and as OpenSSL prints it: in upper case, with colons. Other text
/// stays as it is.
pub(crate) fn digest(text: &str) -> String {
    match hexadecimal::digits(text) {
        Some(digits) if matches!(digits.len(), 40 | 64) => {
            let pairs = digits.as_bytes().chunks(2).map(String::from_utf8_lossy);
            pairs.collect::<Vec<_>>().join(":").to_uppercase()
        }
        _ => text.to_owned(),
    }
}

/// A text with whatever in it cannot be seen written out: a name that was typed must neither draw over
/// another line nor turn one around.
pub(super) fn visible(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((at, c)) = unseen(rest, false).and_then(|at| rest.char_indices().nth(at)) {
        shown.push_str(&rest[..at]);
        shown.extend(c.escape_default());
        rest = &rest[at + c.len_utf8()..];
    }
    shown + rest
}

#[cfg(test)]
mod tests;
