//! Certificates that were issued.

use axum::Extension;

use super::Answer;
use super::input::{Asked, Input, Named, PageQuery};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{CertificateBody, CertificatePage, RevocationBody, RevocationOutcomeBody};

/// Lists certificates in order of issue.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/certificates",
    operation_id = "list_certificates",
    tag = "certificates",
    params(("ca" = String, Path, description = "The CA."), PageQuery),
    responses((status = 200, description = "The certificates.", body = CertificatePage), Problem),
)]
pub(super) async fn list(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
    Asked(query): Asked<PageQuery>,
) -> Answer<CertificatePage> {
    api.answer(move |desk| desk.certificates(&act, &ca, query.after, query.limit)).await
}

/// Shows a certificate with its state.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/certificates/{serial}",
    operation_id = "show_certificate",
    tag = "certificates",
    params(("ca" = String, Path, description = "The CA."), ("serial" = String, Path, description = "The serial, hexadecimal.")),
    responses((status = 200, description = "The certificate.", body = CertificateBody), Problem),
)]
pub(super) async fn show(
    api: Served,
    Extension(act): Extension<Principal>,
    Named((ca, serial)): Named<(String, String)>,
) -> Answer<CertificateBody> {
    api.answer(move |desk| desk.certificate(&act, &ca, &serial)).await
}

/// Revokes a certificate by a row of the policy's table.
#[utoipa::path(
    post,
    path = "/api/v1/cas/{ca}/certificates/{serial}/revocation",
    operation_id = "revoke_certificate",
    tag = "certificates",
    params(
        ("ca" = String, Path, description = "The CA."),
        ("serial" = String, Path, description = "The serial, hexadecimal."),
    ),
    request_body = RevocationBody,
    responses((status = 200, description = "Revoked, now or before.", body = RevocationOutcomeBody), Problem),
)]
pub(super) async fn revoke(
    api: Served,
    Extension(act): Extension<Principal>,
    Named((ca, serial)): Named<(String, String)>,
    Input(body): Input<RevocationBody>,
) -> Answer<RevocationOutcomeBody> {
    api.answer(move |desk| desk.revoke(&act, &ca, &serial, &body)).await
}
