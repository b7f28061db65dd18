//! Verifiers.

use rusqlite::{Connection, params};

use crate::Result;
use crate::rows::VerifierRow;
use crate::sqlite::fault::inserted;

const PUT_VERIFIER: &str = "INSERT INTO verifier
    (id, name, bind_dn, password_hash, request_certificate, may_query_ocsp, may_read_crl)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, bind_dn = excluded.bind_dn,
        password_hash = excluded.password_hash,
        request_certificate = excluded.request_certificate,
        may_query_ocsp = excluded.may_query_ocsp, may_read_crl = excluded.may_read_crl";

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
