//! The registry of people: proposed by a senior operator, confirmed by the CA manager (A 5.2.4.1).
//!
//! Nobody confirms what they proposed, nor what concerns themselves; exclusive roles are refused at
//! the proposal and again at the confirmation. No record is ever deleted.

mod author;
mod proposals;

use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::Spaced;
use domain::staff::{
    CredentialKind, ENROLMENT_HOURS, PersonEvent, ProposalKind, Role, credential_rule,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::{Change, CredentialRow, Entry, PersonRow, Unit};
use utoipa::ToSchema;
use x509::digest::sha256;

use self::author::author_of;
use self::proposals::{confirmable, confirmed, new_person, not_oneself, of_state, proposal};
use super::credentials::secret_again;
use super::permission::Operation as Permitted;
use super::repeat::Done;
use super::{cut_to_page, usual_page};
use crate::entrance::grounds::{Made, resting};
use crate::entrance::principal::Principal;
use crate::operation::{Call, Listed, Needs, Operation, Spec, Variant, text};
use crate::problem::Problem;
use crate::wire::{ConfirmationBody, PersonBody, PersonList, SecretText};

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<ListPeople>(),
    Listed::of::<ShowPerson>(),
    Listed::of::<ProposePerson>(),
    Listed::of::<ProposeChange>(),
    Listed::of::<ConfirmProposal>(),
    Listed::of::<RefuseProposal>(),
    Listed::of::<SuspendPerson>(),
];

/// Lists the registry: everybody, or those in one state, of one role or of one municipality.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPeople {
    /// Only those in this state.
    pub state: Option<text::PersonState>,
    /// Only those who have this role.
    pub role: Option<text::Role>,
    /// Only those of this municipality's windows.
    pub municipality: Option<text::Municipality>,
    /// The person after whom the page begins, from the answer before.
    pub after: Option<text::Person>,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl Operation for ListPeople {
    const SPEC: Spec = Spec::get(
        Permitted::ListPeople,
        "/api/v1/people",
        "people",
        "A page of them, those who left too.",
    )
    .needing(Needs::People);

    type Answer = PersonList;

    fn run(self, call: &Call<'_>) -> Result<PersonList, Problem> {
        let mut rows = call.store().people()?;
        rows.retain(|row| self.wants(row));
        let next = cut_to_page(&mut rows, self.limit).map(|row| row.id.to_string());
        call.read(|entry| entry.detail("rows", rows.len()))?;
        Ok(PersonList { people: rows.iter().map(PersonBody::from).collect(), next })
    }
}

impl ListPeople {
    fn wants(&self, row: &PersonRow) -> bool {
        self.state.as_deref().is_none_or(|state| row.state == *state)
            && self.role.as_deref().is_none_or(|role| row.roles.contains(role))
            && self.municipality.as_deref().is_none_or(|here| row.municipality == Some(*here))
            && self.after.as_deref().is_none_or(|after| row.id.as_str() > after.as_str())
    }
}

/// Shows a person and what lets them in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowPerson {
    /// The person.
    pub id: text::Person,
}

impl Operation for ShowPerson {
    const SPEC: Spec =
        Spec::get(Permitted::ShowPerson, "/api/v1/people/{id}", "people", "The person.")
            .needing(Needs::People);

    type Answer = PersonBody;

    fn run(self, call: &Call<'_>) -> Result<PersonBody, Problem> {
        let row = found(call, &self.id)?;
        call.read(|entry| entry.subject(&row.id))?;
        let credentials = call.store().credentials_of(&row.id)?;
        let password = call.store().password(&row.id)?;
        Ok(PersonBody::from(&row).with(&credentials, password.as_ref()))
    }
}

/// Proposes a new person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPersonBody)]
pub struct ProposePerson {
    /// The id, never given before.
    pub id: text::Person,
    /// The name.
    pub name: String,
    /// The roles, for example ca-manager.
    pub roles: Vec<text::Role>,
    /// The municipality of a window clerk or supervisor.
    pub municipality: Option<text::Municipality>,
}

