//! What changes in the registry of people, and in what lets them in.

use domain::id::{ActorId, OperationId};
use domain::staff::Role;
use rusqlite::{Row, ToSql};

use super::work::Work;
use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{micros, stale};
use crate::sqlite::read::people as read;
use crate::sqlite::table::{CREDENTIAL, PASSWORD, PERSON, Stored};
use crate::{Error, Result};

/// The columns of a person after the id.
const COLUMNS: [&str; 10] = [
    "name",
    "state",
    "municipality",
    "since",
    "roles",
    "proposed",
    "proposed_roles",
    "proposed_municipality",
    "proposed_by",
    "proposed_at",
];

pub(super) fn add(work: &mut Work<'_>, row: &PersonRow) -> Result<()> {
    refuse_unknown_roles(row)?;
    let columns = Columns::of(row);
    let values = columns.values();
    let id = row.id.as_str();
    let all: Vec<&dyn ToSql> = std::iter::once(&id as &dyn ToSql).chain(values).collect();
    inserted(work.insert(&PERSON, &all), || format!("a person {}", row.id), || proposer(row))
}

pub(super) fn set(work: &mut Work<'_>, from: &PersonRow, to: &PersonRow) -> Result<()> {
    refuse_unknown_roles(to)?;
    let what = || format!("person {}", to.id);
    let (row, found) = work
        .find(&PERSON, &[&to.id.as_str()], read::person_row)?
        .ok_or_else(|| Error::Missing { what: what() })?;
    if found != *from {
        return Err(stale(what(), standing_of(from), standing_of(&found)));
    }
    super::standing::keep_enough(work.view, work.floor, from, to)?;
    let columns = Columns::of(to);
    let named: Vec<_> = COLUMNS.into_iter().zip(columns.values()).collect();
    let updated = PERSON.update(work.view.connection, &mut work.ledger, row, &named);
    inserted(updated, what, || proposer(to))
}

/// What a person's columns hold, between row and database.
struct Columns<'a> {
    row: &'a PersonRow,
    state: &'static str,
    municipality: Option<&'a str>,
    since: i64,
    roles: String,
    proposed: Option<&'static str>,
    proposed_roles: Option<String>,
    proposed_municipality: Option<&'a str>,
    proposed_by: Option<&'a str>,
    proposed_at: Option<i64>,
}

impl<'a> Columns<'a> {
    fn of(row: &'a PersonRow) -> Self {
        let proposal = row.proposal.as_ref();
        Self {
            row,
            state: row.state.name(),
            municipality: row.municipality.as_ref().map(|code| code.as_str()),
            since: micros(row.since),
            roles: names(&row.roles),
            proposed: proposal.map(|proposal| proposal.kind.name()),
            proposed_roles: proposal.map(|proposal| names(&proposal.roles)),
            proposed_municipality: proposal
                .and_then(|proposal| proposal.municipality.as_ref())
                .map(|code| code.as_str()),
            proposed_by: proposal.map(|proposal| proposal.by.as_str()),
            proposed_at: proposal.map(|proposal| micros(proposal.at)),
        }
    }

    fn values(&self) -> [&dyn ToSql; COLUMNS.len()] {
        [
            &self.row.name,
            &self.state,
            &self.municipality,
            &self.since,
            &self.roles,
            &self.proposed,
            &self.proposed_roles,
            &self.proposed_municipality,
            &self.proposed_by,
            &self.proposed_at,
        ]
    }
}

/// The names of roles with spaces between them.
fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
}

/// A role that is named twice would be read back as two.
fn refuse_unknown_roles(row: &PersonRow) -> Result<()> {
    let proposed = row.proposal.as_ref().map_or(&[][..], |proposal| &proposal.roles);
    for roles in [&row.roles[..], proposed] {
        let twice = roles.iter().enumerate().find(|(place, role)| roles[..*place].contains(role));
        if let Some((_, role)) = twice {
            return Err(Error::Duplicate { what: format!("role {role} of {}", row.id) });
        }
    }
    Ok(())
}

fn proposer(row: &PersonRow) -> String {
    row.proposal
        .as_ref()
        .map_or_else(|| format!("person {}", row.id), |proposal| format!("person {}", proposal.by))
}

/// A person in an error message.
fn standing_of(row: &PersonRow) -> String {
    let proposal = row.proposal.as_ref().map(|proposal| proposal.kind.name());
    match proposal {
        Some(kind) => format!("{} with a proposed {kind}", row.state),
        None => row.state.to_string(),
    }
}

pub(super) fn add_credential(work: &mut Work<'_>, row: &CredentialRow) -> Result<()> {
    let passkey = row.passkey.as_ref();
    let values: [&dyn ToSql; 10] = [
        &row.sha256,
        &row.person.as_str(),
        &row.kind.name(),
        &row.console.map(|address| address.to_string()),
        &passkey.map(|passkey| passkey.id.as_slice()),
        &passkey.map(|passkey| passkey.spki.as_slice()),
        &passkey.map(|passkey| passkey.counter),
        &micros(row.made),
        &row.expires.map(micros),
        &row.operation.as_ref().map(OperationId::as_str),
    ];
    let parent = || format!("person {}", row.person);
    inserted(work.insert(&CREDENTIAL, &values), || "the same credential".to_owned(), parent)
}

pub(super) fn drop_credential(work: &mut Work<'_>, sha256: &[u8; 32]) -> Result<()> {
    match work.find(&CREDENTIAL, &[sha256], |_| Ok(()))? {
        Some((row, ())) => work.delete(&CREDENTIAL, &row),
        None => Err(Error::Missing { what: "the credential".to_owned() }),
    }
}

pub(super) fn drop_credentials(work: &mut Work<'_>, person: &ActorId) -> Result<()> {
    for credential in read::credentials_of(work.view, person)? {
        drop_credential(work, &credential.sha256)?;
    }
    match password_row(work, person)? {
        Some((row, _)) => work.delete(&PASSWORD, &row),
        None => Ok(()),
    }
}

pub(super) fn set_password(
    work: &mut Work<'_>,
    from: Option<&PasswordRow>,
    to: &PasswordRow,
) -> Result<()> {
    let what = || format!("the password of {}", to.person);
    let found = password_row(work, &to.person)?;
    if found.as_ref().map(|(_, row)| row) != from {
        // What a password or its lock was like belongs in no message.
        return Err(stale(what(), "the one that was read", "another one"));
    }
    let values: [&dyn ToSql; 6] = [
        &to.person.as_str(),
        &to.hash,
        &micros(to.set),
        &to.attempts.failures,
        &to.attempts.since.map(micros),
        &to.attempts.locked_until.map(micros),
    ];
    inserted(work.put(&PASSWORD, &values)?, what, || format!("person {}", to.person))
}

fn password_row(work: &Work<'_>, person: &ActorId) -> Result<Option<(Stored, PasswordRow)>> {
    work.find(&PASSWORD, &[&person.as_str()], |row: &Row<'_>| read::password_row(row))
}
