//! What a unit rests on, held against the database inside its own transaction: that whoever acts still
//! stands where they stood, that nothing was noted or is open which forbids it, and that the registry keeps
//! the people without whom nobody could act.

use domain::act::Standing;
use domain::id::{ActorId, CaId, SerialNumber};
use domain::staff::{Floor, PersonState, ProposalKind, Role};
use rusqlite::params;

use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::sqlite::map::stale;
use crate::sqlite::read::certificate as read_certificate;
use crate::sqlite::read::people as read;
use crate::sqlite::read::window::operation;
use crate::sqlite::table::View;
use crate::standing::{Registry, stands};
use crate::unit::{Entry, Unit};
use crate::{Error, Result, StatusRow};

/// Everybody on whose right the unit rests, and what must not be noted or open. A refusal changes nothing,
/// and whoever may not act is told so in the journal all the same.
pub(in crate::sqlite) fn hold(view: View<'_>, unit: &Unit) -> Result<()> {
    let acting = unit.entries.iter().filter(|entry| !is_refusal(entry));
    let mut held: Vec<&Standing> = Vec::new();
    for standing in acting.flat_map(Entry::standings) {
        if !held.contains(&standing) {
            if !stands(&view, standing)? {
                return Err(Error::StandingEnded { person: standing.person.clone() });
            }
            held.push(standing);
        }
    }
    for standing in &unit.required {
        if !stands(&view, standing)? {
            let what = format!("the right of {}, on which it rests,", standing.person);
            return Err(stale(what, "as it was", "that it ended"));
        }
    }
    for id in &unit.unnoted {
        if operation(view, id)?.is_some() {
            return Err(stale(format!("operation {id}"), "none", "that it is noted"));
        }
    }
    for (ca, generation) in &unit.unclaimed {
        if read_certificate::is_intended(view, ca, *generation)? {
            let what = format!("intents under generation {generation} of CA {ca}");
            return Err(stale(what, "none", "one that is open"));
        }
    }
    Ok(())
}

fn is_refusal(entry: &Entry) -> bool {
    matches!(entry.outcome, domain::journal::Outcome::Refused { .. })
}

impl Registry for View<'_> {
    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>> {
        read::person(*self, id)
    }

    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>> {
        read::credential(*self, sha256)
    }

    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>> {
        read::password(*self, person)
    }

    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        read_certificate::status(*self, ca, serial)
    }
}

/// Refuses a change of a person after which too few of a role were left, and to propose one. Where there are fewer already,
/// as in the first days of an installation, the number may only grow, unless the registry does not know
/// everybody who counts.
pub(super) fn keep_enough(
    view: View<'_>,
    floor: &[Floor],
    from: &PersonRow,
    to: &PersonRow,
) -> Result<()> {
    for Floor { role, least, has_unregistered, rule } in floor.iter().copied() {
        let goes = holds(from, role) && !holds(to, role);
        let is_to_go = keeps(from, role) && !keeps(to, role);
        if !goes && !is_to_go {
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

/// Whether they hold a role, also after what is proposed for them.
fn keeps(person: &PersonRow, role: Role) -> bool {
    let stays = person.proposal.as_ref().is_none_or(|proposal| match proposal.kind {
        ProposalKind::Removal => false,
        ProposalKind::Roles => proposal.roles.contains(&role),
        ProposalKind::Registration | ProposalKind::Enrolment | ProposalKind::Reinstatement => true,
    });
    stays && holds(person, role)
}

/// How many others hold a role, each after they have proven themselves.
fn others(view: View<'_>, person: &PersonRow, role: Role) -> Result<u64> {
    const SQL: &str = "SELECT * FROM person
        WHERE id <> ?1 AND state = 'active' AND ' ' || roles || ' ' LIKE '% ' || ?2 || ' %'";
    let values = params![person.id.as_str(), role.name()];
    let others = read::people_where(view, SQL, values)?;
    Ok(others.len() as u64)
}
