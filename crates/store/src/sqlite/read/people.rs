//! People with their roles, what is proposed for them, and what lets them in.

use std::net::IpAddr;

use domain::id::ActorId;
use domain::staff::{Attempts, CredentialKind, PersonState, ProposalKind, Role};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{all, first};
use crate::Result;
use crate::people::{CredentialRow, PasskeyRow, PasswordRow, PersonRow, ProposalRow};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::{named, parsed, parsed_option, timestamp};

pub(in crate::sqlite) fn people(connection: &Connection) -> Result<Vec<PersonRow>> {
    all(connection, "SELECT * FROM person ORDER BY id", [], |row| person_row(connection, row))
}

pub(in crate::sqlite) fn person(
    connection: &Connection,
    id: &ActorId,
) -> Result<Option<PersonRow>> {
    const SQL: &str = "SELECT * FROM person WHERE id = ?1";
    first(connection, SQL, [id.as_str()], |row| person_row(connection, row))
}

fn person_row(connection: &Connection, row: &Row<'_>) -> Result<PersonRow> {
    const PROPOSAL: &str = "SELECT * FROM proposal WHERE person = ?1";
    let id: ActorId = parsed(row, "id")?;
    let proposal = |row: &Row<'_>| {
        Ok(ProposalRow {
            kind: named(row, "kind", ProposalKind::from_name)?,
            roles: roles(connection, &id, true)?,
            municipality: parsed_option(row, "municipality")?,
            by: parsed(row, "proposed_by")?,
            at: timestamp(row, "proposed_at")?,
        })
    };
    Ok(PersonRow {
        name: row.get("name")?,
        state: named(row, "state", PersonState::from_name)?,
        roles: roles(connection, &id, false)?,
        municipality: parsed_option(row, "municipality")?,
        proposal: first(connection, PROPOSAL, [id.as_str()], proposal)?,
        since: timestamp(row, "since")?,
        id,
    })
}

fn roles(connection: &Connection, person: &ActorId, proposed: bool) -> Result<Vec<Role>> {
    const SQL: &str =
        "SELECT role FROM person_role WHERE person = ?1 AND proposed = ?2 ORDER BY place";
    let role = |row: &Row<'_>| named(row, "role", Role::from_name);
    all(connection, SQL, params![person.as_str(), proposed], role)
}

pub(in crate::sqlite) fn credential(
    connection: &Connection,
    sha256: &[u8; 32],
) -> Result<Option<CredentialRow>> {
    first(connection, "SELECT * FROM credential WHERE sha256 = ?1", [sha256], credential_row)
}

pub(in crate::sqlite) fn credentials_of(
    connection: &Connection,
    person: &ActorId,
) -> Result<Vec<CredentialRow>> {
    const SQL: &str = "SELECT * FROM credential WHERE person = ?1 ORDER BY made, sha256";
    all(connection, SQL, [person.as_str()], credential_row)
}

fn credential_row(row: &Row<'_>) -> Result<CredentialRow> {
    let kind = named(row, "kind", CredentialKind::from_name)?;
    let passkey = |row: &Row<'_>| -> Result<PasskeyRow> {
        Ok(PasskeyRow {
            id: row.get("passkey_id")?,
            spki: row.get("passkey_spki")?,
            counter: row.get("passkey_counter")?,
        })
    };
    let console: Option<String> = row.get("console")?;
    let address = |text: String| text.parse::<IpAddr>().map_err(|e| corrupt("console", e));
    Ok(CredentialRow {
        sha256: row.get("sha256")?,
        person: parsed(row, "person")?,
        kind,
        console: console.map(address).transpose()?,
        passkey: (kind == CredentialKind::Passkey).then(|| passkey(row)).transpose()?,
        made: timestamp(row, "made")?,
        expires: optional_time(row, "expires")?,
    })
}

pub(in crate::sqlite) fn password(
    connection: &Connection,
    person: &ActorId,
) -> Result<Option<PasswordRow>> {
    const SQL: &str = "SELECT * FROM password WHERE person = ?1";
    first(connection, SQL, [person.as_str()], |row| {
        Ok(PasswordRow {
            person: parsed(row, "person")?,
            hash: row.get("hash")?,
            set: timestamp(row, "set_at")?,
            attempts: Attempts {
                failures: row.get("failures")?,
                since: optional_time(row, "failed_since")?,
                locked_until: optional_time(row, "locked_until")?,
            },
        })
    })
}

fn optional_time(row: &Row<'_>, column: &'static str) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    let time = |micros| Timestamp::from_microsecond(micros).map_err(|e| corrupt(column, e));
    micros.map(time).transpose()
}
