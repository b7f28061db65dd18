//! Verifiers.

use domain::id::VerifierId;
use rusqlite::Row;

use super::{all, first};
use crate::Result;
use crate::rows::VerifierRow;
use crate::sqlite::map::parsed;
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn verifiers(view: View<'_>) -> Result<Vec<VerifierRow>> {
    all(view, &table::VERIFIER, "SELECT * FROM verifier ORDER BY id", [], verifier_row)
}

pub(in crate::sqlite) fn verifier(view: View<'_>, id: &VerifierId) -> Result<Option<VerifierRow>> {
    first(
        view,
        &table::VERIFIER,
        "SELECT * FROM verifier WHERE id = ?1",
        [id.as_str()],
        verifier_row,
    )
}

fn verifier_row(row: &Row<'_>) -> Result<VerifierRow> {
    Ok(VerifierRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        bind_dn: row.get("bind_dn")?,
        password_hash: row.get("password_hash")?,
        request_certificate: row.get("request_certificate")?,
        may_query_ocsp: row.get("may_query_ocsp")?,
        may_read_crl: row.get("may_read_crl")?,
    })
}
