//! The beginning of state that proves itself: nothing in a new database, and once in the life of an
//! older one what stands in it then.

use domain::act::Act;
use domain::journal::EventKind;
use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior, params, params_from_iter};

use super::ledger::Digests;
use super::read::journal::{checkpoint_mark, mark, personal_mark};
use super::table::{self, Table, View};
use super::{Options, apply};
use crate::journal::{Hash, KeyRing};
use crate::state::{Authenticator, StateKey, TableDigest};
use crate::unit::{Entry, Unit};
use crate::{Doubt, Error, Result, Sequence};

/// Makes sure that the database has a state digest, and that it is this program's.
///
/// # Errors
/// [`Error::Corrupt`] for a digest that is not ours, or is missing where there was one;
/// [`Error::Unavailable`] for an older database where nobody adopts it.
pub(super) fn begin(connection: &mut Connection, options: &Options, doubt: &Doubt) -> Result<()> {
    let key = &options.state_key;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if Digests::load(&transaction, key, doubt)?.is_some() {
        return Ok(());
    }
    if is_new(&transaction)? {
        Digests::empty().store(&transaction, key)?;
        return Ok(transaction.commit()?);
    }
    refuse_lost(&transaction, doubt)?;
    let unadopted = "it was made by an earlier program, whose rows prove nothing: adopt it first";
    let act = options.adoption.as_ref().ok_or_else(|| Error::Unavailable(unadopted.into()))?;
    let ring = KeyRing::new(options.personal_data_key.clone());
    let view = View { connection: &transaction, key, doubt };
    adopt(view, &ring, act)?.store(&transaction, key)?;
    tracing::warn!("the state of an earlier program was adopted as it stood");
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

/// A journal that names rows was written under a digest: one that is gone was taken away.
fn refuse_lost(connection: &Connection, doubt: &Doubt) -> Result<()> {
    const NAMED: &str = "SELECT 1 FROM journal WHERE body LIKE '{\"version\":2,%' LIMIT 1";
    if !connection.prepare(NAMED)?.exists([])? {
        return Ok(());
    }
    let reason = "it is missing, and the journal was written under one";
    doubt.raise(format!("the state digest: {reason}"));
    Err(Error::Corrupt { what: "state digest".into(), reason: reason.into() })
}

/// Marks every row and entry as they stand, and says in the journal that it did.
fn adopt(view: View<'_>, ring: &KeyRing, act: &Act) -> Result<Digests> {
    let mut entry = Entry::new(EventKind::StateAdopted, act);
    let mut digests = Digests::empty();
    for table in table::ALL {
        let digest = adopt_rows(view, table)?;
        digests.set(table, digest);
        entry = entry.detail(table.name, digest);
    }
    adopt_entries(view.connection, view.key)?;
    digests.entries = apply::journal::next_sequence(view.connection)?;
    apply::unit(view, ring, &[], &digests, Unit::new(entry))
}

fn adopt_rows(view: View<'_>, table: &Table) -> Result<TableDigest> {
    let (names, keys) = (table.columns(), table.keys());
    let mut statement = view.connection.prepare(&format!("SELECT * FROM {}", table.name))?;
    let mut rows = statement.query([])?;
    let mut marked: Vec<(Vec<Value>, Authenticator)> = Vec::new();
    let mut digest = TableDigest::default();
    while let Some(row) = rows.next()? {
        let cells = (0..names.len()).map(|column| row.get_ref(column));
        let cells = cells.collect::<rusqlite::Result<Vec<_>>>()?;
        let mac = view.key.row(table.name, row.get(names.len())?, &cells);
        digest.add(view.key, &mac);
        let key = (0..keys).map(|column| row.get(column));
        marked.push((key.collect::<rusqlite::Result<_>>()?, mac));
    }
    let by_key: Vec<_> = names[..keys].iter().map(|name| format!("{name} = ?")).collect();
    let sql = format!("UPDATE {} SET mac = ? WHERE {}", table.name, by_key.join(" AND "));
    let mut update = view.connection.prepare(&sql)?;
    for (key, mac) in marked {
        update.execute(params_from_iter([Value::Blob(mac.to_vec())].iter().chain(&key)))?;
    }
    Ok(digest)
}

fn adopt_entries(connection: &Connection, key: &StateKey) -> Result<()> {
    let mut read = connection.prepare("SELECT sequence, kind, leaf FROM journal")?;
    let mut update = connection.prepare("UPDATE journal SET mac = ?2 WHERE sequence = ?1")?;
    let shape = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let entries = read.query_map([], shape)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for (sequence, kind, leaf) in entries {
        let (sequence, kind, leaf): (Sequence, String, Hash) = (sequence, kind, leaf);
        let mac = mark(key, sequence, kind.as_bytes(), &leaf);
        update.execute(params![sequence, mac])?;
    }
    adopt_personal(connection, key)?;
    adopt_checkpoints(connection, key)
}

fn adopt_personal(connection: &Connection, key: &StateKey) -> Result<()> {
    let mut read = connection.prepare("SELECT sequence, key, ciphertext FROM journal_personal")?;
    let mut update =
        connection.prepare("UPDATE journal_personal SET mac = ?2 WHERE sequence = ?1")?;
    let shape = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let parts = read.query_map([], shape)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for (sequence, id, ciphertext) in parts {
        let (sequence, id, ciphertext): (Sequence, [u8; 16], Vec<u8>) = (sequence, id, ciphertext);
        update.execute(params![sequence, personal_mark(key, sequence, &id, &ciphertext)])?;
    }
    Ok(())
}

fn adopt_checkpoints(connection: &Connection, key: &StateKey) -> Result<()> {
    let mut read =
        connection.prepare("SELECT size, sealed_at, note FROM checkpoint ORDER BY size")?;
    let mut update = connection.prepare("UPDATE checkpoint SET mac = ?2 WHERE size = ?1")?;
    let shape = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let checkpoints = read.query_map([], shape)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut before = 0;
    for (size, sealed_at, note) in checkpoints {
        let (size, sealed_at, note): (u64, i64, String) = (size, sealed_at, note);
        update.execute(params![size, checkpoint_mark(key, before, size, sealed_at, &note)])?;
        before = size;
    }
    Ok(())
}
