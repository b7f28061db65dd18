//! Journal entries, the keys of personal data in them, and what sealing adds.

use domain::id::ResidentCode;
use rusqlite::{Connection, OptionalExtension, params};

use crate::journal::{KeyRing, ResidentKey, encode, leaf_hash};
use crate::sqlite::map::micros;
use crate::sqlite::writer::Sealing;
use crate::unit::{Entry, Personal};
use crate::{Error, Result, Sequence};

const NEXT: &str = "SELECT coalesce(max(sequence) + 1, 0) FROM journal";

const SEALED: &str = "SELECT coalesce(max(size), 0) FROM checkpoint";

const APPEND: &str = "INSERT INTO journal (sequence, kind, body, leaf) VALUES (?1, ?2, ?3, ?4)";

const APPEND_PERSONAL: &str =
    "INSERT INTO journal_personal (sequence, key, ciphertext) VALUES (?1, ?2, ?3)";

const KEY_OF: &str = "SELECT id, wrapped FROM resident_key WHERE resident = ?1";

const ADD_KEY: &str = "INSERT INTO resident_key (resident, id, wrapped) VALUES (?1, ?2, ?3)";

const FORGET: &str = "DELETE FROM resident_key WHERE resident = ?1";

const ADD_NODE: &str = "INSERT INTO merkle_node (level, place, hash) VALUES (?1, ?2, ?3)";

const ADD_CHECKPOINT: &str = "INSERT INTO checkpoint (size, note, sealed_at) VALUES (?1, ?2, ?3)";

const RING_CHECK: &str = "SELECT value FROM meta WHERE name = 'personal-data-key'";

const ADD_RING_CHECK: &str = "INSERT INTO meta (name, value) VALUES ('personal-data-key', ?1)";

/// The place the next entry takes.
pub(in crate::sqlite) fn next_sequence(connection: &Connection) -> Result<Sequence> {
    Ok(connection.prepare_cached(NEXT)?.query_row([], |row| row.get(0))?)
}

/// Whether there are entries no checkpoint covers.
pub(in crate::sqlite) fn unsealed(connection: &Connection) -> Result<bool> {
    let sealed: u64 = connection.prepare_cached(SEALED)?.query_row([], |row| row.get(0))?;
    Ok(next_sequence(connection)? > sealed)
}

/// Refuses a master key under which this database was not made.
pub(in crate::sqlite) fn check_ring(connection: &Connection, ring: &KeyRing) -> Result<()> {
    let proof: Option<Vec<u8>> =
        connection.query_row(RING_CHECK, [], |row| row.get(0)).optional()?;
    match proof {
        Some(proof) if ring.proves(&proof) => Ok(()),
        Some(_) => {
            Err(Error::Unavailable("the database was made under another personal data key".into()))
        }
        None => {
            connection.execute(ADD_RING_CHECK, [ring.proof()?])?;
            Ok(())
        }
    }
}

/// Appends `entries` from the place `first` on.
pub(super) fn append(
    connection: &Connection,
    first: Sequence,
    ring: &KeyRing,
    entries: &[Entry],
) -> Result<()> {
    for (entry, sequence) in entries.iter().zip(first..) {
        let personal = match &entry.personal {
            Some(personal) => Some(encrypt(connection, ring, sequence, personal)?),
            None => None,
        };
        let body = encode(entry, sequence, personal.as_ref().map(|(_, text)| text.as_slice()))?;
        let values = params![sequence, entry.kind.name(), body, leaf_hash(&body)];
        connection.prepare_cached(APPEND)?.execute(values)?;
        if let Some((key, ciphertext)) = personal {
            connection
                .prepare_cached(APPEND_PERSONAL)?
                .execute(params![sequence, key, ciphertext])?;
        }
    }
    Ok(())
}

fn encrypt(
    connection: &Connection,
    ring: &KeyRing,
    sequence: Sequence,
    personal: &Personal,
) -> Result<([u8; 16], Vec<u8>)> {
    let (id, key) = resident_key(connection, ring, &personal.resident)?;
    Ok((id, key.encrypt(sequence, &personal.text)?))
}

/// The resident's key, made now if there is none (or none any more).
fn resident_key(
    connection: &Connection,
    ring: &KeyRing,
    resident: &ResidentCode,
) -> Result<([u8; 16], ResidentKey)> {
    let stored: Option<([u8; 16], Vec<u8>)> = connection
        .prepare_cached(KEY_OF)?
        .query_row([resident.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((id, wrapped)) = stored {
        return Ok((id, ring.unwrap(&id, &wrapped)?));
    }
    let (id, wrapped, key) = ring.new_key()?;
    connection.prepare_cached(ADD_KEY)?.execute(params![resident.as_str(), id, wrapped])?;
    Ok((id, key))
}

/// Destroys a resident's key; one that has none needs nothing destroyed.
pub(super) fn forget(connection: &Connection, resident: &ResidentCode) -> Result<()> {
    connection.prepare_cached(FORGET)?.execute([resident.as_str()])?;
    Ok(())
}

/// Stores the nodes and the checkpoint of one sealing.
pub(in crate::sqlite) fn seal(connection: &Connection, sealing: &Sealing) -> Result<()> {
    let mut add = connection.prepare_cached(ADD_NODE)?;
    for node in &sealing.nodes {
        add.execute(params![node.level, node.place, node.hash])?;
    }
    let checkpoint = &sealing.checkpoint;
    connection.prepare_cached(ADD_CHECKPOINT)?.execute(params![
        checkpoint.size,
        checkpoint.note,
        micros(sealing.at)
    ])?;
    Ok(())
}
