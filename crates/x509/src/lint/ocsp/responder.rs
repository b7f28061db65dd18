//! The responder is named by its key's SHA-1.

use crate::ocsp::response_reader::ResponderId;
use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::OcspDraft;

pub(super) const LINT: Lint<OcspDraft> =
    Lint { name: "responder", clause: "RFC 6960 4.2.2.3", effective: date(2013, 6, 1), check };

fn check(draft: &OcspDraft) -> Result<(), String> {
    let wanted = ResponderId::KeyHash(draft.expectation.responder_key_hash.to_vec());
    same("responderID", &draft.data.responder, &wanted)
}
