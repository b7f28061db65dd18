//! Verifiers.

use domain::id::VerifierId;
use rusqlite::Row;

use super::{all, first};
use crate::Result;
use crate::rows::VerifierRow;
use crate::sqlite::map::parsed;
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn verifiers(view: View<'_>) -> Result<Vec<VerifierRow>> {
    all(view, &table::VERIFIER, "SELECT * FROM verifier ORDER BY id", [], |row| {
        verifier_row(view, row)
    })
}

pub(in crate::sqlite) fn verifier(view: View<'_>, id: &VerifierId) -> Result<Option<VerifierRow>> {
    first(view, &table::VERIFIER, "SELECT * FROM verifier WHERE id = ?1", [id.as_str()], |row| {
        verifier_row(view, row)
    })
}

fn verifier_row(view: View<'_>, row: &Row<'_>) -> Result<VerifierRow> {
    let id: VerifierId = parsed(row, "id")?;
    let former_certificate = former_certificate(view, &id)?;
    Ok(VerifierRow {
        id,
        name: row.get("name")?,
        bind_dn: row.get("bind_dn")?,
        password_hash: row.get("password_hash")?,
        request_certificate: row.get("request_certificate")?,
        former_certificate,
        may_query_ocsp: row.get("may_query_ocsp")?,
        may_read_crl: row.get("may_read_crl")?,
    })
}

fn former_certificate(view: View<'_>, id: &VerifierId) -> Result<Option<Vec<u8>>> {
    first(
        view,
        &table::FORMER_CERTIFICATE,
        "SELECT * FROM former_certificate WHERE verifier = ?1",
        [id.as_str()],
        |row| Ok(row.get("certificate")?),
    )
}
