//! What a unit rests on, held against the registry inside its own transaction: that whoever acts still
//! stands where they stood, and that the registry keeps the people without whom nobody could act.

use domain::act::{Basis, Standing};
use domain::certificate::CertificateState;
use domain::reason::RevocationReason;
use domain::staff::{Floor, PersonState, ProposalKind, Role};
use rusqlite::params;

use crate::people::PersonRow;
use crate::sqlite::map::stale;
use crate::sqlite::read::certificate as read_certificate;
use crate::sqlite::read::people as read;
use crate::sqlite::table::View;
use crate::unit::{Entry, Unit};
use crate::{Error, Result};

/// Everybody on whose right the unit rests. A refusal changes nothing, and whoever may not act is told
/// so in the journal all the same.
pub(in crate::sqlite) fn hold(view: View<'_>, unit: &Unit) -> Result<()> {
    let acting = unit.entries.iter().filter(|entry| !is_refusal(entry));
    let mut held: Vec<&Standing> = Vec::new();
    for standing in acting.flat_map(|entry| [&entry.standing, &entry.second]).flatten() {
        if !held.contains(&&**standing) {
            if !stands(view, standing)? {
                return Err(Error::StandingEnded { person: standing.person.clone() });
            }
            held.push(standing);
        }
    }
    for standing in &unit.required {
        if !stands(view, standing)? {
            let what = format!("the right of {}, on which it rests,", standing.person);
            return Err(stale(what, "as it was", "that it ended"));
        }
    }
    Ok(())
}

fn is_refusal(entry: &Entry) -> bool {
    matches!(entry.outcome, domain::journal::Outcome::Refused { .. })
}

fn stands(view: View<'_>, standing: &Standing) -> Result<bool> {
    let Some(person) = read::person(view, &standing.person)? else { return Ok(false) };
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
    if !same || !has_basis {
        return Ok(false);
    }
    for (ca, serial) in &standing.certificates {
        let status = read_certificate::status(view, ca, serial)?;
        if !status.is_some_and(|status| proves_its_owner(status.state)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether what was done with a certificate in this state was done by its owner, by all that is known. That
/// another took its place says nothing against it.
fn proves_its_owner(state: CertificateState) -> bool {
    match state {
        CertificateState::Good => true,
        CertificateState::Revoked { reason, .. } => reason == RevocationReason::Superseded,
        CertificateState::Held { .. }
        | CertificateState::Undelivered { .. }
        | CertificateState::Intended => false,
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
