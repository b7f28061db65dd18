//! There is one answer for each question, in its order, about the CertID as received.

use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::OcspDraft;

pub(super) const LINT: Lint<OcspDraft> =
    Lint { name: "answers", clause: "RFC 6960 4.2.2.3", effective: date(2013, 6, 1), check };

fn check(draft: &OcspDraft) -> Result<(), String> {
    let found: Vec<_> = draft.data.singles.iter().map(|single| &single.cert_id.der).collect();
    let wanted: Vec<_> = draft.expectation.singles.iter().map(|single| &single.cert_id).collect();
    ensure(!found.is_empty(), || "no answer".to_owned())?;
    same("the list of CertIDs", &found, &wanted)
}
