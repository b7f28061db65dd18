//! Verifiers.

use rusqlite::ToSql;

use super::work::Work;
use crate::Result;
use crate::rows::VerifierRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::table::VERIFIER;

pub(super) fn put_verifier(work: &mut Work<'_>, row: &VerifierRow) -> Result<()> {
    let values: [&dyn ToSql; 7] = [
        &row.id.as_str(),
        &row.name,
        &row.bind_dn,
        &row.password_hash,
        &row.request_certificate,
        &row.may_query_ocsp,
        &row.may_read_crl,
    ];
    let what = || format!("a verifier that binds as {}", row.bind_dn);
    inserted(work.put(&VERIFIER, &values)?, what, what)
}
