//! The journal as it is stored: entries, nodes, checkpoints, personal parts.

use domain::id::ResidentCode;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{limit, plain};
use crate::journal::{Checkpoint, Hash, KeyRing, Leaf, ToldEntry, leaf_hash};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::timestamp;
use crate::sqlite::table::{self, View};
use crate::state::{Authenticator, StateKey, same};
use crate::{Remembered, Result, Sequence};

const LEAVES: &str = "SELECT sequence, body, leaf, mac, kind FROM journal
    WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2";

/// By the partial index, whose condition the statements must repeat.
macro_rules! remembered {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, body, leaf, mac, kind FROM journal WHERE kind = ?1 AND kind IN (
                'checkpoint-places', 'start-accepted', 'clock-checked', 'system-started',
                'query-segment-sealed') ",
            $rest
        )
    };
}

const LEAVES_OF: &str = remembered!("AND sequence >= ?2 ORDER BY sequence LIMIT ?3");

const LAST_OF: &str = remembered!("ORDER BY sequence DESC LIMIT 1");

/// When the last entry was made that has a part under the resident's key. It reads all such parts, as
/// only a disposal does.
pub(in crate::sqlite) fn last_personal(
    connection: &Connection,
    resident: &ResidentCode,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT sequence, body FROM journal WHERE sequence = (
        SELECT max(part.sequence) FROM journal_personal AS part
        JOIN resident_key AS own ON own.id = part.key WHERE own.resident = ?1)";
    let shape = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let last: Option<(Sequence, Vec<u8>)> =
        connection.query_row(sql, [resident.as_str()], shape).optional()?;
    last.map(|(sequence, body)| Ok(ToldEntry::parse(sequence, &body)?.at)).transpose()
}

/// Entries as they are stored, whoever wrote them.
pub(in crate::sqlite) fn leaves(
    connection: &Connection,
    from: Sequence,
    rows: usize,
) -> Result<Vec<Leaf>> {
    plain(connection, LEAVES, params![from, limit(rows)], leaf)
}

/// Entries that this program wrote: what somebody else put into the table is never sealed.
pub(in crate::sqlite) fn own_leaves(
    view: View<'_>,
    from: Sequence,
    rows: usize,
) -> Result<Vec<Leaf>> {
    plain(view.connection, LEAVES, params![from, limit(rows)], |row| own_leaf(view, row))
}

/// Those of one kind that has an index.
pub(in crate::sqlite) fn own_leaves_of(
    view: View<'_>,
    kind: Remembered,
    from: Sequence,
    rows: usize,
) -> Result<Vec<Leaf>> {
    let values = params![kind.kind().name(), from, limit(rows)];
    plain(view.connection, LEAVES_OF, values, |row| own_leaf(view, row))
}

/// The last of one kind that has an index.
pub(in crate::sqlite) fn own_last_of(view: View<'_>, kind: Remembered) -> Result<Option<Leaf>> {
    let found = plain(view.connection, LAST_OF, [kind.kind().name()], |row| own_leaf(view, row));
    Ok(found?.pop())
}

fn own_leaf(view: View<'_>, row: &Row<'_>) -> Result<Leaf> {
    let (leaf, mac, kind): (Leaf, Vec<u8>, String) = (leaf(row)?, row.get(3)?, row.get(4)?);
    let own = same(&mark(view.key, leaf.sequence, kind.as_bytes(), &leaf.hash), &mac);
    if own && leaf_hash(&leaf.body) == leaf.hash {
        return Ok(leaf);
    }
    let what = format!("entry {}", leaf.sequence);
    let reason = match own {
        true => "its body does not match its leaf hash",
        false => "this program did not write it: its authenticator does not fit",
    };
    view.doubt.raise(format!("{what}: {reason}"));
    Err(corrupt(what, reason))
}

/// The program's mark on an entry.
pub(in crate::sqlite) fn mark(
    key: &StateKey,
    sequence: Sequence,
    kind: &[u8],
    leaf: &Hash,
) -> Authenticator {
    key.value("journal", &[&sequence.to_be_bytes()[..], leaf, kind].concat())
}

/// The program's mark on the personal part of an entry.
pub(in crate::sqlite) fn personal_mark(
    key: &StateKey,
    sequence: Sequence,
    resident_key: &[u8; 16],
    ciphertext: &[u8],
) -> Authenticator {
    let text = [&sequence.to_be_bytes()[..], resident_key, ciphertext].concat();
    key.value("journal personal", &text)
}