impl Operation for ProposePerson {
    const SPEC: Spec = Spec::post(
        Permitted::ProposePerson,
        "/api/v1/people",
        "people",
        "Proposed; the CA manager confirms.",
    )
    .creating()
    .placed(&["id"])
    .needing(Needs::People);

    type Answer = PersonBody;

    /// Roles that no person may hold together are refused, and an id that was ever given.
    fn run(self, call: &Call<'_>) -> Result<PersonBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let row = new_person(&self, own_id(call)?, act.at);
        let row =
            row.and_then(|row| desk.custodians().expect_share(&row.id, &row.roles).map(|()| row));
        let row = call.checked(row)?;
        let done = call.once_in_a_unit(|| {
            let free = match call.store().person(&row.id)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("id", "it was given to a person before")),
            };
            call.checked(free)?;
            let entry = changed(act, &row).detail("proposed", ProposalKind::Registration);
            let change = Change::AddPerson(row.clone().into());
            let unit = Unit::new(entry.detail("roles", words(&row.roles))).change(change);
            let unit =
                resting(unit, act, &Made::Proposal(&row.id, ProposalKind::Registration, act.at))?;
            Ok((unit, row.id.to_string()))
        });
        as_they_stand(call, &done?.answer())
    }
}

/// Proposes a change of a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProposalBody)]
pub struct ProposeChange {
    /// The person.
    pub id: text::Person,
    /// roles, enrolment, reinstatement or removal.
    pub kind: text::Change,
    /// The roles from then on, where it is about roles.
    #[serde(default)]
    pub roles: Vec<text::Role>,
    /// The municipality from then on.
    pub municipality: Option<text::Municipality>,
}

impl Operation for ProposeChange {
    const SPEC: Spec = Spec::post(
        Permitted::ProposeChange,
        "/api/v1/people/{id}/proposals",
        "people",
        "Proposed; the CA manager confirms.",
    )
    .by(&[
        Variant {
            words: "staff roles",
            about: "Proposes other roles for a person.",
            fixed: ("kind", "roles"),
            told: &["id", "roles", "municipality"],
            needed: &["roles"],
        },
        Variant {
            words: "staff enrol",
            about: "Proposes a new enrolment for a person who lost what let them in.",
            fixed: ("kind", "enrolment"),
            told: &["id"],
            needed: &[],
        },
        Variant {
            words: "staff reinstate",
            about: "Proposes that a suspended person may act again.",
            fixed: ("kind", "reinstatement"),
            told: &["id"],
            needed: &[],
        },
        Variant {
            words: "staff remove",
            about: "Proposes that a person leaves.",
            fixed: ("kind", "removal"),
            told: &["id"],
            needed: &[],
        },
    ])
    .needing(Needs::People);

    type Answer = PersonBody;

    /// Other roles, an enrolment, a reinstatement, a removal, which must fit the person's state.
    fn run(self, call: &Call<'_>) -> Result<PersonBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let by = own_id(call)?;
        let done = call.once_in_a_unit(|| {
            let row = found(call, &self.id)?;
            let proposal = proposal(&row, &self, by, act.at);
            let proposal = proposal
                .and_then(|one| desk.custodians().expect_share(&row.id, &one.roles).map(|()| one));
            let proposal = call.checked(proposal)?;
            let entry = changed(act, &row).detail("proposed", proposal.kind);
            let entry = entry.detail("roles", words(&proposal.roles));
            let (person, kind) = (row.id.clone(), proposal.kind);
            let to = PersonRow { proposal: Some(proposal), ..row.clone() };
            let (unit, id) = set_person(entry, row, to);
            let unit = resting(unit, act, &Made::Proposal(&person, kind, act.at))?;
            Ok((unit, id))
        });
        as_they_stand(call, &done?.answer())
    }
}

/// Confirms what was proposed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmProposal {
    /// The person.
    pub id: text::Person,
}

