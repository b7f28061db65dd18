//! Certificates, intents, and what exists once.

use aws_lc_rs::digest::{SHA256, digest};
use domain::certificate::CertificateState;
use domain::crl_series::Partition;
use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use rusqlite::{OptionalExtension, Row, params};

use super::{all, first, limit, plain};
use crate::pages::{CertificateFilter, Page, looked_at};
use crate::rows::{CertificateRow, IntentRow, StatusRow};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::{self, parsed, parsed_option, serial, timestamp};
use crate::sqlite::table::{self, View};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn one(
    view: View<'_>,
    ca: &CaId,
    serial: &SerialNumber,
) -> Result<Option<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE ca = ?1 AND serial = ?2";
    first(view, &table::CERTIFICATE, SQL, params![ca.as_str(), serial.as_bytes()], |row| {
        certificate(view, row)
    })
}

pub(in crate::sqlite) fn status(
    view: View<'_>,
    ca: &CaId,
    serial: &SerialNumber,
) -> Result<Option<StatusRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE ca = ?1 AND serial = ?2";
    let values = params![ca.as_str(), serial.as_bytes()];
    // While the row stands, the index is read in the same view.
    first(view, &table::CERTIFICATE, SQL, values, |row| {
        let status = status_row(row, STATUS)?;
        if status.state == CertificateState::Good {
            refuse_listed(view, ca, &status)?;
        }
        Ok(status)
    })
}

/// Makes sure that a certificate that is good is none of those that lists name: both as one view shows
/// them. Every start proves the index of those; a row of whatever age that was put back in the table
/// alone is told by it.
///
/// # Errors
/// [`crate::Error::Corrupt`] for one that the index names; everything is in doubt then.
fn refuse_listed(view: View<'_>, ca: &CaId, status: &StatusRow) -> Result<()> {
    const SQL: &str = "SELECT 1 FROM certificate INDEXED BY certificate_listed
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND serial = ?4
            AND state IN ('undelivered', 'held', 'revoked')";
    let (generation, partition) = (status.generation, status.partition.to_string());
    let values = params![ca.as_str(), generation, partition, status.serial.as_bytes()];
    if !view.connection.prepare_cached(SQL)?.exists(values)? {
        return Ok(());
    }
    let what = format!("certificate {ca}/{}", status.serial);
    let reason = "its row says that it is good, and the index that lists are built from names it";
    view.doubt.raise(format!("{what}: {reason}"));
    Err(corrupt(what, reason))
}

/// Where the fields of a [`StatusRow`] are in a whole row; by number, because every answer to the
/// world begins here.
pub(super) const STATUS: [usize; 8] = [1, 3, 4, 2, 5, 6, 7, 9];

/// What a status answer needs: serial, kind, partition, generation, state, its time and reason, and
/// the end, from these columns.
pub(super) fn status_row(row: &Row<'_>, columns: [usize; 8]) -> Result<StatusRow> {
    let [serial, kind, partition, generation, state, state_at, reason, not_after] = columns;
    Ok(StatusRow {
        serial: map::serial(row, serial)?,
        kind: map::kind(row, kind)?,
        partition: parsed(row, partition)?,
        generation: row.get(generation)?,
        state: map::state_in(row, state, state_at, reason)?,
        not_after: timestamp(row, not_after)?,
    })
}

/// What a whole row says of its certificate.
pub(in crate::sqlite) fn status_of(row: &Row<'_>) -> Result<StatusRow> {
    const COLUMNS: [&str; 8] =
        ["serial", "kind", "partition", "generation", "state", "state_at", "reason", "not_after"];
    let mut columns = [0; 8];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        *column = row.as_ref().column_index(name)?;
    }
    status_row(row, columns)
}

pub(in crate::sqlite) fn of_holder(
    view: View<'_>,
    ca: &CaId,
    holder: &ResidentCode,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str =
        "SELECT * FROM certificate WHERE ca = ?1 AND holder = ?2 ORDER BY issued DESC";
    all(view, &table::CERTIFICATE, SQL, [ca.as_str(), holder.as_str()], |row| {
        certificate(view, row)
    })
}

pub(in crate::sqlite) fn for_application(
    view: View<'_>,
    application: &ApplicationId,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE application = ?1 ORDER BY issued, ca";
    all(view, &table::CERTIFICATE, SQL, [application.as_str()], |row| certificate(view, row))
}