/// The program's mark on a checkpoint, which follows the one over `before` entries.
pub(in crate::sqlite) fn checkpoint_mark(
    key: &StateKey,
    before: u64,
    size: u64,
    sealed_at: i64,
    note: &str,
) -> Authenticator {
    let numbers = [before.to_be_bytes(), size.to_be_bytes(), sealed_at.to_be_bytes()].concat();
    key.value("checkpoint", &[&numbers, note.as_bytes()].concat())
}

/// The personal part that stands beside an entry, encrypted, with the id of its key.
pub(in crate::sqlite) fn encrypted(
    view: View<'_>,
    sequence: Sequence,
) -> Result<Option<([u8; 16], Vec<u8>)>> {
    const SQL: &str = "SELECT key, ciphertext, mac FROM journal_personal WHERE sequence = ?1";
    let mut statement = view.connection.prepare_cached(SQL)?;
    let shape = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let stored: Option<([u8; 16], Vec<u8>, Vec<u8>)> =
        statement.query_row([sequence], shape).optional()?;
    let Some((id, ciphertext, mac)) = stored else { return Ok(None) };
    if same(&personal_mark(view.key, sequence, &id, &ciphertext), &mac) {
        return Ok(Some((id, ciphertext)));
    }
    let what = format!("the personal part of entry {sequence}");
    Err(corrupt(what, "it is not as this program wrote it: its authenticator does not fit"))
}

fn leaf(row: &Row<'_>) -> Result<Leaf> {
    Ok(Leaf { sequence: row.get(0)?, body: row.get(1)?, hash: row.get(2)? })
}

pub(in crate::sqlite) fn node(
    connection: &Connection,
    level: u8,
    place: u64,
) -> Result<Option<Hash>> {
    const LEAF: &str = "SELECT leaf FROM journal WHERE sequence = ?1";
    const NODE: &str = "SELECT hash FROM merkle_node WHERE level = ?1 AND place = ?2";
    if level == 0 {
        plain(connection, LEAF, [place], |row| Ok(row.get(0)?)).map(|mut found| found.pop())
    } else {
        plain(connection, NODE, params![level, place], |row| Ok(row.get(0)?))
            .map(|mut found| found.pop())
    }
}

pub(in crate::sqlite) fn checkpoints(
    connection: &Connection,
    after_size: u64,
    rows: usize,
) -> Result<Vec<Checkpoint>> {
    const SQL: &str = "SELECT note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2";
    plain(connection, SQL, params![after_size, limit(rows)], checkpoint)
}

pub(in crate::sqlite) fn last_checkpoint(connection: &Connection) -> Result<Option<Checkpoint>> {
    const SQL: &str = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1";
    Ok(plain(connection, SQL, [], checkpoint)?.pop())
}

/// The sizes of the last checkpoints and when each was sealed, the last first.
pub(in crate::sqlite) fn sealed_times(
    view: View<'_>,
    rows: usize,
) -> Result<Vec<(u64, Timestamp)>> {
    const SQL: &str = "SELECT size, sealed_at, note, mac, \
        coalesce((SELECT max(size) FROM checkpoint before WHERE before.size < own.size), 0) \
        FROM checkpoint own ORDER BY size DESC LIMIT ?1";
    plain(view.connection, SQL, [limit(rows)], |row| {
        let (size, note, mac): (u64, String, Vec<u8>) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let mark = checkpoint_mark(view.key, row.get(4)?, size, row.get(1)?, &note);
        if !same(&mark, &mac) {
            let what = format!("checkpoint of {size} entries");
            return Err(corrupt(what, "it is not as this program wrote it"));
        }
        Ok((size, timestamp(row, "sealed_at")?))
    })
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint> {
    Checkpoint::parse(row.get(0)?)
}

pub(in crate::sqlite) fn personal(
    view: View<'_>,
    ring: &KeyRing,
    sequence: Sequence,
) -> Result<Option<String>> {
    const KEY: &str = "SELECT * FROM resident_key WHERE id = ?1";
    let Some((id, ciphertext)) = encrypted(view, sequence)? else { return Ok(None) };
    let wrapped = |row: &Row<'_>| -> Result<Vec<u8>> { Ok(row.get("wrapped")?) };
    let wrapped = super::first(view, &table::RESIDENT_KEY, KEY, [id], wrapped)?;
    wrapped.map(|wrapped| ring.unwrap(&id, &wrapped)?.decrypt(sequence, &ciphertext)).transpose()
}
