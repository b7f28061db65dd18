//! Applications at the windows, and holds by phone.

use axum::Extension;
use axum::Json;
use hyper::http::StatusCode;

use super::Answer;
use super::input::{Asked, Input, LimitQuery, Named, ReaderQuery};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{
    ApplicationBody, ApplicationPage, DeliveryBody, EvidenceBody, FormBody, HoldBody,
    HoldOutcomeBody, RefusalBody,
};

/// Takes an application in.
#[utoipa::path(
    post,
    path = "/api/v1/applications",
    operation_id = "receive_application",
    tag = "applications",
    request_body = FormBody,
    responses((status = 201, description = "It is received.", body = ApplicationBody), Problem),
)]
pub(super) async fn receive(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<FormBody>,
) -> Result<(StatusCode, Json<ApplicationBody>), Problem> {
    let answer = api.answer(move |desk| desk.receive(&act, body)).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Lists the newest applications of the clerk's municipality.
#[utoipa::path(
    get,
    path = "/api/v1/applications",
    operation_id = "list_applications",
    tag = "applications",
    params(LimitQuery),
    responses((status = 200, description = "The applications.", body = ApplicationPage), Problem),
)]
pub(super) async fn list(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(query): Asked<LimitQuery>,
) -> Answer<ApplicationPage> {
    api.answer(move |desk| desk.applications(&act, query.limit)).await
}

/// Shows an application.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}",
    operation_id = "show_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application.")),
    responses((status = 200, description = "The application.", body = ApplicationBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.application(&act, &id)).await
}

/// Records the identity check; a doubt refuses the application.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/verification",
    operation_id = "verify_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application.")),
    request_body = EvidenceBody,
    responses((status = 200, description = "Verified, or refused with the doubts.", body = ApplicationBody), Problem),
)]
pub(super) async fn verify(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Input(body): Input<EvidenceBody>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.verify(&act, &id, body)).await
}

/// Approves as the second person.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/approval",
    operation_id = "approve_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application.")),
    responses((status = 200, description = "Approved.", body = ApplicationBody), Problem),
)]
pub(super) async fn approve(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.approve(&act, &id)).await
}

/// Has the certificate issued onto the card, unusable.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/issue",
    operation_id = "issue_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application."), ReaderQuery),
    responses((status = 200, description = "Issued.", body = ApplicationBody), Problem),
)]
pub(super) async fn issue(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Asked(query): Asked<ReaderQuery>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.issue(&act, &id, query.place())).await
}

/// Delivers the card with the secret its holder sets.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/delivery",
    operation_id = "deliver_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application."), ReaderQuery),
    request_body = DeliveryBody,
    responses((status = 200, description = "Delivered and in force.", body = ApplicationBody), Problem),
)]
pub(super) async fn deliver(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Asked(query): Asked<ReaderQuery>,
    Input(body): Input<DeliveryBody>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.deliver(&act, &id, query.place(), body)).await
}

/// Carries out a revocation or the release of a hold.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/completion",
    operation_id = "complete_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application.")),
    responses((status = 200, description = "Carried out; the receipt is in it.", body = ApplicationBody), Problem),
)]
pub(super) async fn complete(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.complete(&act, &id)).await
}

/// Destroys what was issued and never delivered.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/discard",
    operation_id = "discard_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application."), ReaderQuery),
    responses((status = 200, description = "Destroyed.", body = ApplicationBody), Problem),
)]
pub(super) async fn discard(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Asked(query): Asked<ReaderQuery>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.discard(&act, &id, query.place())).await
}

/// Refuses an application.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/refusal",
    operation_id = "refuse_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application."), ReaderQuery),
    request_body = RefusalBody,
    responses((status = 200, description = "Refused.", body = ApplicationBody), Problem),
)]
pub(super) async fn refuse(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Asked(query): Asked<ReaderQuery>,
    Input(body): Input<RefusalBody>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.refuse(&act, &id, query.place(), &body)).await
}

/// Notes that the applicant withdrew.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/withdrawal",
    operation_id = "withdraw_application",
    tag = "applications",
    params(("id" = String, Path, description = "The application."), ReaderQuery),
    responses((status = 200, description = "Withdrawn.", body = ApplicationBody), Problem),
)]
pub(super) async fn withdraw(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Asked(query): Asked<ReaderQuery>,
) -> Answer<ApplicationBody> {
    api.answer(move |desk| desk.withdraw(&act, &id, query.place())).await
}

/// Holds the certificates of the one resident who answers to the four attributes.
#[utoipa::path(
    post,
    path = "/api/v1/holds",
    operation_id = "hold_certificates",
    tag = "holds",
    request_body = HoldBody,
    responses((status = 200, description = "What is on hold now.", body = HoldOutcomeBody), Problem),
)]
pub(super) async fn hold(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<HoldBody>,
) -> Answer<HoldOutcomeBody> {
    api.answer(move |desk| desk.hold(&act, body)).await
}
