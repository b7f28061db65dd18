//! Which fields of a row stand in the columns of a table.

use serde_json::Value;

/// What people look for in the rows of long lists, in this order; `show` has everything else. By the name of
/// the list, and a field that its rows have and those of another list of this name have not.
const CHOSEN: [(&str, &str, &[&str]); 6] = [
    (
        "certificates",
        "partition",
        &[
            "serial",
            "kind",
            "state",
            "partition",
            "holder",
            "not_after",
            "since",
            "reason",
            "generation",
        ],
    ),
    (
        "applications",
        "window",
        &[
            "id",
            "ca",
            "kind",
            "state",
            "municipality",
            "date",
            "resident",
            "serial",
            "card",
            "family_name",
            "given_name",
        ],
    ),
    (
        "requests",
        "purpose",
        &["id", "ca", "purpose", "state", "kind", "cause", "about", "serial", "common_name"],
    ),
    (
        "people",
        "roles",
        &["id", "state", "roles", "municipality", "since", "proposal.kind", "proposal.by", "name"],
    ),
    (
        "series",
        "built",
        &[
            "generation",
            "partition",
            "state",
            "built",
            "published.number",
            "published.entries",
            "published.this_update",
            "published.next_update",
        ],
    ),
    (
        "lists",
        "outcome",
        &[
            "ca",
            "generation",
            "partition",
            "outcome",
            "number",
            "list.entries",
            "list.next_update",
            "problems",
        ],
    ),
];

/// The columns of the rows of a list: those that people look for, else every field that a row has.
///
/// They are the same whatever state the rows are in: a field that is left out where there is nothing to say
/// moves no other one.
pub(super) fn of(list: &str, rows: &[Value]) -> Vec<String> {
    match chosen(list, rows) {
        Some(columns) => columns.iter().map(|&column| column.to_owned()).collect(),
        None => every_field(rows),
    }
}

/// Whether they are those that people look for, and not all that there are.
pub(super) fn are_chosen(list: &str, rows: &[Value]) -> bool {
    chosen(list, rows).is_some()
}

fn chosen(list: &str, rows: &[Value]) -> Option<&'static [&'static str]> {
    let first = rows.first().and_then(Value::as_object);
    let has = |field: &str| first.is_some_and(|row| row.contains_key(field));
    let found = CHOSEN.iter().find(|(name, mark, _)| *name == list && has(mark));
    found.map(|(_, _, columns)| *columns)
}

/// Every field of any row but for what is shown by itself, each where the first row that has it has it.
fn every_field(rows: &[Value]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for fields in rows.iter().filter_map(Value::as_object) {
        let mut place = 0;
        for name in fields.keys().filter(|name| !is_apart(name, rows)) {
            match columns.iter().position(|column| column == name) {
                Some(found) => place = found + 1,
                None => {
                    columns.insert(place, name.clone());
                    place += 1;
                }
            }
        }
    }
    columns
}

/// Whether a field is none for a column: a certificate, or rows of its own.
fn is_apart(name: &str, rows: &[Value]) -> bool {
    is_pem(name) || rows.iter().any(|row| row.get(name).is_some_and(has_rows))
}

/// Whether a field holds what files are for.
pub(super) fn is_pem(name: &str) -> bool {
    name.ends_with("_pem")
}

/// Whether a value is a list of rows.
pub(super) fn has_rows(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| rows.iter().any(Value::is_object))
}
