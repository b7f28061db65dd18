//! thisUpdate and nextUpdate are there, in order, and as planned.

use jiff::civil::date;

use super::super::{Lint, ensure, same};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> = Lint {
    name: "period",
    clause: "RFC 5280 5.1.2.4, 5.1.2.5",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CrlDraft) -> Result<(), String> {
    let ordered = draft.next_update.is_some_and(|next| draft.this_update < next);
    ensure(ordered, || format!("{} to {:?}", draft.this_update, draft.next_update))?;
    // The wire knows whole seconds only.
    let found = (draft.this_update.as_second(), draft.next_update.map(|at| at.as_second()));
    let wanted = &draft.expectation;
    let wanted = (wanted.this_update.as_second(), Some(wanted.next_update.as_second()));
    same("the period in Unix seconds", &found, &wanted)
}
