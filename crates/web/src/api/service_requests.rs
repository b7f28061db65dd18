//! Requests for servers' certificates and for their end, from hand to hand.

use axum::Extension;
use axum::Json;
use hyper::http::StatusCode;

use super::Answer;
use super::input::{Asked, Input, Named, RequestsQuery};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{
    FindingsBody, RefusalBody, ServiceIntakeBody, ServiceRequestBody, ServiceRequestPage,
};

/// Takes a request in; a PKCS#10 that does not prove its key is refused at once.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests",
    operation_id = "receive_service_request",
    tag = "service-requests",
    request_body = ServiceIntakeBody,
    responses((status = 201, description = "It is received.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn receive(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<ServiceIntakeBody>,
) -> Result<(StatusCode, Json<ServiceRequestBody>), Problem> {
    let answer = api.answer(move |desk| desk.receive_service_request(&act, &body)).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Lists the newest requests, in one state or in all.
#[utoipa::path(
    get,
    path = "/api/v1/service-requests",
    operation_id = "list_service_requests",
    tag = "service-requests",
    params(RequestsQuery),
    responses((status = 200, description = "The requests.", body = ServiceRequestPage), Problem),
)]
pub(super) async fn list(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(query): Asked<RequestsQuery>,
) -> Answer<ServiceRequestPage> {
    api.answer(move |desk| desk.service_requests(&act, query.state.as_deref(), query.limit)).await
}

/// Shows a request with everything that was done to it.
#[utoipa::path(
    get,
    path = "/api/v1/service-requests/{id}",
    operation_id = "show_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.service_request(&act, &id)).await
}

/// Records that the examiner has no doubt.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/examination",
    operation_id = "examine_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    request_body = FindingsBody,
    responses((status = 200, description = "It is examined.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn examine(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Input(body): Input<FindingsBody>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.examine_service_request(&act, &id, &body)).await
}

/// Records that the approver agrees.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/approval",
    operation_id = "approve_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "It is approved.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn approve(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.approve_service_request(&act, &id)).await
}

/// Releases a request as the first senior operator.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/release",
    operation_id = "release_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "It is released.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn release(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.release_service_request(&act, &id)).await
}

/// Issues the certificate as the second senior operator.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/issue",
    operation_id = "issue_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "It is issued; the answer has the certificate.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn issue(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.issue_service_request(&act, &id)).await
}

/// Revokes the certificate as the second senior operator.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/revocation",
    operation_id = "revoke_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "It is revoked.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn revoke(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.revoke_service_request(&act, &id)).await
}

/// Refuses a request for a reason.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/refusal",
    operation_id = "refuse_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    request_body = RefusalBody,
    responses((status = 200, description = "It is refused.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn refuse(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
    Input(body): Input<RefusalBody>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.refuse_service_request(&act, &id, &body)).await
}

/// Notes that the applicant withdrew.
#[utoipa::path(
    post,
    path = "/api/v1/service-requests/{id}/withdrawal",
    operation_id = "withdraw_service_request",
    tag = "service-requests",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "It is withdrawn.", body = ServiceRequestBody), Problem),
)]
pub(super) async fn withdraw(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(id): Named<String>,
) -> Answer<ServiceRequestBody> {
    api.answer(move |desk| desk.withdraw_service_request(&act, &id)).await
}