pub(in crate::sqlite) fn page(
    view: View<'_>,
    ca: &CaId,
    after: Option<Sequence>,
    rows: usize,
) -> Result<Vec<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate
        WHERE ca = ?1 AND issued >= ?2 ORDER BY issued LIMIT ?3";
    let from = after.map_or(0, |after| after.saturating_add(1));
    all(view, &table::CERTIFICATE, SQL, params![ca.as_str(), from, limit(rows)], |row| {
        certificate(view, row)
    })
}

/// By the index of holders where one is wanted; else what is wanted is found among the rows in the order of
/// issue, of which no more than so many are looked at.
pub(in crate::sqlite) fn wanted(
    view: View<'_>,
    ca: &CaId,
    wanted: &CertificateFilter<'_>,
    after: Option<Sequence>,
    rows: usize,
) -> Result<Page<CertificateRow, Sequence>> {
    const IN_ORDER: &str = "SELECT * FROM certificate INDEXED BY certificate_issued
        WHERE ca = ?1 AND issued BETWEEN ?2 AND ?3
            AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR partition = ?5)
        ORDER BY issued LIMIT ?6";
    const OF_HOLDER: &str = "SELECT * FROM certificate INDEXED BY certificate_holder
        WHERE ca = ?1 AND issued BETWEEN ?2 AND ?3
            AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR partition = ?5) AND holder = ?7
        ORDER BY issued LIMIT ?6";
    let from = after.map_or(0, |after| after.saturating_add(1));
    let state = wanted.state.map(|state| state.name());
    let partition = wanted.partition.map(|partition| partition.to_string());
    let shape = |row: &Row<'_>| certificate(view, row);
    let (found, last) = match wanted.holder {
        Some(holder) => {
            let (to, rows) = (i64::MAX, limit(rows));
            let values = params![ca.as_str(), from, to, state, partition, rows, holder.as_str()];
            (all(view, &table::CERTIFICATE, OF_HOLDER, values, shape)?, None)
        }
        None => {
            let last = last_looked_at(view, ca, from, looked_at(rows))?;
            let to = last.map_or(Ok(i64::MAX), i64::try_from).unwrap_or(i64::MAX);
            let values = params![ca.as_str(), from, to, state, partition, limit(rows)];
            (all(view, &table::CERTIFICATE, IN_ORDER, values, shape)?, last)
        }
    };
    Ok(Page::of(found, rows, |row| row.issued, last))
}

/// The last of so many rows in the order of issue; nothing where there are fewer.
fn last_looked_at(
    view: View<'_>,
    ca: &CaId,
    from: Sequence,
    rows: usize,
) -> Result<Option<Sequence>> {
    const SQL: &str = "SELECT issued FROM certificate INDEXED BY certificate_issued
        WHERE ca = ?1 AND issued >= ?2 ORDER BY issued LIMIT 1 OFFSET ?3";
    let values = params![ca.as_str(), from, limit(rows - 1)];
    let found = view.connection.prepare_cached(SQL)?.query_row(values, |row| row.get(0));
    Ok(found.optional()?)
}

pub(in crate::sqlite) fn open_intents(view: View<'_>) -> Result<Vec<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate WHERE state = 'intended' ORDER BY ca, issued";
    all(view, &table::CERTIFICATE, SQL, [], |row| certificate(view, row))
}

/// Whether an intent is open under a key generation.
pub(in crate::sqlite) fn is_intended(view: View<'_>, ca: &CaId, generation: u32) -> Result<bool> {
    // The index of every certificate of a generation would serve as well, and read them all.
    const SQL: &str = "SELECT * FROM certificate INDEXED BY certificate_intended
        WHERE ca = ?1 AND state = 'intended' AND generation = ?2 LIMIT 1";
    let values = params![ca.as_str(), generation];
    let found = first(view, &table::CERTIFICATE, SQL, values, |row| certificate(view, row));
    Ok(found?.is_some())
}

pub(in crate::sqlite) fn key_was_certified(view: View<'_>, spki_sha256: &[u8; 32]) -> Result<bool> {
    const SQL: &str = "SELECT 1 FROM certified_key WHERE spki_sha256 = ?1";
    Ok(view.connection.prepare_cached(SQL)?.exists([spki_sha256])?)
}

