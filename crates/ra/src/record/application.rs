//! What is recorded of an application from its receipt to its end (L4, L5).

use domain::application::ApplicationState;
use domain::id::{ActorId, CardId, SerialNumber};
use domain::identity::Evidence;
use jiff::Timestamp;

use crate::form::Form;

/// An application's form and everything that was recorded since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The form.
    pub form: Form,
    /// Every state it entered, in order: who and when.
    pub stages: Vec<Stage>,
    /// Every step of the identity check (L5).
    pub checks: Vec<Check>,
    /// Why it was doubted or refused.
    pub doubts: Vec<String>,
    /// The certificates that a revocation or release is about, as of the identity check.
    pub targets: Vec<SerialNumber>,
    /// The card it was bound to, before anything was written to that.
    pub card: Option<CardId>,
    /// What was issued.
    pub issued: Option<IssuedOnCard>,
    /// The text of the receipt, once the application is carried out.
    pub receipt: Option<String>,
}

/// A state that an application entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The state.
    pub state: ApplicationState,
    /// Who took it there.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// One step of an identity check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub evidence: Evidence,
    /// The document that was seen, or the system's finding.
    pub document: String,
    /// Its number, if it has one.
    pub number: String,
    /// What else is worth knowing.
    pub note: String,
    /// Who checked; for the register match, whose act made the system check.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// A certificate on its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedOnCard {
    /// The card.
    pub card: CardId,
    /// The certificate.
    pub serial: SerialNumber,
}

impl Check {
    /// What was seen, in one line.
    pub(crate) fn line(&self) -> String {
        format!("{}: {} {} {}", self.evidence, self.document, self.number, self.note)
    }
}

impl Record {
    /// The record of a form that was just received.
    pub(crate) fn new(form: Form, by: ActorId, at: Timestamp) -> Self {
        Self {
            form,
            stages: vec![Stage { state: ApplicationState::Received, by, at }],
            checks: Vec::new(),
            doubts: Vec::new(),
            targets: Vec::new(),
            card: None,
            issued: None,
            receipt: None,
        }
    }

    /// Who took the application into `state`, if it was ever there.
    pub fn who(&self, state: ApplicationState) -> Option<&ActorId> {
        self.stages.iter().find(|stage| stage.state == state).map(|stage| &stage.by)
    }
}
