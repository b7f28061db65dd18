//! Revocation lists: their series, their publication, themselves.

use axum::Extension;

use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Answer;
use super::input::{Asked, Named};
use super::places::Served;
use crate::desk::{ListEncoding, Principal};
use crate::problem::Problem;
use crate::wire::{PublicationBody, SeriesList};

/// Lists the series of a CA with their published lists.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/lists",
    operation_id = "list_series",
    tag = "lists",
    params(("ca" = String, Path, description = "The CA.")),
    responses((status = 200, description = "The series.", body = SeriesList), Problem),
)]
pub(super) async fn series(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
) -> Answer<SeriesList> {
    api.answer(move |desk| desk.series(&act, &ca)).await
}

/// Publishes every list that is due.
#[utoipa::path(
    post,
    path = "/api/v1/publication",
    operation_id = "publish_due_lists",
    tag = "lists",
    responses((status = 200, description = "What became of each.", body = PublicationBody), Problem),
)]
pub(super) async fn publish_due(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Answer<PublicationBody> {
    api.answer(move |desk| desk.publish_due(&act)).await
}

/// Publishes every list of a CA, due or not.
#[utoipa::path(
    post,
    path = "/api/v1/cas/{ca}/publication",
    operation_id = "publish_all_lists",
    tag = "lists",
    params(("ca" = String, Path, description = "The CA.")),
    responses((status = 200, description = "What became of each.", body = PublicationBody), Problem),
)]
pub(super) async fn publish_all(
    api: Served,
    Extension(act): Extension<Principal>,
    Named(ca): Named<String>,
) -> Answer<PublicationBody> {
    api.answer(move |desk| desk.publish_all(&act, &ca)).await
}

/// Which list, in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The number; the published list when left out.
    number: Option<u64>,
    /// der or pem.
    #[serde(default)]
    #[param(required = false, value_type = String)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Der,
    Pem,
}

/// Hands a revocation list out.
#[utoipa::path(
    get,
    path = "/api/v1/cas/{ca}/lists/{generation}/{partition}",
    operation_id = "fetch_list",
    tag = "lists",
    params(
        ("ca" = String, Path, description = "The CA."),
        ("generation" = u32, Path, description = "The key's generation."),
        ("partition" = String, Path, description = "A municipality's code, other or arl-…."),
        ListQuery
    ),
    responses(
        (status = 200, description = "The list.", content(
            (Vec<u8> = "application/pkix-crl"),
            (String = "application/x-pem-file")
        )),
        Problem
    ),
)]
pub(super) async fn fetch(
    api: Served,
    Extension(act): Extension<Principal>,
    Named((ca, generation, partition)): Named<(String, u32, String)>,
    Asked(query): Asked<ListQuery>,
) -> Result<Response, Problem> {
    let (encoding, media_type) = match query.format {
        Format::Der => (ListEncoding::Der, "application/pkix-crl"),
        Format::Pem => (ListEncoding::Pem, "application/x-pem-file"),
    };
    let series = (generation, partition);
    let list = move |desk: &crate::desk::Desk| {
        desk.list(&act, &ca, (series.0, &series.1), query.number, encoding)
    };
    Ok(([(CONTENT_TYPE, media_type)], api.run(list).await?).into_response())
}
