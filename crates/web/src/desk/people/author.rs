//! Who proposed, and whether that still counts when somebody else confirms it.
//!
//! A proposal waits for days, and outlives the session in which it was made. It does not outlive the
//! right of its author, nor a client certificate of theirs that is revoked: whoever found the card would
//! have had the last word.

use domain::act::{Basis, Standing};
use domain::id::ActorId;
use domain::staff::PersonState;
use store::ProposalRow;

use crate::entrance::grounds::Made;
use crate::entrance::resting::own;
use crate::operation::Call;
use crate::problem::Problem;

/// The field of who confirms.
const FIELD: &str = "person";

/// How whoever proposed it stands: what somebody proposed who was kept out since, or let in again by
/// others, is not confirmed, nor what a certificate proposed that is revoked since.
pub(super) fn author_of(
    call: &Call<'_>,
    person: &ActorId,
    proposal: &ProposalRow,
) -> Result<Standing, Problem> {
    let author = call.store().person(&proposal.by)?;
    let author =
        author.filter(|author| author.state == PersonState::Active && author.since <= proposal.at);
    let rule = "whoever proposed it was suspended or removed since, or their roles or what lets them \
                    in changed: refuse it (A 5.2.4.1)";
    let author = author.ok_or_else(|| Problem::refused(FIELD, rule))?;
    let made = Made::Proposal(person, proposal.kind, proposal.at);
    let rests_on = call
        .desk()
        .grounds()
        .rests_on(&made, call.act().at)
        .map_err(|problem| problem.of_field(FIELD))?;
    Ok(author.standing(Basis::Nothing).resting_on(own(&rests_on)))
}
