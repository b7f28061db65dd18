//! Intents, certificates and their transitions; keys and serials that may exist once.

use domain::certificate::{CertificateKind, CertificateState};
use domain::id::{CaId, SerialNumber};
use domain::journal::EventKind;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::rows::IntentRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{self, StateColumns, micros, stale, told};
use crate::unit::Entry;
use crate::{Error, Result, Sequence};

const CERTIFY_KEY: &str = "INSERT INTO certified_key (spki_sha256, role) VALUES (?1, ?2)";

const KEY_ROLE: &str = "SELECT role FROM certified_key WHERE spki_sha256 = ?1";

const SUBJECT_IS_TAKEN: &str =
    "SELECT 1 FROM certificate WHERE ca = ?1 AND subject = ?2 AND kind = 'user'";

const ADD_INTENT: &str = "INSERT INTO certificate
    (ca, serial, generation, kind, partition, state, not_before, not_after, issued, changed,
     intended_at, subject, spki_sha256, policy_digest, holder, application, tbs)
    VALUES (?1, ?2, ?3, ?4, ?5, 'intended', ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const STATE: &str = "SELECT state, state_at, reason FROM certificate WHERE ca = ?1 AND serial = ?2";

const PENDING: &str = "SELECT 1 FROM certificate
    WHERE ca = ?1 AND holder = ?2 AND kind = 'user' AND state IN ('intended', 'undelivered')";

const SET_STATE: &str = "UPDATE certificate
    SET state = ?3, state_at = ?4, reason = ?5, changed = max(issued, ?6),
        der = coalesce(?7, der)
    WHERE ca = ?1 AND serial = ?2";

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

pub(super) fn add_intent(connection: &Connection, issued: Sequence, row: &IntentRow) -> Result<()> {
    certify_key(connection, row)?;
    if row.kind == CertificateKind::User {
        refuse_taken_subject(connection, row)?;
    }
    let outcome = connection.prepare_cached(ADD_INTENT)?.execute(params![
        row.ca.as_str(),
        row.serial.as_bytes(),
        row.generation,
        row.kind.name(),
        row.partition.to_string(),
        micros(row.not_before),
        micros(row.not_after),
        issued,
        micros(row.at),
        row.subject,
        row.spki_sha256,
        row.policy_digest,
        row.holder.as_ref().map(|h| h.as_str()),
        row.application.as_ref().map(|a| a.as_str()),
        row.tbs,
    ]);
    inserted(outcome, || clash(connection, issued, row), || format!("CA {}", row.ca))
}

/// Which of the rules of uniqueness an intent breaks.
fn clash(connection: &Connection, issued: Sequence, row: &IntentRow) -> String {
    let exists = |sql: &str, value: &dyn ToSql| {
        connection.query_row(sql, params![row.ca.as_str(), value], |_| Ok(())).is_ok()
    };
    let holder = row.holder.as_ref().map(|holder| holder.as_str());
    if exists(STATE, row.serial.as_bytes()) {
        format!("serial number {} of CA {}", row.serial, row.ca)
    } else if exists(PENDING, &holder) {
        format!("a certificate of CA {} that the holder waits for", row.ca)
    } else {
        format!("an intent of CA {} under journal entry {issued}", row.ca)
    }
}

/// A key is certified once. Only a CA's own key may be certified again, and only as a CA's key:
/// by link and cross-certificates.
fn certify_key(connection: &Connection, row: &IntentRow) -> Result<()> {
    let role = if row.kind.is_authority() { "authority" } else { "end-entity" };
    let known: Option<String> = connection
        .prepare_cached(KEY_ROLE)?
        .query_row([row.spki_sha256], |r| r.get(0))
        .optional()?;
    let what =
        || format!("a certificate for this public key, as {}", known.as_deref().unwrap_or(role));
    match known.as_deref() {
        None => {
            let outcome =
                connection.prepare_cached(CERTIFY_KEY)?.execute(params![row.spki_sha256, role]);
            inserted(outcome, what, what)
        }
        Some("authority") if row.kind.is_authority() => Ok(()),
        Some(_) => Err(Error::Duplicate { what: what() }),
    }
}

fn refuse_taken_subject(connection: &Connection, row: &IntentRow) -> Result<()> {
    let taken = connection
        .prepare_cached(SUBJECT_IS_TAKEN)?
        .exists(params![row.ca.as_str(), row.subject])?;
    if taken {
        return Err(Error::Duplicate { what: format!("the subject at CA {}", row.ca) });
    }
    Ok(())
}

pub(super) fn complete(
    connection: &Connection,
    changed: Sequence,
    ca: &CaId,
    serial: &SerialNumber,
    der: &[u8],
    to: CertificateState,
) -> Result<()> {
    expect(connection, ca, serial, CertificateState::Intended)?;
    write(connection, changed, ca, serial, to, Some(der))
}

pub(super) fn set(
    connection: &Connection,
    changed: Sequence,
    ca: &CaId,
    serial: &SerialNumber,
    from: CertificateState,
    to: CertificateState,
) -> Result<()> {
    expect(connection, ca, serial, from)?;
    write(connection, changed, ca, serial, to, None)
}

fn expect(
    connection: &Connection,
    ca: &CaId,
    serial: &SerialNumber,
    from: CertificateState,
) -> Result<()> {
    let what = || format!("certificate {ca}/{serial}");
    let found = connection
        .prepare_cached(STATE)?
        .query_row(params![ca.as_str(), serial.as_bytes()], |row| Ok(map::state(row)))
        .optional()?
        .ok_or_else(|| Error::Missing { what: what() })??;
    if StateColumns::from(found) == StateColumns::from(from) {
        Ok(())
    } else {
        Err(stale(what(), told(from), told(found)))
    }
}

fn write(
    connection: &Connection,
    changed: Sequence,
    ca: &CaId,
    serial: &SerialNumber,
    to: CertificateState,
    der: Option<&[u8]>,
) -> Result<()> {
    let to = StateColumns::from(to);
    let outcome = connection.prepare_cached(SET_STATE)?.execute(params![
        ca.as_str(),
        serial.as_bytes(),
        to.state,
        to.state_at,
        to.reason,
        changed,
        der
    ]);
    let what = || format!("certificate {ca}/{serial} as {}", to.state);
    inserted(outcome, what, what)
}
