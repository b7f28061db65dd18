//! The adoption of a policy by two people.

use std::sync::Arc;

use ca::Adoption;
use domain::id::ActorId;

use super::approvals::{Approvable, Approvals};
use super::permission::Operation as Permitted;
use super::repeat::Repetition;
use crate::entrance::principal::Principal;
use crate::ledger::Ledger;
use crate::problem::Problem;

/// How people adopt a policy. It commits what the CA's rule decides, and has no key.
pub struct PolicyAdoption {
    ledger: Ledger,
    repetition: Arc<Repetition>,
    approvals: Arc<Approvals>,
    adoption: Adoption,
}

impl PolicyAdoption {
    pub(super) fn new(
        (ledger, repetition): (&Ledger, &Arc<Repetition>),
        approvals: &Arc<Approvals>,
        adoption: Adoption,
    ) -> Self {
        let (ledger, repetition) = (ledger.clone(), repetition.clone());
        Self { ledger, repetition, approvals: approvals.clone(), adoption }
    }

    /// Adopts a policy for its CA with a second person, who shows who they are; the id of the CA. It
    /// takes effect at the next start. The SHA-256 of what was adopted is in the journal.
    ///
    /// # Errors
    /// 403; 404 for a CA that was never set up; 409 where the id adopted another; 422 for a text that is
    /// no policy, or one person.
    pub fn adopt(
        &self,
        act: &Principal,
        approver: &ActorId,
        text: &str,
    ) -> Result<String, Problem> {
        let operation = Permitted::AdoptPolicy;
        self.ledger.admit(act, operation)?;
        let done =
            self.repetition.once_in_a_unit(act, operation, &[approver.as_str(), text], || {
                let seconded = self.approvals.seconded(act, approver, Approvable::Policy(text))?;
                let (unit, ca) = self.adoption.adopt(&seconded, text)?;
                Ok((unit, ca.to_string()))
            })?;
        Ok(done.answer())
    }
}
