//! Verifiers, and the people and programs with credentials.

use rusqlite::{Connection, params};

use crate::Result;
use crate::rows::{OperatorRow, VerifierRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::read::access::credential_columns;

const PUT_VERIFIER: &str = "INSERT INTO verifier
    (id, name, bind_dn, password_hash, request_certificate, may_query_ocsp, may_read_crl)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, bind_dn = excluded.bind_dn,
        password_hash = excluded.password_hash,
        request_certificate = excluded.request_certificate,
        may_query_ocsp = excluded.may_query_ocsp, may_read_crl = excluded.may_read_crl";

const PUT_OPERATOR: &str = "INSERT INTO operator (id, municipality, role) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET municipality = excluded.municipality, role = excluded.role";

const DROP_CREDENTIALS: &str = "DELETE FROM credential WHERE operator = ?1";

const ADD_CREDENTIAL: &str =
    "INSERT INTO credential (kind, sha256, operator, place) VALUES (?1, ?2, ?3, ?4)";

pub(super) fn put_verifier(connection: &Connection, row: &VerifierRow) -> Result<()> {
    let outcome = connection.prepare_cached(PUT_VERIFIER)?.execute(params![
        row.id.as_str(),
        row.name,
        row.bind_dn,
        row.password_hash,
        row.request_certificate,
        row.may_query_ocsp,
        row.may_read_crl,
    ]);
    let what = || format!("a verifier that binds as {}", row.bind_dn);
    inserted(outcome, what, what)
}

pub(super) fn put_operator(connection: &Connection, row: &OperatorRow) -> Result<()> {
    let id = row.id.as_str();
    let municipality = row.municipality.as_ref().map(|m| m.as_str());
    connection.prepare_cached(PUT_OPERATOR)?.execute(params![id, municipality, row.role])?;
    connection.prepare_cached(DROP_CREDENTIALS)?.execute([id])?;
    let mut add = connection.prepare_cached(ADD_CREDENTIAL)?;
    for (place, credential) in row.credentials.iter().enumerate() {
        let (kind, sha256) = credential_columns(credential);
        let what = || "an operator with the same credential".to_owned();
        inserted(add.execute(params![kind, sha256, id, place as u64]), what, what)?;
    }
    Ok(())
}
