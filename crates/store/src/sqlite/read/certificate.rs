//! Certificates, intents, and what exists once.

use domain::crl_series::Partition;
use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use rusqlite::{Connection, Row, params};

use super::{all, first, limit};
use crate::rows::{CertificateRow, IntentRow, StatusRow};
use crate::sqlite::map::{self, parsed, parsed_option, serial, timestamp};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn one(
    connection: &Connection,
    ca: &CaId,
    serial: &SerialNumber,
) -> Result<Option<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE ca = ?1 AND serial = ?2";
    first(connection, SQL, params![ca.as_str(), serial.as_bytes()], certificate)
}

pub(in crate::sqlite) fn status(
    connection: &Connection,
    ca: &CaId,
    serial: &SerialNumber,
) -> Result<Option<StatusRow>> {
    const SQL: &str =
        "SELECT serial, kind, partition, generation, state, state_at, reason, not_after
        FROM certificate WHERE ca = ?1 AND serial = ?2";
    first(connection, SQL, params![ca.as_str(), serial.as_bytes()], status_row)
}

/// What a status answer needs, of any query for these columns in the order of [`StatusRow`].
pub(super) fn status_row(row: &Row<'_>) -> Result<StatusRow> {
    Ok(StatusRow {
        serial: serial(row, 0)?,
        kind: map::kind(row, 1)?,
        partition: parsed(row, 2)?,
        generation: row.get(3)?,
        state: map::state_in(row, 4, 5, 6)?,
        not_after: timestamp(row, 7)?,
    })
}

pub(in crate::sqlite) fn of_holder(
    connection: &Connection,
    ca: &CaId,
    holder: &ResidentCode,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str =
        "SELECT * FROM certificate WHERE ca = ?1 AND holder = ?2 ORDER BY issued DESC";
    all(connection, SQL, [ca.as_str(), holder.as_str()], certificate)
}

pub(in crate::sqlite) fn for_application(
    connection: &Connection,
    application: &ApplicationId,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE application = ?1 ORDER BY issued, ca";
    all(connection, SQL, [application.as_str()], certificate)
}

pub(in crate::sqlite) fn page(
    connection: &Connection,
    ca: &CaId,
    after: Option<Sequence>,
    rows: usize,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate
        WHERE ca = ?1 AND issued >= ?2 ORDER BY issued LIMIT ?3";
    let from = after.map_or(0, |after| after.saturating_add(1));
    all(connection, SQL, params![ca.as_str(), from, limit(rows)], certificate)
}

pub(in crate::sqlite) fn open_intents(connection: &Connection) -> Result<Vec<IntentRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE state = 'intended' ORDER BY ca, issued";
    all(connection, SQL, [], intent)
}

pub(in crate::sqlite) fn key_was_certified(
    connection: &Connection,
    spki_sha256: &[u8; 32],
) -> Result<bool> {
    const SQL: &str = "SELECT 1 FROM certified_key WHERE spki_sha256 = ?1";
    Ok(connection.prepare_cached(SQL)?.exists([spki_sha256])?)
}

/// The newest certificate for a key that is no resident's.
pub(in crate::sqlite) fn for_key(
    connection: &Connection,
    spki_sha256: &[u8; 32],
) -> Result<Option<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate
        WHERE spki_sha256 = ?1 AND kind <> 'user' ORDER BY issued DESC LIMIT 1";
    first(connection, SQL, [spki_sha256], certificate)
}

pub(in crate::sqlite) fn self_issued(
    connection: &Connection,
    ca: &CaId,
    name: &[u8],
) -> Result<Vec<CertificateRow>> {
    // By the index of subjects that are no residents'.
    const SQL: &str = "SELECT * FROM certificate
        WHERE ca = ?1 AND subject = ?2 AND kind <> 'user'
            AND kind IN ('self-signed', 'link-old-with-new', 'link-new-with-old')
        ORDER BY issued";
    all(connection, SQL, params![ca.as_str(), name], certificate)
}

pub(in crate::sqlite) fn partitions(
    connection: &Connection,
    ca: &CaId,
    generation: u32,
) -> Result<Vec<Partition>> {
    // Hops from one partition to the next in the index; DISTINCT would read every certificate.
    const SQL: &str = "WITH RECURSIVE found (partition) AS (
            SELECT min(partition) FROM certificate WHERE ca = ?1 AND generation = ?2
            UNION ALL
            SELECT (SELECT min(partition) FROM certificate
                WHERE ca = ?1 AND generation = ?2 AND partition > found.partition)
            FROM found WHERE found.partition IS NOT NULL)
        SELECT partition FROM found WHERE partition IS NOT NULL ORDER BY partition";
    all(connection, SQL, params![ca.as_str(), generation], map::partition)
}

pub(in crate::sqlite) fn subject_is_taken(
    connection: &Connection,
    ca: &CaId,
    subject: &[u8],
) -> Result<bool> {
    // Two halves, because users and servers have an index each.
    const SQL: &str = "SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind = 'user'
        UNION ALL
        SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind <> 'user'";
    Ok(connection.prepare_cached(SQL)?.exists(params![ca.as_str(), subject])?)
}

fn certificate(row: &Row<'_>) -> Result<CertificateRow> {
    Ok(CertificateRow {
        intent: intent(row)?,
        der: row.get("der")?,
        state: map::state(row)?,
        changed: row.get("changed")?,
        issued: row.get("issued")?,
    })
}

fn intent(row: &Row<'_>) -> Result<IntentRow> {
    Ok(IntentRow {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        serial: serial(row, "serial")?,
        kind: map::kind(row, "kind")?,
        partition: map::partition(row)?,
        subject: row.get("subject")?,
        spki_sha256: row.get("spki_sha256")?,
        tbs: row.get("tbs")?,
        not_before: timestamp(row, "not_before")?,
        not_after: timestamp(row, "not_after")?,
        policy_digest: row.get("policy_digest")?,
        holder: parsed_option(row, "holder")?,
        application: parsed_option(row, "application")?,
        at: timestamp(row, "intended_at")?,
    })
}
