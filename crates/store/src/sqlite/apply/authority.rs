//! CAs and their key generations.

use rusqlite::{Connection, params};

use crate::rows::{AuthorityRow, CaRow, GenerationPlan};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::micros;
use crate::{Error, Result};

const ADD_CA: &str = "INSERT INTO ca (id, policy_digest, created_at) VALUES (?1, ?2, ?3)";

const ADD_AUTHORITY: &str = "INSERT INTO authority
    (ca, generation, key_label, key_algorithm, signature_algorithm, name, spki, self_signed, created_at,
     issues_from)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// A plan only ever gains its key.
const PUT_PLAN: &str = "INSERT INTO generation_plan
    (ca, generation, key_label, key_algorithm, signature_algorithm, issues_from, spki, key_made_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (ca) DO UPDATE SET spki = excluded.spki, key_made_at = excluded.key_made_at
    WHERE spki IS NULL AND excluded.spki IS NOT NULL AND generation = excluded.generation
        AND key_label = excluded.key_label AND key_algorithm = excluded.key_algorithm
        AND signature_algorithm = excluded.signature_algorithm
        AND issues_from = excluded.issues_from";

const END_PLAN: &str = "DELETE FROM generation_plan WHERE ca = ?1 AND generation = ?2";

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
        micros(row.issues_from),
    ]);
    let what = || format!("generation {} of CA {}", row.generation, row.ca);
    inserted(outcome, what, || format!("CA {}", row.ca))?;
    connection.prepare_cached(END_PLAN)?.execute(params![row.ca.as_str(), row.generation])?;
    Ok(())
}

pub(super) fn put_plan(connection: &Connection, plan: &GenerationPlan) -> Result<()> {
    let changed = connection.prepare_cached(PUT_PLAN)?.execute(params![
        plan.ca.as_str(),
        plan.generation,
        plan.key_label,
        plan.key_algorithm.name(),
        plan.signature_algorithm.name(),
        micros(plan.issues_from),
        plan.key.as_ref().map(|key| &key.spki),
        plan.key.as_ref().map(|key| micros(key.made_at)),
    ]);
    let what = || format!("a key generation of CA {} that is being made", plan.ca);
    if matches!(changed, Ok(0)) {
        return Err(Error::Duplicate { what: what() });
    }
    inserted(changed, what, || format!("CA {}", plan.ca))
}
