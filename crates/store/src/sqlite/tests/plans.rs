//! Which way SQLite goes for each statement: none of those that somebody waits for walks what grows.
//!
//! The database keeps no statistics, so the ways hang on the schema and the statement alone, and are the
//! same for a thousand certificates as for a hundred million.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::Store;
use crate::sqlite::table;

/// What was asked of any connection of this process.
static HEARD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// What grows and has rows that do not prove themselves one by one.
const OTHERS: &[&str] = &[
    "journal",
    "journal_personal",
    "certificate_octets",
    "crl_chunk",
    "merkle_node",
    "checkpoint",
];

/// Statements that walk a table that grows, by how they begin, and why they may.
const WALKS: &[(&str, &str)] = &[
    (
        "SELECT * FROM certificate INDEXED BY certificate_intended WHERE ca = ?1 AND state = 'intended'",
        "the index has what is open alone, which recovery ends",
    ),
    (
        "SELECT * FROM certificate WHERE state = 'intended' ORDER BY ca, issued",
        "the index has what is open alone, which recovery ends",
    ),
    (
        "SELECT * FROM holder_request WHERE receipt IS NULL ORDER BY received LIMIT ?1",
        "the index has what waits alone, and so many rows are asked for",
    ),
    (
        "SELECT sequence, leaf FROM journal ORDER BY sequence DESC LIMIT 1",
        "it ends at the first row",
    ),
    (
        "WITH RECURSIVE found (generation) AS ( SELECT min(generation) FROM certificate WHERE ca = ?1",
        "the least of an index is its first, and each hop is a search",
    ),
    (
        "WITH RECURSIVE found (partition) AS ( SELECT min(partition) FROM certificate WHERE ca = ?1",
        "the least of an index is its first, and each hop is a search",
    ),
];

/// The same connection, with every statement that it runs taken down.
pub(in crate::sqlite) fn heard(mut connection: Connection) -> rusqlite::Result<Connection> {
    let hear = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            let words: Vec<_> = statement.sql().split_whitespace().map(str::to_owned).collect();
            HEARD.lock().unwrap_or_else(PoisonError::into_inner).insert(words.join(" "));
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear))?;
    Ok(connection)
}

/// The steps of a statement's plan that walk.
fn walks(connection: &Connection, sql: &str) -> Vec<String> {
    let Ok(mut plan) = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) else {
        return Vec::new();
    };
    let steps: Vec<String> = plan
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<rusqlite::Result<_>>()
        .expect("a plan");
    steps.into_iter().filter(|step| is_walk(step)).collect()
}

/// Whether a step looks at rows without an end to them: at all of a table that grows, or at all that a
/// CA has of it.
fn is_walk(step: &str) -> bool {
    let Some((way, rest)) = step.split_once(' ') else { return false };
    let name = rest.split(' ').next().unwrap_or_default();
    if !OTHERS.contains(&name) && !table::ALL.iter().any(|one| one.name == name && !one.is_small())
    {
        return false;
    }
    way == "SCAN" || step.ends_with("(ca=?)") || step.ends_with("(ca=? AND generation=?)")
}

/// Whether a statement asks for any row of a table, and ends at the first.
fn is_whether_there_is_any(sql: &str) -> bool {
    let table = sql.strip_prefix("SELECT 1 FROM ").and_then(|rest| rest.strip_suffix(" LIMIT 1"));
    table.is_some_and(|name| !name.contains(' '))
}

#[test]
fn v1_no_statement_walks_a_table_that_grows_but_those_that_say_why() {
    let checks: &[fn(&dyn Store)] = crate::contract_suite!(@all);
    for check in checks {
        let (_place, store) = super::open();
        check(&store);
    }
    let (place, store) = super::open();
    drop(store);
    let connection = Connection::open(place.path().join("jitsuin.db")).expect("a database");
    let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let found: BTreeMap<_, _> = heard
        .iter()
        .map(|sql| (sql, walks(&connection, sql)))
        .filter(|(_, walks)| !walks.is_empty())
        .collect();
    for (sql, walks) in &found {
        println!("{sql}\n    {}", walks.join("\n    "));
    }
    let is_said = |sql: &str| {
        is_whether_there_is_any(sql) || WALKS.iter().any(|(known, _)| sql.starts_with(known))
    };
    let unsaid: Vec<_> = found.keys().filter(|sql| !is_said(sql)).collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}");
    let stale: Vec<_> =
        WALKS.iter().filter(|(known, _)| !found.keys().any(|sql| sql.starts_with(known))).collect();
    assert!(stale.is_empty(), "{stale:#?}");
    assert!(heard.len() > 100, "{}", heard.len());
}
