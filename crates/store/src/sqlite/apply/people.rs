//! What changes in the registry of people, and in what lets them in.

use domain::id::ActorId;
use domain::staff::Role;
use rusqlite::{Connection, params};

use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{micros, stale};
use crate::sqlite::read::people as read;
use crate::{Error, Result};

const ADD: &str = "INSERT INTO person (id, name, state, municipality, since)
    VALUES (?1, ?2, ?3, ?4, ?5)";

const SET: &str = "UPDATE person SET name = ?2, state = ?3, municipality = ?4, since = ?5
    WHERE id = ?1";

const ADD_PROPOSAL: &str = "INSERT INTO proposal
    (person, kind, municipality, proposed_by, proposed_at) VALUES (?1, ?2, ?3, ?4, ?5)";

const ADD_ROLE: &str =
    "INSERT INTO person_role (person, proposed, place, role) VALUES (?1, ?2, ?3, ?4)";

const ADD_CREDENTIAL: &str = "INSERT INTO credential
    (sha256, person, kind, console, passkey_id, passkey_spki, passkey_counter, made, expires)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const PUT_PASSWORD: &str = "INSERT INTO password
    (person, hash, set_at, failures, failed_since, locked_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at,
        failures = excluded.failures, failed_since = excluded.failed_since,
        locked_until = excluded.locked_until";

pub(super) fn add(connection: &Connection, row: &PersonRow) -> Result<()> {
    let what = || format!("a person {}", row.id);
    inserted(write(connection, ADD, row), what, what)?;
    write_parts(connection, row)
}

pub(super) fn set(connection: &Connection, from: &PersonRow, to: &PersonRow) -> Result<()> {
    let what = || format!("person {}", to.id);
    let found = read::person(connection, &to.id)?.ok_or_else(|| Error::Missing { what: what() })?;
    if found != *from {
        return Err(stale(what(), told(from), told(&found)));
    }
    write(connection, SET, to)?;
    for table in ["proposal", "person_role"] {
        connection.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [to.id.as_str()])?;
    }
    write_parts(connection, to)
}

fn write(connection: &Connection, sql: &str, row: &PersonRow) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params![
        row.id.as_str(),
        row.name,
        row.state.name(),
        row.municipality.as_ref().map(|code| code.as_str()),
        micros(row.since),
    ])
}

fn write_parts(connection: &Connection, row: &PersonRow) -> Result<()> {
    let id = row.id.as_str();
    add_roles(connection, id, false, &row.roles)?;
    let Some(proposal) = &row.proposal else { return Ok(()) };
    let outcome = connection.prepare_cached(ADD_PROPOSAL)?.execute(params![
        id,
        proposal.kind.name(),
        proposal.municipality.as_ref().map(|code| code.as_str()),
        proposal.by.as_str(),
        micros(proposal.at),
    ]);
    inserted(outcome, || format!("a proposal for {id}"), || format!("person {}", proposal.by))?;
    add_roles(connection, id, true, &proposal.roles)
}

fn add_roles(connection: &Connection, id: &str, proposed: bool, roles: &[Role]) -> Result<()> {
    let mut add = connection.prepare_cached(ADD_ROLE)?;
    for (place, role) in roles.iter().enumerate() {
        let what = || format!("role {role} of {id}");
        let values = params![id, proposed, place as u64, role.name()];
        inserted(add.execute(values), what, what)?;
    }
    Ok(())
}

/// A person in an error message.
fn told(row: &PersonRow) -> String {
    let proposal = row.proposal.as_ref().map(|proposal| proposal.kind.name());
    match proposal {
        Some(kind) => format!("{} with a proposed {kind}", row.state),
        None => row.state.to_string(),
    }
}

pub(super) fn add_credential(connection: &Connection, row: &CredentialRow) -> Result<()> {
    let passkey = row.passkey.as_ref();
    let outcome = connection.prepare_cached(ADD_CREDENTIAL)?.execute(params![
        row.sha256,
        row.person.as_str(),
        row.kind.name(),
        row.console.map(|address| address.to_string()),
        passkey.map(|passkey| passkey.id.as_slice()),
        passkey.map(|passkey| passkey.spki.as_slice()),
        passkey.map(|passkey| passkey.counter),
        micros(row.made),
        row.expires.map(micros),
    ]);
    inserted(outcome, || "the same credential".to_owned(), || format!("person {}", row.person))
}

pub(super) fn drop_credential(connection: &Connection, sha256: &[u8; 32]) -> Result<()> {
    let dropped = connection.execute("DELETE FROM credential WHERE sha256 = ?1", [sha256])?;
    match dropped {
        0 => Err(Error::Missing { what: "the credential".to_owned() }),
        _ => Ok(()),
    }
}

pub(super) fn drop_credentials(connection: &Connection, person: &ActorId) -> Result<()> {
    for table in ["credential", "password"] {
        connection.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [person.as_str()])?;
    }
    Ok(())
}

pub(super) fn set_password(
    connection: &Connection,
    from: Option<&PasswordRow>,
    to: &PasswordRow,
) -> Result<()> {
    let what = || format!("the password of {}", to.person);
    if read::password(connection, &to.person)?.as_ref() != from {
        // What a password or its lock was like belongs in no message.
        return Err(stale(what(), "the one that was read", "another one"));
    }
    let outcome = connection.prepare_cached(PUT_PASSWORD)?.execute(params![
        to.person.as_str(),
        to.hash,
        micros(to.set),
        to.attempts.failures,
        to.attempts.since.map(micros),
        to.attempts.locked_until.map(micros),
    ]);
    inserted(outcome, what, || format!("person {}", to.person))
}
