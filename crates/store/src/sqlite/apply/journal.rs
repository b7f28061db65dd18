//! Journal entries, the keys of personal data in them, and what sealing adds.

use domain::id::ResidentCode;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::work::Work;
use crate::journal::{KeyRing, ResidentKey, encode, leaf_hash};
use crate::sqlite::fault::{corrupt, inserted};
use crate::sqlite::map::micros;
use crate::sqlite::next::next_sequence;
use crate::sqlite::read::journal::{checkpoint_mark, mark, personal_mark};
use crate::sqlite::table::RESIDENT_KEY;
use crate::sqlite::writer::Sealing;
use crate::state::StateKey;
use crate::unit::{Entry, Personal};
use crate::{Error, Result, Sequence};

const SEALED: &str = "SELECT coalesce(max(size), 0) FROM checkpoint";

const APPEND: &str =
    "INSERT INTO journal (sequence, kind, body, leaf, mac) VALUES (?1, ?2, ?3, ?4, ?5)";

const APPEND_PERSONAL: &str =
    "INSERT INTO journal_personal (sequence, key, ciphertext, mac) VALUES (?1, ?2, ?3, ?4)";

const ADD_NODE: &str = "INSERT INTO merkle_node (level, place, hash) VALUES (?1, ?2, ?3)";

const ADD_CHECKPOINT: &str =
    "INSERT INTO checkpoint (size, note, sealed_at, mac) VALUES (?1, ?2, ?3, ?4)";

const RING_CHECK: &str = "SELECT value FROM meta WHERE name = 'personal-data-key'";

const ADD_RING_CHECK: &str = "INSERT INTO meta (name, value) VALUES ('personal-data-key', ?1)";

/// Whether there are entries no checkpoint covers.
pub(in crate::sqlite) fn unsealed(connection: &Connection) -> Result<bool> {
    let sealed: u64 = connection.prepare_cached(SEALED)?.query_row([], |row| row.get(0))?;
    Ok(next_sequence(connection)? > sealed)
}

/// What is told of a database that names another master key.
const OTHER_RING: &str = "the database was made under another personal data key";

/// What the database has of the master key under which it was made.
fn ring_proof(connection: &Connection) -> Result<Option<Vec<u8>>> {
    Ok(connection.query_row(RING_CHECK, [], |row| row.get(0)).optional()?)
}

/// That an open database does not name the master key any more by which it was opened: the next start
/// would refuse it.
pub(in crate::sqlite) fn other_ring(
    connection: &Connection,
    ring: &KeyRing,
) -> Result<Option<&'static str>> {
    let is_named = ring_proof(connection)?.is_some_and(|proof| ring.proves(&proof));
    Ok((!is_named).then_some(OTHER_RING))
}

/// Refuses a master key under which this database was not made; a new one remembers it.
pub(in crate::sqlite) fn check_ring(connection: &Connection, ring: &KeyRing) -> Result<()> {
    match ring_proof(connection)? {
        Some(proof) if ring.proves(&proof) => Ok(()),
        Some(_) => Err(Error::Unavailable(OTHER_RING.into())),
        None if next_sequence(connection)? == 0 => {
            connection.execute(ADD_RING_CHECK, [ring.proof()?])?;
            Ok(())
        }
        None => Err(corrupt("personal data key", "what proves it is missing from the database")),
    }
}

/// Appends `entries` from the ledger's place on; the first of them names every row that the unit
/// changed.
pub(super) fn append(work: &mut Work<'_>, ring: &KeyRing, entries: &[Entry]) -> Result<()> {
    let first = work.ledger.first();
    // All of them before the first is written: the keys they make are rows that it names.
    let personal = entries.iter().zip(first..).map(|(entry, sequence)| {
        entry.personal.as_ref().map(|part| encrypt(work, ring, sequence, part)).transpose()
    });
    let personal = personal.collect::<Result<Vec<_>>>()?;
    for ((entry, personal), sequence) in entries.iter().zip(personal).zip(first..) {
        let changes = (sequence == first).then(|| work.ledger.changes());
        let ciphertext = personal.as_ref().map(|(_, text)| text.as_slice());
        let body = encode(entry, sequence, ciphertext, changes)?;
        let (kind, leaf) = (entry.kind.name(), leaf_hash(&body));
        let mac = mark(work.view.key, sequence, kind.as_bytes(), &leaf);
        let connection = work.view.connection;
        connection.prepare_cached(APPEND)?.execute(params![sequence, kind, body, leaf, mac])?;
        if let Some((key, ciphertext)) = personal {
            let mac = personal_mark(work.view.key, sequence, &key, &ciphertext);
            let values = params![sequence, key, ciphertext, mac];
            connection.prepare_cached(APPEND_PERSONAL)?.execute(values)?;
        }
    }
    Ok(())
}

fn encrypt(
    work: &mut Work<'_>,
    ring: &KeyRing,
    sequence: Sequence,
    personal: &Personal,
) -> Result<([u8; 16], Vec<u8>)> {
    let (id, key) = resident_key(work, ring, &personal.resident)?;
    Ok((id, key.encrypt(sequence, &personal.text)?))
}

/// The resident's key, made now if there is none (or none any more).
fn resident_key(
    work: &mut Work<'_>,
    ring: &KeyRing,
    resident: &ResidentCode,
) -> Result<([u8; 16], ResidentKey)> {
    let shape = |row: &Row<'_>| -> Result<([u8; 16], Vec<u8>)> {
        Ok((row.get("id")?, row.get("wrapped")?))
    };
    if let Some((_, (id, wrapped))) = work.find(&RESIDENT_KEY, &[&resident.as_str()], shape)? {
        return Ok((id, ring.unwrap(&id, &wrapped)?));
    }
    let (id, wrapped, key) = ring.new_key()?;
    let what = || "a resident's key".to_owned();
    inserted(work.insert(&RESIDENT_KEY, &[&resident.as_str(), &id, &wrapped]), what, what)?;
    Ok((id, key))
}

/// Destroys a resident's key; one that has none needs nothing destroyed.
pub(super) fn destroy_key(work: &mut Work<'_>, resident: &ResidentCode) -> Result<()> {
    match work.find(&RESIDENT_KEY, &[&resident.as_str()], |_| Ok(()))? {
        Some((row, ())) => work.delete(&RESIDENT_KEY, &row),
        None => Ok(()),
    }
}

/// Stores the nodes and the checkpoint of one sealing.
pub(in crate::sqlite) fn seal(
    connection: &Connection,
    key: &StateKey,
    sealing: &Sealing,
) -> Result<()> {
    let mut add = connection.prepare_cached(ADD_NODE)?;
    for node in &sealing.nodes {
        add.execute(params![node.level, node.place, node.hash])?;
    }
    let (checkpoint, at) = (&sealing.checkpoint, micros(sealing.at));
    let before = connection.prepare_cached(SEALED)?.query_row([], |row| row.get(0))?;
    let mac = checkpoint_mark(key, before, checkpoint.size, at, &checkpoint.note);
    let values = params![checkpoint.size, checkpoint.note, at, mac];
    connection.prepare_cached(ADD_CHECKPOINT)?.execute(values)?;
    Ok(())
}
