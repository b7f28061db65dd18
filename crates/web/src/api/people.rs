//! The registry of people.

use axum::{Extension, Json};
use hyper::http::StatusCode;

use super::Answer;
use super::input::{Input, Named};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{ConfirmationBody, NewPersonBody, PersonBody, PersonList, ProposalBody};

/// Lists the registry.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    operation_id = "list_people",
    tag = "people",
    responses((status = 200, description = "Everybody, those who left too.", body = PersonList), Problem),
)]
pub(super) async fn list(api: Served, Extension(act): Extension<Principal>) -> Answer<PersonList> {
    api.answer(move |desk| desk.people(&act)).await
}

/// Proposes a new person.
#[utoipa::path(
    post,
    path = "/api/v1/people",
    operation_id = "propose_person",
    tag = "people",
    request_body = NewPersonBody,
    responses((status = 201, description = "Proposed; the CA manager confirms.", body = PersonBody), Problem),
)]
pub(super) async fn propose(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<NewPersonBody>,
) -> Result<(StatusCode, Json<PersonBody>), Problem> {
    let answer = api.answer(move |desk| desk.propose_person(&act, &body)).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Shows a person and what lets them in.
#[utoipa::path(
    get,
    path = "/api/v1/people/{id}",
    operation_id = "show_person",
    tag = "people",
    params(("id" = String, Path, description = "The person.")),
    responses((status = 200, description = "The person.", body = PersonBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<PersonBody> {
    api.answer(move |desk| desk.person(&act, &id)).await
}

/// Proposes a change of a person.
#[utoipa::path(
    post,
    path = "/api/v1/people/{id}/proposals",
    operation_id = "propose_change",
    tag = "people",
    params(("id" = String, Path, description = "The person.")),
    request_body = ProposalBody,
    responses((status = 200, description = "Proposed; the CA manager confirms.", body = PersonBody), Problem),
)]
pub(super) async fn propose_change(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Input(body): Input<ProposalBody>,
) -> Answer<PersonBody> {
    api.answer(move |desk| desk.propose_change(&act, &id, &body)).await
}

/// Confirms what was proposed.
#[utoipa::path(
    post,
    path = "/api/v1/people/{id}/confirmation",
    operation_id = "confirm_proposal",
    tag = "people",
    params(("id" = String, Path, description = "The person.")),
    responses((status = 200, description = "Confirmed.", body = ConfirmationBody), Problem),
)]
pub(super) async fn confirm(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ConfirmationBody> {
    api.answer(move |desk| desk.confirm_proposal(&act, &id)).await
}

/// Refuses what was proposed.
#[utoipa::path(
    post,
    path = "/api/v1/people/{id}/refusal",
    operation_id = "refuse_proposal",
    tag = "people",
    params(("id" = String, Path, description = "The person.")),
    responses((status = 200, description = "Refused.", body = PersonBody), Problem),
)]
pub(super) async fn refuse(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<PersonBody> {
    api.answer(move |desk| desk.refuse_proposal(&act, &id)).await
}

/// Keeps a person from acting, at once.
#[utoipa::path(
    post,
    path = "/api/v1/people/{id}/suspension",
    operation_id = "suspend_person",
    tag = "people",
    params(("id" = String, Path, description = "The person.")),
    responses((status = 200, description = "Suspended.", body = PersonBody), Problem),
)]
pub(super) async fn suspend(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<PersonBody> {
    api.answer(move |desk| desk.suspend_person(&act, &id)).await
}
