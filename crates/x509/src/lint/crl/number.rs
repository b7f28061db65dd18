//! cRLNumber is there, not critical, and the next of the series.

use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "number", clause: "RFC 5280 5.2.3", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    let critical = draft.extensions.iter().any(|e| e.oid == oid::CRL_NUMBER && e.critical);
    ensure(!critical, || "cRLNumber is critical".to_owned())?;
    same("cRLNumber", &draft.number, &Some(draft.expectation.number))
}
