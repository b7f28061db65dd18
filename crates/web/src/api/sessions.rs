//! Logging in: open to everybody, who proves here who they are.

use axum::Json;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use hyper::http::StatusCode;

use super::input::Input;
use super::places::Served;
use crate::access::ThisDoor;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::wire::{LoginBody, PasskeyAnswerBody, PasskeyChallengeBody, SessionBody};

type Opened = (StatusCode, [(HeaderName, HeaderValue); 1], Json<SessionBody>);

/// Opens a session for an id with its password, or with the secret of an enrolment.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    operation_id = "open_session",
    tag = "sessions",
    security(()),
    request_body = LoginBody,
    responses((status = 201, description = "Opened, for eight hours at most.", body = SessionBody), Problem),
)]
pub(super) async fn open(
    api: Served,
    ThisDoor(door): ThisDoor,
    Input(body): Input<LoginBody>,
) -> Result<Opened, Problem> {
    let answer = api.log_in(move |desk| desk.entrance().open_session(body, &door)).await?;
    let unstored = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, unstored, Json(answer)))
}

/// Gives a challenge to whoever logs in with a passkey.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/passkey-challenges",
    operation_id = "begin_passkey_session",
    tag = "sessions",
    security(()),
    responses((status = 201, description = "Given.", body = PasskeyChallengeBody), Problem),
)]
pub(super) async fn begin_passkey(
    api: Served,
    ThisDoor(door): ThisDoor,
) -> Result<(StatusCode, Json<PasskeyChallengeBody>), Problem> {
    let begin = move |desk: &Desk| desk.entrance().begin_passkey_session(&door);
    let answer = api.log_in_by_passkey(begin).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Opens a session for who answers a challenge with their passkey.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/passkey",
    operation_id = "open_passkey_session",
    tag = "sessions",
    security(()),
    request_body = PasskeyAnswerBody,
    responses((status = 201, description = "Opened, for eight hours at most.", body = SessionBody), Problem),
)]
pub(super) async fn open_with_passkey(
    api: Served,
    ThisDoor(door): ThisDoor,
    Input(body): Input<PasskeyAnswerBody>,
) -> Result<Opened, Problem> {
    let work = move |desk: &Desk| desk.entrance().open_passkey_session(&body, &door);
    let answer = api.log_in_by_passkey(work).await?;
    let unstored = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, unstored, Json(answer)))
}