impl Operation for ConfirmProposal {
    const SPEC: Spec = Spec::post(
        Permitted::ConfirmProposal,
        "/api/v1/people/{id}/confirmation",
        "people",
        "Confirmed.",
    )
    .needing(Needs::People);

    type Answer = ConfirmationBody;

    /// A new person, or one who lost what let them in, gets an enrolment secret. Nobody confirms what
    /// they proposed, nor what concerns themselves.
    fn run(self, call: &Call<'_>) -> Result<ConfirmationBody, Problem> {
        let (desk, act, person) = (call.desk(), call.act(), self.id);
        let mut secret = None;
        let done = call.once_in_a_unit(|| {
            let (unit, expires, fresh) = confirmation(call, &person)?;
            secret = fresh;
            Ok((unit, expires))
        })?;
        // A session begun with what is no credential any more, or under other roles, ends.
        call.entrance().sessions().end_all_of(&person);
        desk.custodians().dismiss_who_left(act)?;
        let (enrolment_expires, secret): (Option<String>, _) = match done {
            Done::Now(expires) => (expires, secret),
            // Its answer did not arrive: another secret in its place, as long as nobody has used it.
            Done::Before(Some(expires)) => {
                (Some(expires), secret_again(call, &person, CredentialKind::Enrolment)?)
            }
            Done::Before(None) => (None, None),
        };
        let enrolment_secret = secret.map(|secret| secret.expose().to_owned());
        let person = as_they_stand(call, person.as_str())?;
        Ok(ConfirmationBody { person, enrolment_secret, enrolment_expires })
    }
}

/// Refuses what was proposed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseProposal {
    /// The person.
    pub id: text::Person,
}

impl Operation for RefuseProposal {
    const SPEC: Spec =
        Spec::post(Permitted::RefuseProposal, "/api/v1/people/{id}/refusal", "people", "Refused.")
            .needing(Needs::People);

    type Answer = PersonBody;

    /// A person who was never confirmed counts as removed.
    fn run(self, call: &Call<'_>) -> Result<PersonBody, Problem> {
        let act = call.act();
        let done = call.once_in_a_unit(|| {
            let row = found(call, &self.id)?;
            let proposal = call.checked(confirmable(&row, act))?;
            let mut to = PersonRow { proposal: None, ..row.clone() };
            if proposal.kind == ProposalKind::Registration {
                let after = row.state.after(PersonEvent::Refuse);
                to.state = call.checked(after.map_err(of_state))?;
                to.since = act.at;
                // They never had any.
                to.roles.clear();
            }
            let entry = changed(act, &row).detail("refused", proposal.kind);
            Ok(set_person(entry, row, to))
        });
        as_they_stand(call, &done?.answer())
    }
}

/// Keeps a person from acting, at once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendPerson {
    /// The person.
    pub id: text::Person,
}

impl Operation for SuspendPerson {
    const SPEC: Spec = Spec::post(
        Permitted::SuspendPerson,
        "/api/v1/people/{id}/suspension",
        "people",
        "Suspended.",
    )
    .needing(Needs::People);

    type Answer = PersonBody;

    /// What was proposed for them lapses. Nobody suspends themselves, nor whom the registry cannot do
    /// without.
    fn run(self, call: &Call<'_>) -> Result<PersonBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let done = call.once_in_a_unit(|| {
            let row = found(call, &self.id)?;
            call.checked(not_oneself(&row, act))?;
            let after = row.state.after(PersonEvent::Suspend).map_err(of_state);
            let state = call.checked(after)?;
            let to = PersonRow { state, proposal: None, since: act.at, ..row.clone() };
            Ok(set_person(changed(act, &row).detail("suspended", true), row, to))
        })?;
        call.entrance().sessions().end_all_of(&self.id);
        desk.custodians().dismiss_who_left(act)?;
        as_they_stand(call, &done.answer())
    }
}

