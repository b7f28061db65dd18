//! The writer of lists: two passes over one view of the database, into a temporary file, signed.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use domain::certificate::CertificateState;
use domain::revocation::CERTIFICATE_HOLD_CODE;
use keys::Sign;
use store::{RevokedSnapshot, StatusRow};
use x509::crl::{CrlTemplate, RevokedEntry};

use crate::error::Result;
use crate::generation::Generation;

/// Writes the whole CertificateList into a temporary file, and counts its entries.
pub(crate) fn write_list(
    keys: &dyn Sign,
    template: &CrlTemplate,
    generation: &Generation,
    view: &dyn RevokedSnapshot,
) -> Result<(File, u64)> {
    let mut measure = x509::crl::CrlMeasure::default();
    each_line(view, &mut |line| measure.add(line))?;
    let plan = measure.plan(template);
    let mut body = BufWriter::new(tempfile::tempfile()?);
    let mut writer = plan.writer(&mut body)?;
    each_line(view, &mut |line| writer.add(line))?;
    let written = writer.finish()?;
    let mut body = body.into_inner().map_err(std::io::IntoInnerError::into_error)?;

    let algorithm = template.signature;
    let signature = keys.sign_digest(&generation.label, algorithm, written.digest.as_ref())?;
    let mut list = BufWriter::new(tempfile::tempfile()?);
    list.write_all(&x509::crl::list_header(written.length, algorithm, signature.len()))?;
    body.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut body, &mut list)?;
    list.write_all(&x509::crl::list_trailer(algorithm, &signature))?;
    let mut list = list.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    list.seek(SeekFrom::Start(0))?;
    Ok((list, written.entry_count))
}

/// Calls `each` with the line of every listed certificate; the first failure of it ends the walk.
fn each_line(
    view: &dyn RevokedSnapshot,
    each: &mut dyn FnMut(&x509::crl::RevokedEntry) -> std::result::Result<(), x509::Error>,
) -> Result<()> {
    let mut failed = None;
    view.for_each(&mut |row| {
        if failed.is_none()
            && let Some(line) = list_line(&row)
        {
            failed = each(&line).err();
        }
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// What a list says of a certificate.
fn list_line(row: &StatusRow) -> Option<RevokedEntry> {
    let (revoked_at, code) = match row.state {
        CertificateState::Revoked { at, reason } => (at, reason.code()),
        CertificateState::Held { since } | CertificateState::Undelivered { since } => {
            (since, CERTIFICATE_HOLD_CODE)
        }
        CertificateState::Intended | CertificateState::Good => return None,
    };
    Some(RevokedEntry { serial: row.serial, revoked_at, code })
}
