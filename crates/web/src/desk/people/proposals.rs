//! What may be proposed for whom, and settled by whom; nothing here changes anything.

use domain::id::{ActorId, MunicipalityCode};
use domain::rule;
use domain::staff::{ChangeKind, PersonState, ProposalKind, RefusedPerson, Role, check_roles};
use domain::text::FreeText;
use jiff::Timestamp;
use store::{PersonRow, ProposalRow};

use super::{ProposeChange, ProposePerson};
use crate::entrance::principal::Principal;
use crate::operation::text;
use crate::problem::Problem;

/// Characters of the longest name.
const MAX_NAME: usize = 100;

pub(super) fn new_person(
    asked: &ProposePerson,
    by: ActorId,
    at: Timestamp,
) -> Result<PersonRow, Problem> {
    let name = FreeText::line(asked.name.trim(), MAX_NAME);
    let name = name.map_err(|error| Problem::refused("name", error))?;
    let (roles, municipality) = fitting(&asked.roles, asked.municipality)?;
    let kind = ProposalKind::Registration;
    let proposal = ProposalRow { kind, roles: roles.clone(), municipality, by, at };
    Ok(PersonRow {
        id: asked.id.0.clone(),
        name: name.into_string(),
        state: PersonState::Proposed,
        roles,
        municipality,
        proposal: Some(proposal),
        since: at,
    })
}

pub(super) fn proposal(
    row: &PersonRow,
    asked: &ProposeChange,
    by: ActorId,
    at: Timestamp,
) -> Result<ProposalRow, Problem> {
    let kind = ProposalKind::from(*asked.kind);
    if row.id == by {
        return Err(Problem::refused("person", "nobody proposes what concerns themselves"));
    }
    if row.proposal.is_some() {
        return Err(Problem::refused("person", "another proposal waits for its confirmation"));
    }
    if !kind.fits(row.state) {
        let rule = rule!("a person who is {} cannot have a {}", row.state, kind);
        return Err(Problem::refused("kind", rule));
    }
    if *asked.kind == ChangeKind::Roles {
        let (roles, municipality) = fitting(&asked.roles, asked.municipality)?;
        return Ok(ProposalRow { kind, roles, municipality, by, at });
    }
    if !asked.roles.is_empty() || asked.municipality.is_some() {
        return Err(Problem::refused("roles", "only a change of roles names them"));
    }
    Ok(ProposalRow { kind, roles: Vec::new(), municipality: None, by, at })
}

/// Roles that one person may hold, with the municipality that they need or must not have.
fn fitting(
    roles: &[text::Role],
    municipality: Option<text::Municipality>,
) -> Result<(Vec<Role>, Option<MunicipalityCode>), Problem> {
    let roles: Vec<_> = roles.iter().map(|role| **role).collect();
    let municipality = municipality.map(|code| *code);
    if municipality.is_some_and(|code| domain::municipality::find(code).is_none()) {
        return Err(Problem::refused("municipality", "there is no such municipality"));
    }
    check_roles(&roles, municipality.is_some())
        .map_err(|refused| Problem::refused("roles", refused))?;
    Ok((roles, municipality))
}

/// What waits for its confirmation, if this person may settle it.
pub(super) fn confirmable(row: &PersonRow, act: &Principal) -> Result<ProposalRow, Problem> {
    not_oneself(row, act)?;
    let proposal = row.proposal.clone();
    let proposal =
        proposal.ok_or_else(|| Problem::refused("person", "nothing is proposed for them"))?;
    if act.id() == Some(&proposal.by) {
        return Err(Problem::refused("person", "nobody settles what they proposed (A 5.2.4.1)"));
    }
    Ok(proposal)
}

pub(super) fn not_oneself(row: &PersonRow, act: &Principal) -> Result<(), Problem> {
    match act.id() == Some(&row.id) {
        false => Ok(()),
        true => Err(Problem::refused("person", "nobody settles what concerns themselves")),
    }
}

/// The person after the confirmation.
pub(super) fn confirmed(
    row: &PersonRow,
    proposal: &ProposalRow,
    act: &Principal,
) -> Result<PersonRow, Problem> {
    let mut to = PersonRow { proposal: None, since: act.at, ..row.clone() };
    if let Some(event) = proposal.kind.event() {
        to.state = row.state.after(event).map_err(of_state)?;
    }
    if matches!(proposal.kind, ProposalKind::Roles | ProposalKind::Registration) {
        (to.roles, to.municipality) = (proposal.roles.clone(), proposal.municipality);
        check_roles(&to.roles, to.municipality.is_some())
            .map_err(|refused| Problem::refused("roles", refused))?;
    }
    Ok(to)
}

pub(super) fn of_state(refused: RefusedPerson) -> Problem {
    Problem::refused("person", refused)
}
