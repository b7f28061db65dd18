//! The CAs and their policies.

use axum::Extension;

use serde::Deserialize;
use utoipa::IntoParams;

use super::Answer;
use super::input::{Asked, Named};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{AuthorityBody, AuthorityList, PolicyBody};

/// Lists the CAs with their keys, fingerprints and certificates.
#[utoipa::path(
    get,
    path = "/api/v1/cas",
    operation_id = "list_authorities",
    tag = "cas",
    responses((status = 200, description = "The CAs.", body = AuthorityList), Problem),
)]
pub(super) async fn list(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Answer<AuthorityList> {
    api.answer(move |desk| desk.authorities(&act)).await
}

/// Shows a CA.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}",
    operation_id = "show_authority",
    tag = "cas",
    params(("ca" = String, Path, description = "The CA.")),
    responses((status = 200, description = "The CA.", body = AuthorityBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
) -> Answer<AuthorityBody> {
    api.answer(move |desk| desk.show_authority(&act, &ca)).await
}

/// Shows the policy in effect, one fact a line with its clause.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/policy",
    operation_id = "show_policy",
    tag = "cas",
    params(("ca" = String, Path, description = "The CA."), PolicyQuery),
    responses((status = 200, description = "The policy.", body = PolicyBody), Problem),
)]
pub(super) async fn policy(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
    Asked(query): Asked<PolicyQuery>,
) -> Answer<PolicyBody> {
    api.answer(move |desk| desk.policy(&act, &ca, query.profile.as_deref())).await
}

/// Which part of a policy.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PolicyQuery {
    /// Only the profile of this kind of certificate.
    profile: Option<String>,
}
