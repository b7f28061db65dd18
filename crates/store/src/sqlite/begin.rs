//! What a database is when it is opened: this program's own, with its digest and its rules, or refused.

use std::sync::OnceLock;

use rusqlite::{Connection, TransactionBehavior};

use super::ledger::Digests;
use super::{Options, migrate, table};
use crate::{Doubt, Error, Result};

/// Makes sure that the database has the rules of this program and a state digest that is its own: in a
/// new one it is that of nothing.
///
/// # Errors
/// [`Error::Corrupt`] for a digest that is not ours, or is missing where anything is stored, and for
/// other rules than ours; the doubt is raised.
pub(super) fn begin(connection: &mut Connection, options: &Options, doubt: &Doubt) -> Result<()> {
    expect_rules(connection, doubt)?;
    let key = &options.state_key;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if Digests::load(&transaction, key, doubt)?.is_some() {
        return Ok(());
    }
    if !is_new(&transaction)? {
        let reason = "it is missing, and rows are stored: it was taken away";
        doubt.raise(format!("the state digest: {reason}"));
        return Err(Error::Corrupt { what: "state digest".into(), reason: reason.into() });
    }
    Digests::empty().store(&transaction, key)?;
    Digests::empty().store_verified(&transaction, key)?;
    Ok(transaction.commit()?)
}

fn is_new(connection: &Connection) -> Result<bool> {
    let empty = |name: &str| -> Result<bool> {
        let sql = format!("SELECT 1 FROM {name} LIMIT 1");
        Ok(!connection.prepare(&sql)?.exists([])?)
    };
    let tables = table::ALL.iter().map(|table| table.name).chain(["journal"]);
    tables.map(empty).try_fold(true, |all, one| Ok(all && one?))
}

/// Tables, indexes and triggers are rules over rows, and whoever can write the file can write those too:
/// they must be exactly what this program makes.
///
/// # Errors
/// [`Error::Corrupt`] with the first that is another; the doubt is raised.
pub(super) fn expect_rules(connection: &Connection, doubt: &Doubt) -> Result<()> {
    let wrong = |what: String, reason: &str| {
        doubt.raise(format!("{what}: {reason}"));
        Err(Error::Corrupt { what, reason: reason.into() })
    };
    let (found, own) = (rules(connection)?, own_rules()?);
    if let Some(other) = found.iter().find(|rule| !own.contains(rule)) {
        return wrong(other.name(), "the database's schema has it, and this program's has not");
    }
    match own.iter().find(|rule| !found.contains(rule)) {
        Some(missing) => wrong(missing.name(), "the database's schema does not have it"),
        None => Ok(()),
    }
}

/// A table, index or trigger, as the schema has it.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

impl Rule {
    fn name(&self) -> String {
        format!("{} {} of {}", self.kind, self.name, self.table)
    }
}

fn rules(connection: &Connection) -> Result<Vec<Rule>> {
    const SQL: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare_cached(SQL)?;
    let rules = statement.query_map([], |row| {
        Ok(Rule { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    Ok(rules.collect::<rusqlite::Result<_>>()?)
}

/// What this program makes of an empty file.
fn own_rules() -> Result<&'static [Rule]> {
    static OWN: OnceLock<Vec<Rule>> = OnceLock::new();
    if let Some(own) = OWN.get() {
        return Ok(own);
    }
    let mut connection = Connection::open_in_memory()?;
    migrate::migrate(&mut connection)?;
    let own = rules(&connection)?;
    Ok(OWN.get_or_init(|| own))
}
