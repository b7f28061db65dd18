//! Logging in, and what somebody sets for themselves.

use axum::{Extension, Json};
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use hyper::http::StatusCode;

use super::Answer;
use super::input::Input;
use super::places::Served;
use crate::access::{Peer, ThisDoor};
use crate::desk::{Desk, Principal};
use crate::problem::Problem;
use crate::wire::{
    ChangedBody, ClientCertificateBody, LoginBody, PasskeyAnswerBody, PasskeyBody,
    PasskeyChallengeBody, PasswordBody, SessionBody, TokenBody, TokenWishBody,
};

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
    let answer = api.log_in(move |desk| desk.open_session(body, &door)).await?;
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
    let begin = move |desk: &Desk| desk.begin_passkey_session(&door);
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
    let work = move |desk: &Desk| desk.open_passkey_session(&body, &door);
    let answer = api.log_in_by_passkey(work).await?;
    let unstored = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, unstored, Json(answer)))
}

/// Ends one's sessions.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/end",
    operation_id = "end_session",
    tag = "sessions",
    responses((status = 200, description = "Ended.", body = ChangedBody), Problem),
)]
pub(super) async fn end(api: Served, Extension(act): Extension<Principal>) -> Answer<ChangedBody> {
    api.answer(move |desk| desk.end_session(&act)).await
}

/// Sets one's own password.
#[utoipa::path(
    post,
    path = "/api/v1/me/password",
    operation_id = "set_password",
    tag = "sessions",
    request_body = PasswordBody,
    responses((status = 200, description = "Set; it lasts 90 days.", body = ChangedBody), Problem),
)]
pub(super) async fn set_password(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<PasswordBody>,
) -> Answer<ChangedBody> {
    api.answer(move |desk| desk.set_password(&act, &body)).await
}

/// Registers a client certificate of one's own.
#[utoipa::path(
    post,
    path = "/api/v1/me/certificates",
    operation_id = "register_certificate",
    tag = "sessions",
    request_body = ClientCertificateBody,
    responses((status = 201, description = "Registered.", body = ChangedBody), Problem),
)]
pub(super) async fn register_certificate(
    api: Served,
    Extension(act): Extension<Principal>,
    Extension(peer): Extension<Peer>,
    Input(body): Input<ClientCertificateBody>,
) -> Result<(StatusCode, Json<ChangedBody>), Problem> {
    let register =
        move |desk: &Desk| desk.register_certificate(&act, &body, peer.certificate.as_deref());
    let answer = api.answer(register).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Makes a token of one's own, bound to the address that asks for it unless it is for a program.
#[utoipa::path(
    post,
    path = "/api/v1/me/tokens",
    operation_id = "make_token",
    tag = "sessions",
    request_body = TokenWishBody,
    responses((status = 201, description = "Made; it is shown this once.", body = TokenBody), Problem),
)]
pub(super) async fn make_token(
    api: Served,
    Extension(act): Extension<Principal>,
    ThisDoor(door): ThisDoor,
    Input(body): Input<TokenWishBody>,
) -> Result<(StatusCode, Json<TokenBody>), Problem> {
    let answer = api.answer(move |desk| desk.make_token(&act, door.from, &body)).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Gives a challenge for a passkey of one's own.
#[utoipa::path(
    post,
    path = "/api/v1/me/passkey-challenges",
    operation_id = "begin_passkey",
    tag = "sessions",
    responses((status = 201, description = "Given.", body = PasskeyChallengeBody), Problem),
)]
pub(super) async fn begin_own_passkey(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Result<(StatusCode, Json<PasskeyChallengeBody>), Problem> {
    let answer = api.answer(move |desk| desk.begin_passkey(&act)).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Registers a passkey of one's own.
#[utoipa::path(
    post,
    path = "/api/v1/me/passkeys",
    operation_id = "register_passkey",
    tag = "sessions",
    request_body = PasskeyBody,
    responses((status = 201, description = "Registered.", body = ChangedBody), Problem),
)]
pub(super) async fn register_passkey(
    api: Served,
    Extension(act): Extension<Principal>,
    Input(body): Input<PasskeyBody>,
) -> Result<(StatusCode, Json<ChangedBody>), Problem> {
    let answer = api.answer(move |desk| desk.register_passkey(&act, &body)).await?;
    Ok((StatusCode::CREATED, answer))
}
