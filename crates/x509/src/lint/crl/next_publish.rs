//! The next planned issue lies inside the period, and is as planned.

use crate::oid;
use jiff::Timestamp;
use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "next_publish", clause: "A 4.9.7, S 4-4-9", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    let seconds = |at: Option<Timestamp>| at.map(|at| at.as_second());
    let (found, wanted) = (seconds(draft.next_publish), seconds(draft.expectation.next_publish));
    same("CRL Next Publish in Unix seconds", &found, &wanted)?;
    let critical = draft.extensions.iter().any(|e| e.oid == oid::CRL_NEXT_PUBLISH && e.critical);
    ensure(!critical, || "CRL Next Publish is critical".to_owned())?;
    let inside = draft
        .next_publish
        .is_none_or(|at| draft.this_update < at && draft.next_update.is_some_and(|end| at <= end));
    ensure(inside, || "the next planned issue lies outside the period".to_owned())
}
