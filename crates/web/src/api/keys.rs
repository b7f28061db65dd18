//! The CAs' keys: custody, renewals rehearsed, compromises.

use axum::Extension;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Answer;
use super::input::{Asked, Input, Named};
use super::places::Served;
use crate::desk::{Desk, Principal};
use crate::problem::Problem;
use crate::wire::{
    CompromiseBody, CompromiseOutcomeBody, CompromisePlanBody, ContributionBody, CustodyBody,
    RehearsalBody,
};

/// Shows where the custodians' work stands.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "show_keys",
    tag = "keys",
    responses((status = 200, description = "The custody of the keys.", body = CustodyBody), Problem),
)]
pub(super) async fn show(api: Served, Extension(act): Extension<Principal>) -> Answer<CustodyBody> {
    api.answer(move |desk| desk.custody(&act)).await
}

/// Brings a custodian's passphrase; the last one needed activates the keys.
#[utoipa::path(
    post,
    path = "/api/v1/keys/activation",
    operation_id = "activate_keys",
    tag = "keys",
    request_body = ContributionBody,
    responses((status = 200, description = "The custody of the keys.", body = CustodyBody), Problem),
)]
pub(super) async fn activate(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<ContributionBody>,
) -> Answer<CustodyBody> {
    api.answer(move |desk| desk.contribute(&act, &body)).await
}

/// Says that a custodian wants the keys asleep; the last one needed deactivates them.
#[utoipa::path(
    post,
    path = "/api/v1/keys/deactivation",
    operation_id = "deactivate_keys",
    tag = "keys",
    responses((status = 200, description = "The custody of the keys.", body = CustodyBody), Problem),
)]
pub(super) async fn deactivate(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Answer<CustodyBody> {
    api.answer(move |desk| desk.leave(&act)).await
}

/// When the new key would take over.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RehearsalQuery {
    /// The moment, RFC 3339; a day from now unless told.
    issues_from: Option<String>,
}

/// Rehearses the renewal of a CA's key with throwaway keys, and says what would break.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/renewal-rehearsal",
    operation_id = "rehearse_renewal",
    tag = "keys",
    params(("ca" = String, Path, description = "The CA."), RehearsalQuery),
    responses((status = 200, description = "Every path, and what was found.", body = RehearsalBody), Problem),
)]
pub(super) async fn rehearse(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
    Asked(query): Asked<RehearsalQuery>,
) -> Answer<RehearsalBody> {
    let work = move |desk: &Desk| desk.rehearse_renewal(&act, &ca, query.issues_from.as_deref());
    api.answer(work).await
}

/// Says what the compromise of a key would mean, or where the procedure stands.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/generations/{generation}/compromise",
    operation_id = "plan_compromise",
    tag = "keys",
    params(
        ("ca" = String, Path, description = "The CA."),
        ("generation" = u32, Path, description = "The generation of the key."),
    ),
    responses((status = 200, description = "What there is to do.", body = CompromisePlanBody), Problem),
)]
pub(super) async fn plan_compromise(
    api: Served,
    Extension(act): Extension<Principal>,
    Named((ca, generation)): Named<(String, u32)>,
) -> Answer<CompromisePlanBody> {
    api.answer(move |desk| desk.compromise_plan(&act, &ca, generation)).await
}

/// Declares a key compromised and carries out what follows, or goes on with it.
#[utoipa::path(
    post,
    path = "/api/v1/cas/{ca}/generations/{generation}/compromise",
    operation_id = "compromise_key",
    tag = "keys",
    params(
        ("ca" = String, Path, description = "The CA."),
        ("generation" = u32, Path, description = "The generation of the key."),
    ),
    request_body = CompromiseBody,
    responses((status = 200, description = "How far it has come.", body = CompromiseOutcomeBody), Problem),
)]
pub(super) async fn compromise(
    api: Served,
    Extension(act): Extension<Principal>,
    Named((ca, generation)): Named<(String, u32)>,
    Input(body): Input<CompromiseBody>,
) -> Answer<CompromiseOutcomeBody> {
    api.answer(move |desk| desk.compromise(&act, &ca, generation, &body, &|_| ())).await
}
