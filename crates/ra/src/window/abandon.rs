//! The ends without delivery: refused, withdrawn, destroyed before delivery (A 4.9.9).

use card::LifeState;
use card::terminal::TerminalError;
use domain::act::Act;
use domain::application::{ApplicationEvent, ApplicationState};
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, CardId};
use domain::journal::EventKind;
use store::{Entry, Unit};

use super::Window;
use super::at_reader::changed;
use super::cards::{slot_for, tag_of};
use super::operation::Step;
use super::verify::MAX_NOTE_CHARACTERS;
use crate::error::{Result, WindowError};
use crate::form::{Request, plain_text};
use crate::readers::Wanted;
use crate::record::CardRecord;

/// Where the card is that an application ends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardPlace<'a> {
    /// On the reader of this name, or the only one.
    Reader(Option<&'a str>),
    /// Not at hand. What is on it is dealt with when it turns up: see [`Window::reconcile`].
    Absent,
}

impl Default for CardPlace<'_> {
    fn default() -> Self {
        Self::Reader(None)
    }
}

impl Window {
    /// Refuses an application for a reason the clerk gives (A 4.1.2.1(3), S 3-1-9, 4-2-3).
    ///
    /// # Errors
    /// [`WindowError::Refused`] and [`WindowError::Form`] by the rules, journaled.
    pub fn refuse(
        &self,
        act: &Act,
        id: &ApplicationId,
        reason: &str,
        place: CardPlace<'_>,
    ) -> Result<()> {
        let refuse = |step: Step<'_>| {
            let reason = plain_text("reason", reason, MAX_NOTE_CHARACTERS)?;
            self.abandon(step, ApplicationEvent::Refuse, Some(reason), place)
        };
        self.step(act, (id, EventKind::ApplicationRefused), &[reason], refuse, |_| Ok(()))
    }

    /// Withdraws an application at the applicant's word, before a certificate was issued.
    ///
    /// # Errors
    /// [`WindowError::Refused`] in a later state, journaled.
    pub fn withdraw(&self, act: &Act, id: &ApplicationId, place: CardPlace<'_>) -> Result<()> {
        let withdraw = |step: Step<'_>| {
            if step.application.state == ApplicationState::Issued {
                let rule = "its certificate was issued: deliver or discard it (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None, place)
        };
        self.step(act, (id, EventKind::ApplicationWithdrawn), &["withdraw"], withdraw, |_| Ok(()))
    }

    /// Destroys what was issued and never delivered: the certificate ends, a card made for it is
    /// destroyed, a card the resident brought gives up what was loaded (A 4.9.9).
    ///
    /// # Errors
    /// [`WindowError::Refused`] in another state, or when the CA has delivered already; journaled.
    pub fn discard(&self, act: &Act, id: &ApplicationId, place: CardPlace<'_>) -> Result<()> {
        let discard = |step: Step<'_>| {
            if step.application.state != ApplicationState::Issued {
                let rule = "nothing was issued that could be destroyed (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None, place)
        };
        self.step(act, (id, EventKind::ApplicationWithdrawn), &["discard"], discard, |_| Ok(()))
    }

    fn abandon(
        &self,
        step: Step<'_>,
        event: ApplicationEvent,
        reason: Option<String>,
        place: CardPlace<'_>,
    ) -> Result<()> {
        // 1. The certificates end first. Also before the state is issued: a cut may have left one
        //    that nobody recorded.
        let to = step.after(event)?;
        discard_certificates(&step)?;
        // 2. Then the card gives up what it holds.
        let card = step.application.record.card.clone();
        let cleared = card.map(|card| self.clear(&step, &card, place)).transpose()?.flatten();
        // 3. The office knows.
        let mut record = step.application.record.clone();
        let mut entry = step.entry();
        if let Some(reason) = reason {
            entry = entry.personal(&step.application.resident, reason.as_str());
            record.doubts.push(reason);
        }
        let mut unit = step.unit(entry, to, record)?;
        if let Some((changed, card)) = cleared {
            unit = unit.entry(changed).change(card.put()?);
        }
        self.store.commit(unit)?;
        Ok(())
    }

    /// Takes from the card what this application put onto it, if it put anything.
    fn clear(
        &self,
        step: &Step<'_>,
        id: &CardId,
        place: CardPlace<'_>,
    ) -> Result<Option<(Entry, CardRecord)>> {
        let slot = slot_for(step.authority.policy());
        let act = step.operation.act;
        let mut card = self.known_card(id)?;
        let is_ours = card
            .slot(slot)
            .loading
            .as_ref()
            .is_some_and(|on| on.application == step.application.id);
        if !is_ours {
            return Ok(None);
        }
        let is_new = step.application.record.form.request == Request::IssueWithCard;
        let change = match (place, is_new) {
            (CardPlace::Absent, true) => {
                card.is_destroyed = true;
                "given up; to be destroyed when it turns up"
            }
            (CardPlace::Absent, false) => "given up; to be cleared when it turns up",
            (CardPlace::Reader(reader), true) if self.is_blank(step, &card, reader)? => {
                "given back blank"
            }
            (CardPlace::Reader(reader), true) => {
                self.destroy(act, &mut card, reader)?;
                "destroyed"
            }
            (CardPlace::Reader(reader), false) => {
                self.give_up_loading(step, id, reader)?;
                "what was loading was given up"
            }
        };
        card.slot_mut(slot).loading = None;
        Ok(Some((changed(act, id, change), card)))
    }

    fn give_up_loading(&self, step: &Step<'_>, id: &CardId, reader: Option<&str>) -> Result<()> {
        let slot = slot_for(step.authority.policy());
        let mut at = self.at_reader(step.operation.act, &Wanted::card(id, reader))?;
        let tag = tag_of(&step.application.id);
        let loading = at.report.slot(slot).loading.as_ref();
        if loading.is_some_and(|loading| loading.operation == tag) {
            at.card.discard(slot)?;
        }
        Ok(())
    }

    /// Whether a new card was bound and never written to, so that it can serve another.
    fn is_blank(&self, step: &Step<'_>, card: &CardRecord, reader: Option<&str>) -> Result<bool> {
        // What was issued is on the card, and a destroyed one says nothing any more.
        if step.application.state == ApplicationState::Issued || card.is_destroyed {
            return Ok(false);
        }
        let at = self.at_reader(step.operation.act, &Wanted::card(&card.id, reader))?;
        Ok(at.report.life() == LifeState::Blank)
    }

    /// Destroys a card. That it is to be is noted first: a destroyed card cannot say any more who it
    /// is, so that a repetition must know what it did.
    pub(super) fn destroy(
        &self,
        act: &Act,
        card: &mut CardRecord,
        reader: Option<&str>,
    ) -> Result<()> {
        let was_begun = card.is_destroyed;
        if !was_begun {
            card.is_destroyed = true;
            let entry = changed(act, &card.id, "to be destroyed");
            self.store.commit(Unit::new(entry).change(card.put()?))?;
        }
        match self.at_reader(act, &Wanted::card(&card.id, reader)) {
            Ok(at) => Ok(at.card.destroy()?),
            Err(WindowError::Card(error)) if was_begun && is_silent(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What a destroyed card answers.
fn is_silent(error: &TerminalError) -> bool {
    matches!(error, TerminalError::Destroyed)
}

/// Ends every certificate of the application that never reached its holder.
fn discard_certificates(step: &Step<'_>) -> Result<()> {
    if !step.application.kind.issues() {
        return Ok(());
    }
    let certificates = step.authority.certificates_of(&step.application.resident)?;
    for certificate in certificates {
        if certificate.application.as_ref() != Some(&step.application.id) {
            continue;
        }
        match certificate.state {
            CertificateState::Intended | CertificateState::Undelivered { .. } => {
                step.authority.discard(step.operation.act, &certificate.serial)?;
            }
            CertificateState::Good | CertificateState::Held { .. } => {
                let rule = "the CA has delivered the certificate: repeat the delivery (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            CertificateState::Revoked { .. } => {}
        }
    }
    Ok(())
}
