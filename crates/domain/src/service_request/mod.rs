//! Requests for certificates that are no resident's, and for their end: from hand to hand (L13).
//!
//! A request is what was done to it, step by step. It comes into being and changes only by steps
//! that the tables allow, so whoever holds one knows who did each of them, and that they are as
//! many people as the CPS wants.

mod table;

use jiff::Timestamp;

use crate::certificate::CertificateKind;
use crate::id::{ActorId, CaId, SerialNumber, ServiceRequestId};
use crate::revocation::RevocationCause;
use crate::text::FreeText;

pub use table::{
    PurposeName, RequestState, RequestStepName, SEPARATIONS, Scope, Separation, TRANSITIONS,
};

/// Characters of an applicant's name or of a document's.
const LINE: usize = 200;

/// Characters of findings and reasons.
const TEXT: usize = 2000;

/// Documents of one request; a file of more is named as one.
const DOCUMENTS: usize = 20;

/// A certificate to be issued to a server, responder or signer of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certification {
    /// What it is for.
    pub kind: CertificateKind,
    /// The PKCS#10 request, octet for octet: it is its own proof of possession (A 3.2.1.2).
    pub request: Vec<u8>,
    /// The common name.
    pub common_name: String,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A first certificate.
    Issue(Certification),
    /// A certificate for a new key in place of one in force (A 4.7.3.2). The old one stays until a
    /// request of its own ends it, so that a service can change over.
    Renew {
        /// The new certificate.
        certification: Certification,
        /// The serial of the old one.
        old: SerialNumber,
    },
    /// The end of a certificate (A 4.9.3.2).
    Revoke {
        /// The certificate.
        serial: SerialNumber,
        /// The event, a row of the policy's table.
        cause: RevocationCause,
    },
}

impl Purpose {
    /// The purpose's name.
    pub fn name(&self) -> PurposeName {
        match self {
            Self::Issue(_) => PurposeName::Issue,
            Self::Renew { .. } => PurposeName::Renew,
            Self::Revoke { .. } => PurposeName::Revoke,
        }
    }

    /// The certificate to be issued, if one is.
    pub fn certification(&self) -> Option<&Certification> {
        match self {
            Self::Issue(certification) | Self::Renew { certification, .. } => Some(certification),
            Self::Revoke { .. } => None,
        }
    }
}

/// One step with what is recorded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStep {
    /// An intake clerk took the request in.
    Receive {
        /// Who asks: the organisation and the person who speaks for it.
        applicant: String,
        /// The documents that were handed in and checked.
        documents: Vec<String>,
    },
    /// An examiner found no doubt.
    Examine {
        /// What was examined, and how it was found.
        findings: String,
    },
    /// An approver agreed with the examiner.
    Approve,
    /// The first senior operator released it.
    Release,
    /// The second senior operator confirmed it.
    Confirm {
        /// The serial that may be signed from now on.
        serial: SerialNumber,
    },
    /// The certificate exists.
    Issue,
    /// The second senior operator had the certificate revoked.
    Revoke,
    /// Somebody who had to judge it refused.
    Refuse {
        /// Why.
        reason: String,
    },
    /// The applicant withdrew.
    Withdraw,
}

impl RequestStep {
    /// The step's name.
    pub fn name(&self) -> RequestStepName {
        match self {
            Self::Receive { .. } => RequestStepName::Receive,
            Self::Examine { .. } => RequestStepName::Examine,
            Self::Approve => RequestStepName::Approve,
            Self::Release => RequestStepName::Release,
            Self::Confirm { .. } => RequestStepName::Confirm,
            Self::Issue => RequestStepName::Issue,
            Self::Revoke => RequestStepName::Revoke,
            Self::Refuse { .. } => RequestStepName::Refuse,
            Self::Withdraw => RequestStepName::Withdraw,
        }
    }
}

/// A step that was done: by whom, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The step.
    pub step: RequestStep,
    /// Who did it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// A step that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedStep {
    /// The table has no such transition.
    #[error("a request to {purpose} that is {state} cannot be taken to {step}")]
    Order {
        /// What the request is for.
        purpose: PurposeName,
        /// Where it stands.
        state: RequestState,
        /// What was asked.
        step: RequestStepName,
    },
    /// The same person did a step that belongs to another.
    #[error("{by} did the step {earlier}, so {step} is another person's: {rule}")]
    SamePerson {
        /// Who.
        by: ActorId,
        /// What they did before.
        earlier: RequestStepName,
        /// What was asked.
        step: RequestStepName,
        /// The rule, with its clause.
        rule: &'static str,
    },
    /// What is to be recorded is missing or too long.
    #[error("{field}: {rule}")]
    Record {
        /// The field.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
}

