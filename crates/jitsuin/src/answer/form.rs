//! The forms of an answer.

use clap::ValueEnum;
use serde_json::Value;

/// The form in which a command answers, and in which it tells why it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputForm {
    /// For people: tables with headings, Japanese time beside UTC.
    Table,
    /// One JSON value.
    Json,
    /// A JSON value a line: each row of a list; then what else a page says, such as where the next begins.
    Jsonl,
}

impl OutputForm {
    /// Whether people read it.
    pub(crate) fn is_for_people(self) -> bool {
        self == Self::Table
    }
}

/// The name of what says where the next page of a list begins.
pub(super) const NEXT: &str = "next";

/// The rows of a list, where a value is one: a row of a page says nothing of the page.
pub(super) fn page(value: &Value) -> Option<(&str, &Vec<Value>)> {
    let fields = value.as_object()?;
    let mut lists =
        fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_array()?)));
    let list = lists.next()?;
    let is_page = fields.keys().all(|name| *name == list.0 || name == NEXT);
    is_page.then_some(list)
}

/// A line for each row of a list, and one for what else a page says; one for everything else.
pub(super) fn lines(value: &Value) -> String {
    let (rows, next) = match (value, page(value)) {
        (Value::Array(rows), _) => (rows, None),
        (_, Some((_, rows))) => (rows, value.get(NEXT).filter(|next| !next.is_null())),
        _ => return value.to_string(),
    };
    let next = next.map(|next| serde_json::json!({ NEXT: next }).to_string());
    rows.iter().map(Value::to_string).chain(next).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_a_line_and_a_page_says_where_the_next_begins() {
        let page = json!({ "rows": [{ "a": 1 }, { "a": [2] }], "next": 7 });
        assert_eq!(lines(&page), "{\"a\":1}\n{\"a\":[2]}\n{\"next\":7}");
        assert_eq!(lines(&json!({ "rows": [{ "a": 1 }], "next": null })), "{\"a\":1}");
        assert_eq!(lines(&json!(["a", "b"])), "\"a\"\n\"b\"");
        assert_eq!(lines(&json!({ "rows": [] })), "");
    }

    #[test]
    fn what_is_no_list_is_one_line() {
        for object in [json!({ "a": 1, "rows": [1] }), json!({ "a": [1], "b": [2] }), json!({})] {
            assert_eq!(lines(&object), object.to_string());
        }
    }
}
