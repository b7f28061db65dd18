//! The journal as it is stored: entries, nodes, checkpoints, personal parts.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{all, first, limit};
use crate::journal::{Checkpoint, Hash, KeyRing, Leaf};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn last_sequence(connection: &Connection) -> Result<Option<Sequence>> {
    let sql = "SELECT max(sequence) FROM journal";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(in crate::sqlite) fn leaves(
    connection: &Connection,
    from: Sequence,
    rows: usize,
) -> Result<Vec<Leaf>> {
    const SQL: &str = "SELECT sequence, body, leaf FROM journal
        WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2";
    all(connection, SQL, params![from, limit(rows)], |row| {
        Ok(Leaf { sequence: row.get(0)?, body: row.get(1)?, hash: row.get(2)? })
    })
}

pub(in crate::sqlite) fn node(
    connection: &Connection,
    level: u8,
    place: u64,
) -> Result<Option<Hash>> {
    const LEAF: &str = "SELECT leaf FROM journal WHERE sequence = ?1";
    const NODE: &str = "SELECT hash FROM merkle_node WHERE level = ?1 AND place = ?2";
    if level == 0 {
        first(connection, LEAF, [place], |row| Ok(row.get(0)?))
    } else {
        first(connection, NODE, params![level, place], |row| Ok(row.get(0)?))
    }
}

pub(in crate::sqlite) fn checkpoints(
    connection: &Connection,
    after_size: u64,
    rows: usize,
) -> Result<Vec<Checkpoint>> {
    const SQL: &str = "SELECT note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2";
    all(connection, SQL, params![after_size, limit(rows)], checkpoint)
}

pub(in crate::sqlite) fn last_checkpoint(connection: &Connection) -> Result<Option<Checkpoint>> {
    const SQL: &str = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1";
    first(connection, SQL, [], checkpoint)
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint> {
    Checkpoint::parse(row.get(0)?)
}

pub(in crate::sqlite) fn personal(
    connection: &Connection,
    ring: &KeyRing,
    sequence: Sequence,
) -> Result<Option<String>> {
    const SQL: &str = "SELECT id, wrapped, ciphertext FROM journal_personal
        JOIN resident_key ON resident_key.id = journal_personal.key WHERE sequence = ?1";
    let stored: Option<([u8; 16], Vec<u8>, Vec<u8>)> = connection
        .prepare_cached(SQL)?
        .query_row([sequence], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    stored
        .map(|(id, wrapped, ciphertext)| ring.unwrap(&id, &wrapped)?.decrypt(sequence, &ciphertext))
        .transpose()
}
