//! No answer is younger than the response, ends before it begins, or tells of the future.

use crate::ocsp::ReceivedStatus;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::OcspDraft;

pub(super) const LINT: Lint<OcspDraft> =
    Lint { name: "times", clause: "RFC 6960 2.4, 4.2.2.1", effective: date(2013, 6, 1), check };

fn check(draft: &OcspDraft) -> Result<(), String> {
    let produced_at = draft.data.produced_at;
    draft.data.singles.iter().try_for_each(|single| {
        let begun = single.this_update <= produced_at;
        ensure(begun, || "thisUpdate is later than producedAt".to_owned())?;
        let ordered = single.next_update.is_none_or(|next| single.this_update < next);
        ensure(ordered, || "nextUpdate is not later than thisUpdate".to_owned())?;
        match single.status {
            ReceivedStatus::Revoked { at, .. } => {
                ensure(at <= produced_at, || "revoked in the future".to_owned())
            }
            _ => Ok(()),
        }
    })
}
