//! Intents, certificates and their transitions; keys and serials that may exist once.

use aws_lc_rs::digest::{SHA256, digest};
use domain::certificate::{CertificateKind, CertificateState};
use domain::id::{CaId, SerialNumber};
use domain::journal::EventKind;
use rusqlite::{Row, ToSql, params};

use super::work::Work;
use super::{compromise, tally};
use crate::rows::IntentRow;
use crate::rows::StatusRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{StateColumns, micros, stale, state_words};
use crate::sqlite::read::certificate::status_of;
use crate::sqlite::table::{CERTIFICATE, CERTIFIED_KEY, Stored};
use crate::unit::Entry;
use crate::{Error, Result, Sequence};

const SUBJECT_IS_TAKEN: &str =
    "SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind = 'user'";

const SERIAL_IS_TAKEN: &str = "SELECT 1 FROM certificate WHERE ca = ?1 AND serial = ?2";

const PENDING: &str = "SELECT 1 FROM certificate
    WHERE ca = ?1 AND holder = ?2 AND kind = 'user' AND state IN ('intended', 'undelivered')";

const ADD_OCTETS: &str = "INSERT INTO certificate_octets (issued, octets) VALUES (?1, ?2)";

const SET_OCTETS: &str = "UPDATE certificate_octets SET octets = ?2 WHERE issued = ?1";

/// Which journal entry tells of which intent of a unit: the n-th intent belongs to the n-th
/// entry of kind [`EventKind::CertificateIntended`], or else to the n-th entry.
pub(super) struct IntentPlaces {
    places: std::vec::IntoIter<Sequence>,
    first: Sequence,
}

impl IntentPlaces {
    pub(super) fn new(first: Sequence, entries: &[Entry]) -> Self {
        let places = |only: Option<EventKind>| -> Vec<Sequence> {
            let chosen = entries.iter().zip(first..);
            chosen.filter(|(e, _)| only.is_none_or(|k| e.kind == k)).map(|(_, at)| at).collect()
        };
        let told = places(Some(EventKind::CertificateIntended));
        let places = if told.is_empty() { places(None) } else { told };
        Self { places: places.into_iter(), first }
    }

    pub(super) fn next(&mut self) -> Sequence {
        self.places.next().unwrap_or(self.first)
    }
}

pub(super) fn add_intent(work: &mut Work<'_>, issued: Sequence, row: &IntentRow) -> Result<()> {
    certify_key(work, row)?;
    if row.kind == CertificateKind::User {
        refuse_taken_subject(work, row)?;
    }
    let (none, tbs_sha256) = (None::<i64>, digest(&SHA256, &row.tbs));
    let values: [&dyn ToSql; 19] = [
        &row.ca.as_str(),
        &row.serial.as_bytes(),
        &row.generation,
        &row.kind.name(),
        &row.partition.to_string(),
        &"intended",
        &none,
        &none,
        &micros(row.not_before),
        &micros(row.not_after),
        &issued,
        &micros(row.at),
        &row.subject,
        &row.spki_sha256,
        &row.policy_digest,
        &row.holder.as_ref().map(|holder| holder.as_str()),
        &row.application.as_ref().map(|application| application.as_str()),
        &tbs_sha256.as_ref(),
        &none,
    ];
    let added = CERTIFICATE.insert_at(work.view.connection, &mut work.ledger, issued, &values);
    inserted(added, || clash(work, issued, row), || format!("CA {}", row.ca))?;
    let what = || format!("an intent under journal entry {issued}");
    let octets = work.view.connection.prepare_cached(ADD_OCTETS)?.execute(params![issued, row.tbs]);
    inserted(octets, what, what)
}

/// Which of the rules of uniqueness an intent breaks.
fn clash(work: &Work<'_>, issued: Sequence, row: &IntentRow) -> String {
    let exists = |sql: &str, value: &dyn ToSql| {
        let found =
            work.view.connection.query_row(sql, params![row.ca.as_str(), value], |_| Ok(()));
        found.is_ok()
    };
    let holder = row.holder.as_ref().map(|holder| holder.as_str());
    if exists(SERIAL_IS_TAKEN, row.serial.as_bytes()) {
        format!("serial number {} of CA {}", row.serial, row.ca)
    } else if exists(PENDING, &holder) {
        format!("a certificate of CA {} that the holder waits for", row.ca)
    } else {
        format!("an intent of CA {} under journal entry {issued}", row.ca)
    }
}

