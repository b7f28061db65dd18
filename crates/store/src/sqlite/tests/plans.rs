//! Which way SQLite goes for each statement: none of those that somebody waits for walks what grows.
//!
//! The database keeps no statistics, so the ways hang on the schema and the statement alone, and are the
//! same for a thousand certificates as for a hundred million. Asked are all statements that stand in the
//! code, and what the contract's checks were heard to run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::Store;
use crate::sqlite::{heard, table};

/// What grows and has rows that do not prove themselves one by one.
const OTHERS: &[&str] = &[
    "journal",
    "journal_personal",
    "certificate_octets",
    "crl_chunk",
    "merkle_node",
    "checkpoint",
];

/// Statements that walk a table that grows, whole or up to an ellipsis, and why they may.
const WALKS: &[(&str, &str)] = &[
    (
        "SELECT (SELECT count(*) FROM certificate_octets) - (SELECT count(*) FROM certificate)",
        PROOF,
    ),
    ("SELECT count(*) FROM merkle_node", PROOF),
    ("SELECT sequence, leaf FROM journal ORDER BY sequence", PROOF),
    ("SELECT size, note, sealed_at, mac FROM checkpoint ORDER BY size", PROOF),
    (
        "SELECT ca, serial, kind, partition, generation, state, state_at, reason, not_after FROM certificate \
         INDEXED BY certificate_listed WHERE state IN ('undelivered', 'held', 'revoked') ORDER BY ca, \
         generation, partition",
        PROOF,
    ),
    (
        "SELECT * FROM application WHERE resident = ?1 ORDER BY received, rowid",
        "two people dispose of what is known of somebody, once, after thirteen years",
    ),
    (
        "SELECT * FROM certificate INDEXED BY certificate_intended WHERE ca = ?1 AND state = 'intended' …",
        OPEN,
    ),
    ("SELECT * FROM certificate WHERE state = 'intended' ORDER BY ca, issued", OPEN),
    ("SELECT * FROM holder_request WHERE receipt IS NULL ORDER BY received LIMIT ?1", OPEN),
    ("SELECT sequence, leaf FROM journal ORDER BY sequence DESC LIMIT 1", ENDS),
    ("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", ENDS),
    ("SELECT size, sealed_at, note, mac, coalesce(…", ENDS),
    ("WITH RECURSIVE found (generation) AS ( SELECT min(generation) FROM certificate …", HOPS),
    ("WITH RECURSIVE found (partition) AS ( SELECT min(partition) FROM certificate …", HOPS),
];

const PROOF: &str = "the whole proof reads everything, beside the work";
const OPEN: &str = "the index has what is open alone, and that is soon ended";
const ENDS: &str = "it ends after so many rows, in the order of the key";
const HOPS: &str = "the least of an index is its first, and each hop is a search";

/// The statements that stand in the code, but for those that are put together.
fn written(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the code") {
        let path = entry.expect("an entry").path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("tests" | "tests.rs" | "heard.rs") => {}
            _ if path.is_dir() => written(&path, found),
            Some(name) if name.ends_with(".rs") => {
                let text = fs::read_to_string(&path).expect("a file");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                found.extend(literals(code));
            }
            _ => {}
        }
    }
}

/// The texts of a file that are statements which read.
fn literals(code: &str) -> Vec<String> {
    let begins = |text: &&str| text.starts_with("SELECT ") || text.starts_with("WITH ");
    let texts = code.split('"').skip(1).filter(begins);
    texts.map(|text| text.replace("\\\n", " ")).filter(|text| !text.contains('{')).collect()
}

/// The steps of a statement's plan that walk; none of what is no statement about tables.
fn walks(connection: &Connection, sql: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let steps: Vec<String> = plan
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<rusqlite::Result<_>>()
        .expect("a plan");
    let called = called(sql);
    steps.into_iter().filter(|step| is_walk(step, &called, sql.contains(" LIMIT "))).collect()
}

/// The tables of a statement by the names that it has for them.
fn called(sql: &str) -> BTreeMap<&str, &str> {
    let words = sql.split(|c: char| c.is_whitespace() || "(),".contains(c));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let named = words.windows(4).filter(|four| matches!(four[0], "FROM" | "JOIN"));
    named
        .map(|four| if four[2] == "AS" { (four[3], four[1]) } else { (four[2], four[1]) })
        .collect()
}

/// Whether a step looks at rows without an end to them: at all of a table that grows, at all that a CA has
/// of it, or at all from somewhere on.
fn is_walk(step: &str, called: &BTreeMap<&str, &str>, is_limited: bool) -> bool {
    let Some((way, rest)) = step.split_once(' ') else { return false };
    let name = rest.split(' ').next().unwrap_or_default();
    let name = called.get(name).copied().unwrap_or(name);
    if !OTHERS.contains(&name) && !table::ALL.iter().any(|one| one.name == name && !one.is_small())
    {
        return false;
    }
    let is_open = step.contains(['<', '>']) && !is_limited;
    way == "SCAN"
        || is_open
        || ["(ca=?)", "(ca=? AND generation=?)"].iter().any(|k| step.ends_with(k))
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
    let mut asked: BTreeSet<_> = heard::all();
    let reads = ["SELECT ", "WITH ", "INSERT ", "UPDATE ", "DELETE "];
    asked.retain(|sql| reads.iter().any(|verb| sql.starts_with(verb)));
    let before = asked.len();
    written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite"), &mut asked);
    assert!(before > 100 && asked.len() > before, "{before} were heard, {} are known", asked.len());
    let asked: BTreeSet<String> =
        asked.iter().map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let (place, store) = super::open();
    drop(store);
    let connection = Connection::open(place.path().join("jitsuin.db")).expect("a database");
    let found: BTreeMap<_, _> = asked
        .iter()
        .filter(|sql| !is_whether_there_is_any(sql))
        .map(|sql| (sql, walks(&connection, sql)))
        .filter(|(_, walks)| !walks.is_empty())
        .collect();
    let is_it = |known: &str, sql: &str| match known.strip_suffix('…') {
        Some(beginning) => sql.starts_with(beginning),
        None => sql == known,
    };
    let is_said = |sql: &str| WALKS.iter().any(|(known, _)| is_it(known, sql));
    let unsaid: Vec<_> = found.iter().filter(|(sql, _)| !is_said(sql)).collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}");
    let is_stale = |known: &str| !found.keys().any(|sql| is_it(known, sql));
    let stale: Vec<_> = WALKS.iter().filter(|(known, _)| is_stale(known)).collect();
    assert!(stale.is_empty(), "{stale:#?}");
}
