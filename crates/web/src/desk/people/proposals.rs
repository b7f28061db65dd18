//! What may be proposed for whom, and settled by whom; nothing here changes anything.

use domain::id::{ActorId, MunicipalityCode};
use domain::rule;
use domain::rule::Several;
use domain::staff::{PersonState, ProposalKind, RefusedPerson, Role, check_roles};
use domain::text::FreeText;
use jiff::Timestamp;
use store::{PersonRow, ProposalRow};

use super::super::principal::Principal;
use crate::problem::{Problem, parse_id};
use crate::wire::{NewPersonBody, ProposalBody};

/// Characters of the longest name.
const MAX_NAME: usize = 100;

pub(super) fn new_person(
    body: &NewPersonBody,
    by: ActorId,
    at: Timestamp,
) -> Result<PersonRow, Problem> {
    let id: ActorId = parse_id("id", &body.id)?;
    let name = FreeText::line(body.name.trim(), MAX_NAME);
    let name = name.map_err(|error| Problem::refused("name", error))?;
    let (roles, municipality) = roles_of(&body.roles, body.municipality.as_deref())?;
    let kind = ProposalKind::Registration;
    let proposal = ProposalRow { kind, roles: roles.clone(), municipality, by, at };
    Ok(PersonRow {
        id,
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
    body: &ProposalBody,
    by: ActorId,
    at: Timestamp,
) -> Result<ProposalRow, Problem> {
    let kind =
        ProposalKind::from_name(&body.kind).filter(|kind| *kind != ProposalKind::Registration);
    let kind = kind.ok_or_else(|| {
        Problem::refused("kind", "it must be roles, enrolment, reinstatement or removal")
    })?;
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
    if kind == ProposalKind::Roles {
        let (roles, municipality) = roles_of(&body.roles, body.municipality.as_deref())?;
        return Ok(ProposalRow { kind, roles, municipality, by, at });
    }
    if !body.roles.is_empty() || body.municipality.is_some() {
        return Err(Problem::refused("roles", "only a change of roles names them"));
    }
    Ok(ProposalRow { kind, roles: Vec::new(), municipality: None, by, at })
}

fn roles_of(
    names: &[String],
    municipality: Option<&str>,
) -> Result<(Vec<Role>, Option<MunicipalityCode>), Problem> {
    let role = |name: &String| {
        let known = || Several(Role::ALL.to_vec());
        let none = || rule!("one is none of {}", known()).telling(name);
        Role::from_name(name).ok_or_else(|| Problem::refused("roles", none()))
    };
    let roles = names.iter().map(role).collect::<Result<Vec<_>, _>>()?;
    let municipality: Option<MunicipalityCode> =
        municipality.map(|code| parse_id("municipality", code)).transpose()?;
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