/// A service request with everything that was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    id: ServiceRequestId,
    ca: CaId,
    purpose: Purpose,
    state: RequestState,
    /// The first is [`RequestStep::Receive`], the last led to `state`.
    steps: Vec<Done>,
}

impl Request {
    /// A request as `first` took it in.
    ///
    /// # Errors
    /// [`RefusedStep`] if that is no [`RequestStep::Receive`], or what it records is missing or too long.
    pub fn received(
        id: ServiceRequestId,
        ca: CaId,
        purpose: Purpose,
        first: Done,
    ) -> Result<Self, RefusedStep> {
        check_record(&first.step)?;
        let (state, step) = (RequestState::Received, first.step.name());
        if step != RequestStepName::Receive {
            return Err(RefusedStep::Order { purpose: purpose.name(), state, step });
        }
        Ok(Self { id, ca, purpose, state, steps: vec![first] })
    }

    /// The request after one more step.
    ///
    /// # Errors
    /// [`RefusedStep`], by the tables or by what is to be recorded.
    pub fn after(mut self, done: Done) -> Result<Self, RefusedStep> {
        self.state = self.check(done.step.name(), &done.by)?;
        check_record(&done.step)?;
        self.steps.push(done);
        Ok(self)
    }

    /// The state to which `step` by this person would lead.
    ///
    /// # Errors
    /// [`RefusedStep`], by [`TRANSITIONS`] or [`SEPARATIONS`].
    pub fn check(&self, step: RequestStepName, by: &ActorId) -> Result<RequestState, RefusedStep> {
        let (purpose, state) = (self.purpose.name(), self.state);
        let to = TRANSITIONS.after_in(purpose, state, step).ok_or(RefusedStep::Order {
            purpose,
            state,
            step,
        })?;
        for earlier in self.steps.iter().filter(|done| done.by == *by) {
            let earlier = earlier.step.name();
            let pair = SEPARATIONS.iter().find(|pair| pair.one == earlier && pair.other == step);
            if let Some(pair) = pair {
                let (by, rule) = (by.clone(), pair.rule);
                return Err(RefusedStep::SamePerson { by, earlier, step, rule });
            }
        }
        Ok(to)
    }

    /// Which request.
    pub fn id(&self) -> &ServiceRequestId {
        &self.id
    }

    /// The CA it is made to.
    pub fn ca(&self) -> &CaId {
        &self.ca
    }

    /// What it is for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Where it stands.
    pub fn state(&self) -> RequestState {
        self.state
    }

    /// What was done, in order.
    pub fn steps(&self) -> &[Done] {
        &self.steps
    }

    /// Who did a step, if it was done.
    pub fn by(&self, step: RequestStepName) -> Option<&ActorId> {
        self.steps.iter().find(|done| done.step.name() == step).map(|done| &done.by)
    }

    /// Whether this very step of this person is already recorded.
    pub fn has(&self, step: &RequestStep, by: &ActorId) -> bool {
        self.steps.iter().any(|done| done.step == *step && done.by == *by)
    }

    /// The serial that was confirmed, if one was.
    pub fn serial(&self) -> Option<SerialNumber> {
        self.steps.iter().find_map(|done| match done.step {
            RequestStep::Confirm { serial } => Some(serial),
            _ => None,
        })
    }
}

fn check_record(step: &RequestStep) -> Result<(), RefusedStep> {
    match step {
        RequestStep::Receive { applicant, documents } => {
            check_text("applicant", applicant, LINE, "1 to 200 characters in one line")?;
            if !(1..=DOCUMENTS).contains(&documents.len()) {
                let rule = "1 to 20 documents that were checked";
                return Err(RefusedStep::Record { field: "documents", rule });
            }
            let rule = "each 1 to 200 characters in one line";
            documents.iter().try_for_each(|one| check_text("documents", one, LINE, rule))
        }
        RequestStep::Examine { findings } => {
            check_text("findings", findings, TEXT, "1 to 2000 characters")
        }
        RequestStep::Refuse { reason } => {
            check_text("reason", reason, TEXT, "1 to 2000 characters")
        }
        RequestStep::Approve
        | RequestStep::Release
        | RequestStep::Confirm { .. }
        | RequestStep::Issue
        | RequestStep::Revoke
        | RequestStep::Withdraw => Ok(()),
    }
}

fn check_text(
    field: &'static str,
    text: &str,
    most: usize,
    rule: &'static str,
) -> Result<(), RefusedStep> {
    let checked = if most == TEXT { FreeText::lines } else { FreeText::line };
    if checked(text, most).is_err() {
        return Err(RefusedStep::Record { field, rule });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
