//! CAs and their key generations.

use rusqlite::{Connection, params};

use crate::Result;
use crate::rows::{AuthorityRow, CaRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::micros;

const ADD_CA: &str = "INSERT INTO ca (id, policy_digest, created_at) VALUES (?1, ?2, ?3)";

const ADD_AUTHORITY: &str = "INSERT INTO authority
    (ca, generation, key_label, key_algorithm, signature_algorithm, name, spki, self_signed, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

pub(super) fn add_ca(connection: &Connection, row: &CaRow) -> Result<()> {
    let values = params![row.id.as_str(), row.policy_digest, micros(row.created_at)];
    let what = || format!("CA {}", row.id);
    inserted(connection.prepare_cached(ADD_CA)?.execute(values), what, what)
}

pub(super) fn add(connection: &Connection, row: &AuthorityRow) -> Result<()> {
    let outcome = connection.prepare_cached(ADD_AUTHORITY)?.execute(params![
        row.ca.as_str(),
        row.generation,
        row.key_label,
        row.key_algorithm.name(),
        row.signature_algorithm.name(),
        row.name,
        row.spki,
        row.self_signed.as_bytes(),
        micros(row.created_at),
    ]);
    let what = || format!("generation {} of CA {}", row.generation, row.ca);
    inserted(outcome, what, || format!("CA {}", row.ca))
}
