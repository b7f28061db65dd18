//! People with their roles, what is proposed for them, and what lets them in.

use std::net::IpAddr;

use domain::id::ActorId;
use domain::staff::{Attempts, CredentialKind, PersonState, ProposalKind, Role};
use jiff::Timestamp;
use rusqlite::{Params, Row};

use super::{all, first};
use crate::Result;
use crate::people::{CredentialRow, PasskeyRow, PasswordRow, PersonRow, ProposalRow};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::{named, parsed, parsed_option, timestamp};
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn people(view: View<'_>) -> Result<Vec<PersonRow>> {
    all(view, &table::PERSON, "SELECT * FROM person ORDER BY id", [], person_row)
}

pub(in crate::sqlite) fn people_where(
    view: View<'_>,
    sql: &str,
    values: impl Params,
) -> Result<Vec<PersonRow>> {
    all(view, &table::PERSON, sql, values, person_row)
}

pub(in crate::sqlite) fn person(view: View<'_>, id: &ActorId) -> Result<Option<PersonRow>> {
    const SQL: &str = "SELECT * FROM person WHERE id = ?1";
    first(view, &table::PERSON, SQL, [id.as_str()], person_row)
}

pub(in crate::sqlite) fn person_row(row: &Row<'_>) -> Result<PersonRow> {
    let proposed: Option<String> = row.get("proposed")?;
    let proposal = proposed.map(|_| -> Result<ProposalRow> {
        Ok(ProposalRow {
            kind: named(row, "proposed", ProposalKind::from_name)?,
            roles: roles(row, "proposed_roles")?,
            municipality: parsed_option(row, "proposed_municipality")?,
            by: parsed(row, "proposed_by")?,
            at: timestamp(row, "proposed_at")?,
        })
    });
    Ok(PersonRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        state: named(row, "state", PersonState::from_name)?,
        roles: roles(row, "roles")?,
        municipality: parsed_option(row, "municipality")?,
        proposal: proposal.transpose()?,
        since: timestamp(row, "since")?,
    })
}

/// The roles in a column, with spaces between them.
fn roles(row: &Row<'_>, column: &'static str) -> Result<Vec<Role>> {
    let text: String = row.get(column)?;
    let role = |name| Role::from_name(name).ok_or_else(|| corrupt(column, "it names no role"));
    text.split_terminator(' ').map(role).collect()
}

pub(in crate::sqlite) fn credential(
    view: View<'_>,
    sha256: &[u8; 32],
) -> Result<Option<CredentialRow>> {
    first(
        view,
        &table::CREDENTIAL,
        "SELECT * FROM credential WHERE sha256 = ?1",
        [sha256],
        credential_row,
    )
}

pub(in crate::sqlite) fn credentials_of(
    view: View<'_>,
    person: &ActorId,
) -> Result<Vec<CredentialRow>> {
    const SQL: &str = "SELECT * FROM credential WHERE person = ?1 ORDER BY made, sha256";
    all(view, &table::CREDENTIAL, SQL, [person.as_str()], credential_row)
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
    let operation: Option<String> = row.get("operation")?;
    let address = |text: String| text.parse::<IpAddr>().map_err(|e| corrupt("console", e));
    Ok(CredentialRow {
        sha256: row.get("sha256")?,
        person: parsed(row, "person")?,
        kind,
        console: console.map(address).transpose()?,
        passkey: (kind == CredentialKind::Passkey).then(|| passkey(row)).transpose()?,
        made: timestamp(row, "made")?,
        expires: optional_time(row, "expires")?,
        operation: operation
            .map(|id| id.parse().map_err(|e| corrupt("operation", e)))
            .transpose()?,
    })
}

pub(in crate::sqlite) fn password(view: View<'_>, person: &ActorId) -> Result<Option<PasswordRow>> {
    const SQL: &str = "SELECT * FROM password WHERE person = ?1";
    first(view, &table::PASSWORD, SQL, [person.as_str()], password_row)
}

pub(in crate::sqlite) fn password_row(row: &Row<'_>) -> Result<PasswordRow> {
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
}

fn optional_time(row: &Row<'_>, column: &'static str) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    let time = |micros| Timestamp::from_microsecond(micros).map_err(|e| corrupt(column, e));
    micros.map(time).transpose()
}