/// The newest certificate for a key that is no resident's.
pub(in crate::sqlite) fn for_key(
    view: View<'_>,
    spki_sha256: &[u8; 32],
) -> Result<Option<CertificateRow>> {
    const SQL: &str = "SELECT * FROM certificate
        WHERE spki_sha256 = ?1 AND kind <> 'user' ORDER BY issued DESC LIMIT 1";
    first(view, &table::CERTIFICATE, SQL, [spki_sha256], |row| certificate(view, row))
}

pub(in crate::sqlite) fn self_issued(
    view: View<'_>,
    ca: &CaId,
    name: &[u8],
) -> Result<Vec<CertificateRow>> {
    // By the index of subjects that are no residents': left to choose, SQLite walks all of the CA in the order
    // of issue.
    const SQL: &str = "SELECT * FROM certificate INDEXED BY certificate_other_subject
        WHERE ca = ?1 AND subject = ?2 AND kind <> 'user'
            AND kind IN ('self-signed', 'link-old-with-new', 'link-new-with-old')
        ORDER BY issued";
    all(view, &table::CERTIFICATE, SQL, params![ca.as_str(), name], |row| certificate(view, row))
}

pub(in crate::sqlite) fn partitions(
    view: View<'_>,
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
    plain(view.connection, SQL, params![ca.as_str(), generation], map::partition)
}

pub(in crate::sqlite) fn subject_is_taken(
    view: View<'_>,
    ca: &CaId,
    subject: &[u8],
) -> Result<bool> {
    // Two halves, because users and servers have an index each.
    const SQL: &str = "SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind = 'user'
        UNION ALL
        SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind <> 'user'";
    Ok(view.connection.prepare_cached(SQL)?.exists(params![ca.as_str(), subject])?)
}

fn certificate(view: View<'_>, row: &Row<'_>) -> Result<CertificateRow> {
    let signed: Option<[u8; 32]> = row.get("der_sha256")?;
    let octets = octets(view, row)?;
    let (tbs, der) = match signed {
        Some(_) => (Vec::new(), Some(octets)),
        None => (octets, None),
    };
    Ok(CertificateRow {
        intent: IntentRow { tbs, ..intent(row)? },
        der,
        state: map::state(row)?,
        changed: row.get("changed")?,
        issued: row.get("issued")?,
    })
}

/// The octets of a row's certificate, or of its TBS while it is not signed, as the row names them.
///
/// # Errors
/// [`crate::Error::Corrupt`] for others than were stored; the doubt is raised.
pub(in crate::sqlite) fn octets(view: View<'_>, row: &Row<'_>) -> Result<Vec<u8>> {
    const SQL: &str = "SELECT octets FROM certificate_octets WHERE issued = ?1";
    let signed: Option<[u8; 32]> = row.get("der_sha256")?;
    let expected = match signed {
        Some(expected) => expected,
        None => row.get("tbs_sha256")?,
    };
    let issued: Sequence = row.get("issued")?;
    let stored: Option<Vec<u8>> =
        view.connection.prepare_cached(SQL)?.query_row([issued], |row| row.get(0)).optional()?;
    match stored {
        Some(octets) if digest(&SHA256, &octets).as_ref() == expected => Ok(octets),
        _ => {
            let what = table::CERTIFICATE.name_of(row);
            let reason = "its octets are not those that were stored";
            view.doubt.raise_named(format!("{what}: {reason}"));
            Err(corrupt(what, reason))
        }
    }
}

/// What a row says of its intent, but for the octets.
fn intent(row: &Row<'_>) -> Result<IntentRow> {
    Ok(IntentRow {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        serial: serial(row, "serial")?,
        kind: map::kind(row, "kind")?,
        partition: map::partition(row)?,
        subject: row.get("subject")?,
        spki_sha256: row.get("spki_sha256")?,
        tbs: Vec::new(),
        not_before: timestamp(row, "not_before")?,
        not_after: timestamp(row, "not_after")?,
        policy_digest: row.get("policy_digest")?,
        holder: parsed_option(row, "holder")?,
        application: parsed_option(row, "application")?,
        at: timestamp(row, "intended_at")?,
    })
}
