//! Who proposed, and whether that still counts when somebody else confirms it.
//!
//! A proposal waits for days, and outlives the session in which it was made. It does not outlive the
//! right of its author, nor a client certificate of theirs that is revoked: whoever found the card would
//! have had the last word.

use domain::act::{Basis, Standing};
use domain::id::{ActorId, OperationId, SystemOperation};
use domain::staff::{PersonState, ProposalKind};
use jiff::Timestamp;
use store::{Change, ProposalRow, Unit};
use x509::pem;

use crate::desk::principal::Principal;
use crate::desk::{Desk, repeat};
use crate::problem::Problem;

/// The field of who confirms.
const FIELD: &str = "person";

/// The unit of a proposal, which keeps the client certificate that who proposes has shown, if they have.
pub(super) fn with_certificate(
    unit: Unit,
    act: &Principal,
    person: &ActorId,
    kind: ProposalKind,
) -> Result<Unit, Problem> {
    let Some(der) = act.certificate() else { return Ok(unit) };
    let id = kept_under(person, kind, act.at)?;
    let text = pem::encode(pem::CERTIFICATE, der).map_err(|error| Problem::broke(&error))?;
    Ok(unit.change(Change::RecordOperation { id, answer: text.into_bytes() }))
}

impl Desk {
    /// How whoever proposed it stands: what somebody proposed who was kept out since, or let in again by
    /// others, is not confirmed, nor what a certificate proposed that is revoked since.
    pub(super) fn author_of(
        &self,
        person: &ActorId,
        proposal: &ProposalRow,
        now: Timestamp,
    ) -> Result<Standing, Problem> {
        let author = self.store.person(&proposal.by)?;
        let author = author
            .filter(|author| author.state == PersonState::Active && author.since <= proposal.at);
        let rule = "whoever proposed it was suspended or removed since, or their roles or what lets them \
                    in changed: refuse it (A 5.2.4.1)";
        let author = author.ok_or_else(|| Problem::refused(FIELD, rule))?;
        if let Some(kept) =
            self.store.operation(&kept_under(person, proposal.kind, proposal.at)?)?
        {
            let text = String::from_utf8(kept).map_err(|error| Problem::broke(&error))?;
            let der =
                pem::decode(pem::CERTIFICATE, &text).map_err(|error| Problem::broke(&error))?;
            let stands = self.expect_not_revoked(&der, now);
            stands.map_err(|problem| Problem::refused(FIELD, *problem.rule))?;
        }
        Ok(author.standing(Basis::Nothing))
    }
}

/// Under which operation the certificate is kept: one for each proposal.
fn kept_under(person: &ActorId, kind: ProposalKind, at: Timestamp) -> Result<OperationId, Problem> {
    let named = format!("{person} {kind} {}", at.as_microsecond());
    repeat::kept_under(SystemOperation::Proposal, &named)
}
