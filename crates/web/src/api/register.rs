//! The resident register and the link to it.

use axum::Extension;

use super::Answer;
use super::input::{Input, Named};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{
    AddressBody, ErasurePermitBody, ForgottenBody, MoveOutBody, RegisterCommandBody,
    RegisterRunBody, ResidentBody,
};

/// Shows a resident.
#[utoipa::path(
    get,
    path = "/api/v1/residents/{code}",
    operation_id = "show_resident",
    tag = "register",
    params(("code" = String, Path, description = "The resident's code, 11 digits.")),
    responses((status = 200, description = "The resident.", body = ResidentBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(code): Named<String>,
) -> Answer<ResidentBody> {
    api.answer(move |desk| desk.resident(&act, &code)).await
}

/// Records a death in the embedded register.
#[utoipa::path(
    post,
    path = "/api/v1/residents/{code}/death",
    operation_id = "record_death",
    tag = "register",
    params(("code" = String, Path, description = "The resident's code, 11 digits.")),
    responses((status = 200, description = "Recorded.", body = RegisterCommandBody), Problem),
)]
pub(super) async fn record_death(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(code): Named<String>,
) -> Answer<RegisterCommandBody> {
    api.answer(move |desk| desk.record_death(&act, &code)).await
}

/// Records a change of address in the embedded register.
#[utoipa::path(
    post,
    path = "/api/v1/residents/{code}/address",
    operation_id = "record_address",
    tag = "register",
    params(("code" = String, Path, description = "The resident's code, 11 digits.")),
    request_body = AddressBody,
    responses((status = 200, description = "Recorded.", body = RegisterCommandBody), Problem),
)]
pub(super) async fn record_address(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(code): Named<String>,
    Input(body): Input<AddressBody>,
) -> Answer<RegisterCommandBody> {
    api.answer(move |desk| desk.record_address(&act, &code, &body)).await
}

/// Records a notice of moving out in the embedded register.
#[utoipa::path(
    post,
    path = "/api/v1/residents/{code}/move-out",
    operation_id = "record_move_out",
    tag = "register",
    params(("code" = String, Path, description = "The resident's code, 11 digits.")),
    request_body = MoveOutBody,
    responses((status = 200, description = "Recorded.", body = RegisterCommandBody), Problem),
)]
pub(super) async fn record_move_out(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(code): Named<String>,
    Input(body): Input<MoveOutBody>,
) -> Answer<RegisterCommandBody> {
    api.answer(move |desk| desk.record_move_out(&act, &code, &body)).await
}

/// Disposes of a person's records and of the key to their data, once the law lets go.
#[utoipa::path(
    post,
    path = "/api/v1/residents/{code}/erasure",
    operation_id = "erase_resident",
    tag = "register",
    params(("code" = String, Path, description = "The resident's code, 11 digits.")),
    request_body = ErasurePermitBody,
    responses((status = 200, description = "What is gone, and what stays.", body = ForgottenBody), Problem),
)]
pub(super) async fn erase(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(code): Named<String>,
    Input(body): Input<ErasurePermitBody>,
) -> Answer<ForgottenBody> {
    api.answer(move |desk| desk.erase_resident(&act, &code, &body)).await
}

/// Carries out what the register's events ask of the CAs.
#[utoipa::path(
    post,
    path = "/api/v1/register-runs",
    operation_id = "apply_register_events",
    tag = "register",
    responses((status = 200, description = "What the run came to.", body = RegisterRunBody), Problem),
)]
pub(super) async fn apply_events(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Answer<RegisterRunBody> {
    api.answer(move |desk| desk.apply_register_events(&act)).await
}