/// A key is certified once. Only a CA's own key may be certified again, and only as a CA's key:
/// by link and cross-certificates.
fn certify_key(work: &mut Work<'_>, row: &IntentRow) -> Result<()> {
    let role = if row.kind.is_authority() { "authority" } else { "end-entity" };
    let known = work
        .find(&CERTIFIED_KEY, &[&row.spki_sha256], |found| Ok(found.get::<_, String>("role")?))?;
    let known = known.map(|(_, role)| role);
    let what =
        || format!("a certificate for this public key, as {}", known.as_deref().unwrap_or(role));
    match known.as_deref() {
        None => inserted(work.insert(&CERTIFIED_KEY, &[&row.spki_sha256, &role]), what, what),
        Some("authority") if row.kind.is_authority() => Ok(()),
        Some(_) => Err(Error::Duplicate { what: what() }),
    }
}

fn refuse_taken_subject(work: &Work<'_>, row: &IntentRow) -> Result<()> {
    let mut taken = work.view.connection.prepare_cached(SUBJECT_IS_TAKEN)?;
    if taken.exists(params![row.ca.as_str(), row.subject])? {
        return Err(Error::Duplicate { what: format!("the subject at CA {}", row.ca) });
    }
    Ok(())
}

pub(super) fn complete(
    work: &mut Work<'_>,
    ca: &CaId,
    serial: &SerialNumber,
    der: &[u8],
    to: CertificateState,
) -> Result<()> {
    let (row, found) = expect(work, ca, serial, CertificateState::Intended)?;
    compromise::refuse(work.view, ca, found.status.generation)?;
    compromise::refuse_vouching(work.view, found.status.kind, &found.spki_sha256)?;
    let sha256 = digest(&SHA256, der);
    let octets = params![found.issued, der];
    work.view.connection.prepare_cached(SET_OCTETS)?.execute(octets)?;
    write(work, ca, serial, (row, found), to, Some(sha256.as_ref()))
}

pub(super) fn set(
    work: &mut Work<'_>,
    ca: &CaId,
    serial: &SerialNumber,
    from: CertificateState,
    to: CertificateState,
) -> Result<()> {
    let found = expect(work, ca, serial, from)?;
    write(work, ca, serial, found, to, None)
}

/// What a transition needs to know of its certificate.
struct Found {
    status: StatusRow,
    spki_sha256: Vec<u8>,
    issued: Sequence,
}

fn expect(
    work: &Work<'_>,
    ca: &CaId,
    serial: &SerialNumber,
    from: CertificateState,
) -> Result<(Stored, Found)> {
    let what = || format!("certificate {ca}/{serial}");
    let shape = |row: &Row<'_>| {
        let (spki_sha256, issued) = (row.get("spki_sha256")?, row.get("issued")?);
        Ok(Found { status: status_of(row)?, spki_sha256, issued })
    };
    let key: [&dyn ToSql; 2] = [&ca.as_str(), &serial.as_bytes()];
    let found =
        work.find(&CERTIFICATE, &key, shape)?.ok_or_else(|| Error::Missing { what: what() })?;
    if StateColumns::from(found.1.status.state) == StateColumns::from(from) {
        Ok(found)
    } else {
        Err(stale(what(), state_words(from), state_words(found.1.status.state)))
    }
}

fn write(
    work: &mut Work<'_>,
    ca: &CaId,
    serial: &SerialNumber,
    (row, found): (Stored, Found),
    to: CertificateState,
    der_sha256: Option<&[u8]>,
) -> Result<()> {
    let columns = StateColumns::from(to);
    let named: [(&str, &dyn ToSql); 4] = [
        ("state", &columns.state),
        ("state_at", &columns.state_at),
        ("reason", &columns.reason),
        ("der_sha256", &der_sha256),
    ];
    // What is signed stays what it is.
    let named = if der_sha256.is_some() { &named[..] } else { &named[..3] };
    let outcome = CERTIFICATE.update(work.view.connection, &mut work.ledger, row, named);
    let what = || format!("certificate {ca}/{serial} as {}", columns.state);
    inserted(outcome, what, what)?;
    tally::moved(work, ca, &found.status, to)
}
