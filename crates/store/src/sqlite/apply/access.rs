//! Verifiers.

use rusqlite::ToSql;

use super::work::Work;
use crate::Result;
use crate::rows::VerifierRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::table::{FORMER_CERTIFICATE, VERIFIER};

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
    inserted(work.put(&VERIFIER, &values)?, what, what)?;
    put_former_certificate(work, row)
}

fn put_former_certificate(work: &mut Work<'_>, row: &VerifierRow) -> Result<()> {
    let id = row.id.as_str();
    let what = || format!("the former certificate of verifier {id}");
    if let Some(certificate) = &row.former_certificate {
        return inserted(work.put(&FORMER_CERTIFICATE, &[&id, certificate])?, what, what);
    }
    match work.find(&FORMER_CERTIFICATE, &[&id], |_| Ok(()))? {
        Some((known, ())) => work.delete(&FORMER_CERTIFICATE, &known),
        None => Ok(()),
    }
}
