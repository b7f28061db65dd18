//! CAs and their key generations.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::id::CaId;
use rusqlite::Row;

use super::{all, first};
use crate::Result;
use crate::rows::{AuthorityRow, CaRow, GenerationPlan, PlannedKey};
use crate::sqlite::map::{named, parsed, serial, timestamp};
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn cas(view: View<'_>) -> Result<Vec<CaRow>> {
    all(view, &table::CA, "SELECT * FROM ca ORDER BY id", [], |row| {
        Ok(CaRow {
            id: parsed(row, "id")?,
            policy_digest: row.get("policy_digest")?,
            created_at: timestamp(row, "created_at")?,
        })
    })
}

pub(in crate::sqlite) fn authorities(view: View<'_>, ca: &CaId) -> Result<Vec<AuthorityRow>> {
    const SQL: &str = "SELECT * FROM authority WHERE ca = ?1 ORDER BY generation";
    all(view, &table::AUTHORITY, SQL, [ca.as_str()], authority)
}

fn authority(row: &Row<'_>) -> Result<AuthorityRow> {
    Ok(AuthorityRow {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        key_label: row.get("key_label")?,
        key_algorithm: named(row, "key_algorithm", KeyAlgorithm::from_name)?,
        signature_algorithm: named(row, "signature_algorithm", SignatureAlgorithm::from_name)?,
        name: row.get("name")?,
        spki: row.get("spki")?,
        self_signed: serial(row, "self_signed")?,
        created_at: timestamp(row, "created_at")?,
        issues_from: timestamp(row, "issues_from")?,
    })
}

pub(in crate::sqlite) fn plan(view: View<'_>, ca: &CaId) -> Result<Option<GenerationPlan>> {
    const SQL: &str = "SELECT * FROM generation_plan WHERE ca = ?1";
    first(view, &table::GENERATION_PLAN, SQL, [ca.as_str()], plan_row)
}

pub(in crate::sqlite) fn plan_row(row: &Row<'_>) -> Result<GenerationPlan> {
    let spki: Option<Vec<u8>> = row.get("spki")?;
    let key = spki.map(|spki| -> Result<_> {
        Ok(PlannedKey { spki, made_at: timestamp(row, "key_made_at")? })
    });
    Ok(GenerationPlan {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        key_label: row.get("key_label")?,
        key_algorithm: named(row, "key_algorithm", KeyAlgorithm::from_name)?,
        signature_algorithm: named(row, "signature_algorithm", SignatureAlgorithm::from_name)?,
        issues_from: timestamp(row, "issues_from")?,
        key: key.transpose()?,
    })
}
