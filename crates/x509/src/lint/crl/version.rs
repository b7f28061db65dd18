//! The version is v2, because there are extensions.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "version", clause: "RFC 5280 5.1.2.1", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    ensure(draft.version == 1, || format!("version is {}, v2 is 1", draft.version))
}
