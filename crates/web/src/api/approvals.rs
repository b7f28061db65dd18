//! What second people approve.

use axum::{Extension, Json};
use hyper::http::StatusCode;

use super::input::Input;
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{ApprovalBody, ApprovedBody};

/// Approves, as the second person, what another asks for under the operation's id.
#[utoipa::path(
    post,
    path = "/api/v1/approvals",
    operation_id = "approve_operation",
    tag = "approvals",
    request_body = ApprovedBody,
    responses((status = 201, description = "It is approved, for a day.", body = ApprovalBody), Problem),
)]
pub(super) async fn approve(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<ApprovedBody>,
) -> Result<(StatusCode, Json<ApprovalBody>), Problem> {
    let answer = api.answer(move |desk| desk.approve_body(&act, &body)).await?;
    Ok((StatusCode::CREATED, answer))
}
