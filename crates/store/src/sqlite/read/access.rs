//! Verifiers, and the people and programs with credentials.

use domain::id::{ActorId, VerifierId};
use rusqlite::{Connection, Row, params};

use super::{all, first};
use crate::Result;
use crate::rows::{Credential, OperatorRow, VerifierRow};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::{parsed, parsed_option};

pub(in crate::sqlite) fn verifiers(connection: &Connection) -> Result<Vec<VerifierRow>> {
    all(connection, "SELECT * FROM verifier ORDER BY id", [], verifier_row)
}

pub(in crate::sqlite) fn verifier(
    connection: &Connection,
    id: &VerifierId,
) -> Result<Option<VerifierRow>> {
    first(connection, "SELECT * FROM verifier WHERE id = ?1", [id.as_str()], verifier_row)
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

pub(in crate::sqlite) fn operator(
    connection: &Connection,
    id: &ActorId,
) -> Result<Option<OperatorRow>> {
    const SQL: &str = "SELECT * FROM operator WHERE id = ?1";
    first(connection, SQL, [id.as_str()], |row| operator_row(connection, row))
}

pub(in crate::sqlite) fn operator_by_credential(
    connection: &Connection,
    credential: &Credential,
) -> Result<Option<OperatorRow>> {
    const SQL: &str = "SELECT operator.* FROM credential JOIN operator ON operator.id = operator
        WHERE credential.kind = ?1 AND credential.sha256 = ?2";
    let (kind, sha256) = credential_columns(credential);
    first(connection, SQL, params![kind, sha256], |row| operator_row(connection, row))
}

fn operator_row(connection: &Connection, row: &Row<'_>) -> Result<OperatorRow> {
    const SQL: &str = "SELECT kind, sha256 FROM credential WHERE operator = ?1 ORDER BY place";
    let id: ActorId = parsed(row, "id")?;
    Ok(OperatorRow {
        municipality: parsed_option(row, "municipality")?,
        role: row.get("role")?,
        credentials: all(connection, SQL, [id.as_str()], credential)?,
        id,
    })
}

fn credential(row: &Row<'_>) -> Result<Credential> {
    let sha256 = row.get("sha256")?;
    match row.get::<_, String>("kind")?.as_str() {
        "token" => Ok(Credential::TokenSha256(sha256)),
        "certificate" => Ok(Credential::CertificateSha256(sha256)),
        other => Err(corrupt("credential", format!("kind {other:?}"))),
    }
}

/// A credential as its two key columns.
pub(in crate::sqlite) fn credential_columns(credential: &Credential) -> (&'static str, &[u8; 32]) {
    match credential {
        Credential::TokenSha256(sha256) => ("token", sha256),
        Credential::CertificateSha256(sha256) => ("certificate", sha256),
    }
}