/// The unit of a confirmation, until when its secret must be used, and the secret if there is one.
fn confirmation(
    call: &Call<'_>,
    id: &ActorId,
) -> Result<(Unit, Option<String>, Option<SecretText>), Problem> {
    let act = call.act();
    let row = found(call, id)?;
    let proposal = call.checked(confirmable(&row, act))?;
    let author = call.checked(author_of(call, &row.id, &proposal))?;
    let to = call.checked(confirmed(&row, &proposal, act))?;
    let entry = changed(act, &row).detail("confirmed", proposal.kind);
    let entry = entry.detail("proposed_by", &proposal.by).detail("roles", words(&to.roles));
    let change = Change::SetPerson { from: row.into(), to: to.clone().into() };
    let mut unit = Unit::new(entry).change(change).requiring(author);
    if matches!(proposal.kind, ProposalKind::Enrolment | ProposalKind::Removal) {
        unit = unit.change(Change::DropCredentials(to.id.clone()));
    }
    if proposal.kind == ProposalKind::Roles {
        unit = credentials_beyond(call, &to)?.into_iter().fold(unit, Unit::change);
    }
    let (mut expires, mut secret) = (None, None);
    if matches!(proposal.kind, ProposalKind::Registration | ProposalKind::Enrolment) {
        let fresh = crate::random::secret()?;
        let credential = enrolment(&to.id, &fresh, act)?;
        expires = credential.expires.map(|time| time.to_string());
        unit = unit.change(Change::AddCredential(credential.into()));
        secret = Some(fresh);
    }
    Ok((unit, expires, secret))
}

/// A person of the registry; else the refusal is in the journal.
fn found(call: &Call<'_>, id: &ActorId) -> Result<PersonRow, Problem> {
    call.checked(call.store().person(id)?.ok_or_else(|| Problem::unknown("person")))
}

fn own_id(call: &Call<'_>) -> Result<ActorId, Problem> {
    let id = call.act().id().cloned();
    call.checked(id.ok_or_else(|| Problem::refused("person", call.operation().rule())))
}

/// What takes away the credentials of a kind that the roles from now on do not allow.
fn credentials_beyond(call: &Call<'_>, to: &PersonRow) -> Result<Vec<Change>, Problem> {
    let is_allowed = |row: &CredentialRow| {
        to.roles.iter().all(|role| credential_rule(*role).kinds.contains(&row.kind))
    };
    let rows = call.store().credentials_of(&to.id)?;
    let beyond = rows.into_iter().filter(|row| !is_allowed(row));
    Ok(beyond.map(|row| Change::DropCredential(row.sha256)).collect())
}

/// A person as they stand now. What is kept of an answer is their id: the name that was typed is in
/// the registry alone.
fn as_they_stand(call: &Call<'_>, id: &str) -> Result<PersonBody, Problem> {
    let row = call.store().person(&crate::problem::parse_id("person", id)?)?;
    Ok(PersonBody::from(&row.ok_or_else(|| Problem::unknown("person"))?))
}

pub(super) fn enrolment(
    id: &ActorId,
    secret: &SecretText,
    act: &Principal,
) -> Result<CredentialRow, Problem> {
    let expires = act.at.checked_add(SignedDuration::from_hours(ENROLMENT_HOURS));
    Ok(CredentialRow {
        sha256: sha256(secret.expose().as_bytes()),
        person: id.clone(),
        kind: CredentialKind::Enrolment,
        console: None,
        passkey: None,
        made: act.at,
        expires: Some(expires.map_err(|error| Problem::broke(&error))?),
        operation: Some(act.operation.clone()),
    })
}

/// The unit that changes a person, and who it is.
fn set_person(entry: Entry, from: PersonRow, to: PersonRow) -> (Unit, String) {
    let id = to.id.to_string();
    let change = Change::SetPerson { from: from.into(), to: to.into() };
    (Unit::new(entry).change(change), id)
}

/// The entry of a change of a person, who stands in it by their id alone.
pub(super) fn changed(act: &Principal, row: &PersonRow) -> Entry {
    Entry::new(EventKind::StaffChanged, act).subject(&row.id)
}

fn words(roles: &[Role]) -> Spaced<Role> {
    Spaced(roles.to_vec())
}
