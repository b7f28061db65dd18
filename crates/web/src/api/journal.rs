//! The journal, and the check of the whole installation.

use axum::Extension;

use super::Answer;
use super::input::{Asked, JournalQuery};
use super::places::Served;
use crate::desk::Principal;
use crate::problem::Problem;
use crate::wire::{CheckReportBody, JournalPage};

/// Reads journal entries; that they are read is an entry too.
#[utoipa::path(
    get,
    path = "/api/v1/journal",
    operation_id = "read_journal",
    tag = "journal",
    params(JournalQuery),
    responses((status = 200, description = "The entries.", body = JournalPage), Problem),
)]
pub(super) async fn read(
    api: Served,
    Extension(act): Extension<Principal>,
    Asked(query): Asked<JournalQuery>,
) -> Answer<JournalPage> {
    api.answer(move |desk| desk.journal(&act, query.from, query.limit)).await
}

/// Checks that everything agrees with everything else.
#[utoipa::path(
    get,
    path = "/api/v1/check",
    operation_id = "check_consistency",
    tag = "journal",
    responses((status = 200, description = "What was found.", body = CheckReportBody), Problem),
)]
pub(super) async fn check(
    api: Served,
    Extension(act): Extension<Principal>,
) -> Answer<CheckReportBody> {
    api.answer(move |desk| desk.check(&act)).await
}
