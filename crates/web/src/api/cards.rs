//! Cards on the readers of the windows.

use axum::Extension;

use super::Answer;
use super::input::{Asked, CardPlaceQuery, Input};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{
    CardBody, CardChangedBody, CardReadingRequestBody, ErasureBody, ReconciliationBody,
    ReconciliationRequestBody, SecretChangeBody, SecretResetBody,
};

/// Reads the card on a reader.
#[utoipa::path(
    post,
    path = "/api/v1/card-readings",
    operation_id = "read_card",
    tag = "cards",
    params(CardPlaceQuery),
    request_body = CardReadingRequestBody,
    responses((status = 200, description = "What is on it.", body = CardBody), Problem),
)]
pub(super) async fn read(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(place): Asked<CardPlaceQuery>,
    Input(body): Input<CardReadingRequestBody>,
) -> Answer<CardBody> {
    api.answer(move |desk| desk.read_card(&act, place.into(), &body)).await
}

/// Changes a secret by its holder.
#[utoipa::path(
    post,
    path = "/api/v1/card-secret-changes",
    operation_id = "change_card_secret",
    tag = "cards",
    params(CardPlaceQuery),
    request_body = SecretChangeBody,
    responses((status = 200, description = "Changed.", body = CardChangedBody), Problem),
)]
pub(super) async fn change_secret(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(place): Asked<CardPlaceQuery>,
    Input(body): Input<SecretChangeBody>,
) -> Answer<CardChangedBody> {
    api.answer(move |desk| desk.change_card_secret(&act, place.into(), &body)).await
}

/// Sets a secret anew and unlocks it.
#[utoipa::path(
    post,
    path = "/api/v1/card-secret-resets",
    operation_id = "reset_card_secret",
    tag = "cards",
    params(CardPlaceQuery),
    request_body = SecretResetBody,
    responses((status = 200, description = "Set.", body = CardChangedBody), Problem),
)]
pub(super) async fn reset_secret(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(place): Asked<CardPlaceQuery>,
    Input(body): Input<SecretResetBody>,
) -> Answer<CardChangedBody> {
    api.answer(move |desk| desk.reset_card_secret(&act, place.into(), &body)).await
}

/// Deletes a slot's key, certificates and secret.
#[utoipa::path(
    post,
    path = "/api/v1/card-erasures",
    operation_id = "erase_card",
    tag = "cards",
    params(CardPlaceQuery),
    request_body = ErasureBody,
    responses((status = 200, description = "Deleted.", body = CardChangedBody), Problem),
)]
pub(super) async fn erase(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(place): Asked<CardPlaceQuery>,
    Input(body): Input<ErasureBody>,
) -> Answer<CardChangedBody> {
    api.answer(move |desk| desk.erase_card(&act, place.into(), &body)).await
}

/// Holds a card against the office and the CAs.
#[utoipa::path(
    post,
    path = "/api/v1/card-reconciliations",
    operation_id = "reconcile_card",
    tag = "cards",
    params(CardPlaceQuery),
    request_body = ReconciliationRequestBody,
    responses((status = 200, description = "What did not agree, and what came of it.", body = ReconciliationBody), Problem),
)]
pub(super) async fn reconcile(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(place): Asked<CardPlaceQuery>,
    Input(body): Input<ReconciliationRequestBody>,
) -> Answer<ReconciliationBody> {
    api.answer(move |desk| desk.reconcile_card(&act, place.into(), &body)).await
}
