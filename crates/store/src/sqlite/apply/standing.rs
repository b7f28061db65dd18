//! What a unit rests on, held against the registry inside its own transaction: that whoever acts still
//! stands where they stood, and that the registry keeps the people without whom nobody could act.

use domain::act::{Basis, Standing};
use domain::staff::{Floor, PersonState, Role};
use rusqlite::params;

use crate::people::PersonRow;
use crate::sqlite::read::people as read;
use crate::sqlite::table::View;
use crate::unit::{Entry, Unit};
use crate::{Error, Result};

/// Everybody on whose right the unit rests. A refusal changes nothing, and whoever may not act is told
/// so in the journal all the same.
pub(in crate::sqlite) fn hold(view: View<'_>, unit: &Unit) -> Result<()> {
    let acting = unit.entries.iter().filter(|entry| !is_refusal(entry));
    let acting = acting.filter_map(|entry| entry.standing.as_ref());
    let mut held: Vec<&Standing> = Vec::new();
    for standing in acting.chain(&unit.required) {
        if !held.contains(&&**standing) {
            stands(view, standing)?;
            held.push(standing);
        }
    }
    Ok(())
}

fn is_refusal(entry: &Entry) -> bool {
    matches!(entry.outcome, domain::journal::Outcome::Refused { .. })
}

fn stands(view: View<'_>, standing: &Standing) -> Result<()> {
    let ended = || Error::StandingEnded { person: standing.person.clone() };
    let person = read::person(view, &standing.person)?.ok_or_else(ended)?;
    let same = person.state == PersonState::Active
        && person.since == standing.since
        && person.municipality == standing.municipality
        && person.roles == standing.roles;
    let has_basis = match standing.basis {
        Basis::Credential(sha256) => {
            let credential = read::credential(view, &sha256)?;
            credential.is_some_and(|credential| credential.person == standing.person)
        }
        Basis::Password(set) => {
            read::password(view, &standing.person)?.is_some_and(|password| password.set == set)
        }
        Basis::Nothing => true,
    };
    if same && has_basis { Ok(()) } else { Err(ended()) }
}

/// Refuses a change of a person after which too few of a role were left. Where there are fewer already,
/// as in the first days of an installation, the number may only grow, unless the registry does not know
/// everybody who counts.
pub(super) fn keep_enough(
    view: View<'_>,
    floor: &[Floor],
    from: &PersonRow,
    to: &PersonRow,
) -> Result<()> {
    for Floor { role, least, has_unregistered, rule } in floor.iter().copied() {
        if !holds(from, role) || holds(to, role) {
            continue;
        }
        let left = others(view, to, role)?;
        let is_known = !has_unregistered || left + 1 >= u64::from(least);
        if is_known && left < u64::from(least) {
            return Err(Error::TooFew { role, least, rule });
        }
    }
    Ok(())
}

fn holds(person: &PersonRow, role: Role) -> bool {
    person.state == PersonState::Active && person.roles.contains(&role)
}

/// How many others hold a role, each after they have proven themselves.
fn others(view: View<'_>, person: &PersonRow, role: Role) -> Result<u64> {
    const SQL: &str = "SELECT * FROM person
        WHERE id <> ?1 AND state = 'active' AND ' ' || roles || ' ' LIKE '% ' || ?2 || ' %'";
    let values = params![person.id.as_str(), role.name()];
    let others = read::people_where(view, SQL, values)?;
    Ok(others.len() as u64)
}
