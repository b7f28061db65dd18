//! How a delivered card reaches its holder: over the counter, or as A 4.4.1.1(2) allows (L3).

use domain::identity::Applicant;
use store::Entry;

use super::super::evidence::{MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS};
use super::super::step::StepUnderWay;
use crate::error::{Result, WindowError};
use crate::form::{Request, plain_text};

/// How a card reaches its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Handover {
    /// Over the counter of the window (A 4.4.1.1(1), (3), S 4-3-1).
    #[default]
    AtTheWindow,
    /// At a place that the mayor designates, where the applicant came in person to apply
    /// (A 4.4.1.1(2)).
    AtPlace {
        /// The place.
        place: String,
        /// Who receives it, where the applicant has named somebody.
        receiver: Option<String>,
    },
    /// Sent after the applicant came in person to such a place to apply (A 4.4.1.1(2)).
    Sent {
        /// The address.
        address: String,
        /// Who receives it, where the applicant has named somebody.
        receiver: Option<String>,
    },
}

impl Handover {
    /// Its name in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AtTheWindow => "at the window",
            Self::AtPlace { .. } => "at a place the mayor designates",
            Self::Sent { .. } => "sent",
        }
    }

    /// All of it, as a repetition must have it; nothing for a delivery at the window.
    pub(super) fn parts(&self) -> Vec<&str> {
        let (place, receiver) = match self {
            Self::AtTheWindow => return Vec::new(),
            Self::AtPlace { place, receiver } => (place, receiver),
            Self::Sent { address, receiver } => (address, receiver),
        };
        let receiver = receiver.as_deref();
        [self.name(), place.as_str()].into_iter().chain(receiver).collect()
    }

    /// That the CPS allows it for this application.
    pub(super) fn expect_allowed(&self, step: &StepUnderWay<'_>) -> Result<()> {
        if *self == Self::AtTheWindow {
            return Ok(());
        }
        let form = &step.application.record.form;
        if form.request != Request::IssueWithCard {
            let rule = "a card is handed over elsewhere only where it is issued with the \
                        certificate (A 4.4.1.1(2))";
            return Err(WindowError::refused("handover", rule));
        }
        if form.applicant.role() != Applicant::Resident {
            let rule = "the applicant must have come in person to apply (A 3.2.3.1(1)②)";
            return Err(WindowError::refused("handover", rule));
        }
        Ok(())
    }

    /// The entry of the delivery with what is to be known of it; where to and to whom is personal.
    pub(super) fn note(&self, step: &StepUnderWay<'_>, entry: Entry) -> Result<Entry> {
        let entry = entry.detail("handover", self.name());
        let (field, place, receiver) = match self {
            Self::AtTheWindow => return Ok(entry),
            Self::AtPlace { place, receiver } => ("place", place, receiver),
            Self::Sent { address, receiver } => ("address", address, receiver),
        };
        let mut text = plain_text(field, place, MAX_NOTE_CHARACTERS)?;
        if let Some(receiver) = receiver {
            text =
                format!("{text}; {}", plain_text("receiver", receiver, MAX_DOCUMENT_CHARACTERS)?);
        }
        Ok(entry.personal(&step.application.resident, text.as_str()))
    }
}
