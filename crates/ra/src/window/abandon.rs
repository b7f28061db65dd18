//! The ends without delivery: refused, withdrawn, destroyed before delivery (A 4.9.9).

use card::LifeState;
use domain::act::Act;
use domain::application::{ApplicationEvent, ApplicationState};
use domain::certificate::CertificateState;
use domain::id::ApplicationId;
use domain::journal::EventKind;
use store::{Change, Entry};
use x509::fingerprint::sha256;

use super::Window;
use super::cards::slot_for;
use super::operation::Step;
use super::verify::MAX_NOTE_CHARACTERS;
use crate::error::{Result, WindowError};
use crate::form::{Request, plain_text};
use crate::record::Record;

impl Window {
    /// Refuses an application for a reason the clerk gives (A 4.1.2.1(3), S 3-1-9, 4-2-3).
    ///
    /// # Errors
    /// [`WindowError::Refused`] and [`WindowError::Form`] by the rules, journaled.
    pub fn refuse(&self, act: &Act, id: &ApplicationId, reason: &str) -> Result<()> {
        let refuse = |step: Step<'_>| {
            let reason = plain_text("reason", reason, MAX_NOTE_CHARACTERS)?;
            self.abandon(step, ApplicationEvent::Refuse, Some(reason))
        };
        self.step(act, (id, EventKind::ApplicationRefused), &[reason], refuse, |_| Ok(()))
    }

    /// Withdraws an application at the applicant's word, before a certificate was issued.
    ///
    /// # Errors
    /// [`WindowError::Refused`] in a later state, journaled.
    pub fn withdraw(&self, act: &Act, id: &ApplicationId) -> Result<()> {
        let withdraw = |step: Step<'_>| {
            if step.application.state == ApplicationState::Issued {
                let rule = "its certificate was issued: deliver or discard it (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None)
        };
        self.step(act, (id, EventKind::ApplicationWithdrawn), &["withdraw"], withdraw, |_| Ok(()))
    }

    /// Destroys what was issued and never delivered: the certificate ends, a card made for it is
    /// destroyed, a card the resident brought gives up what was loaded (A 4.9.9).
    ///
    /// # Errors
    /// [`WindowError::Refused`] in another state, or when the CA has delivered already; journaled.
    pub fn discard(&self, act: &Act, id: &ApplicationId) -> Result<()> {
        let discard = |step: Step<'_>| {
            if step.application.state != ApplicationState::Issued {
                let rule = "nothing was issued that could be destroyed (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None)
        };
        self.step(act, (id, EventKind::ApplicationWithdrawn), &["discard"], discard, |_| Ok(()))
    }

    fn abandon(
        &self,
        step: Step<'_>,
        event: ApplicationEvent,
        reason: Option<String>,
    ) -> Result<()> {
        let to = step.after(event)?;
        let mut record = step.application.record.clone();
        // Also before the state is issued: a cut may have left a certificate that nobody recorded.
        discard_certificates(&step)?;
        let card = record.issued.as_ref().map(|issued| &issued.card);
        let card = card.or(record.prepared.as_ref().map(|prepared| &prepared.card)).cloned();
        let _turn = card.as_ref().map(|card| self.cards.lock(card.as_str()));
        let cleared = self.cleared_card(&step, &record)?;
        let mut entry = step.entry();
        if let Some(reason) = reason {
            entry = entry.personal(&step.application.resident, reason.as_str());
            record.doubts.push(reason);
        }
        let mut unit = step.unit(entry, to, record)?;
        if let Some((changed, put)) = cleared {
            unit = unit.entry(changed).change(put);
        }
        self.store.commit(unit)?;
        Ok(())
    }

    /// The card without what this application put onto it, if it put anything.
    fn cleared_card(&self, step: &Step<'_>, record: &Record) -> Result<Option<(Entry, Change)>> {
        let prepared = record.prepared.as_ref().map(|prepared| &prepared.card);
        let Some(id) = record.issued.as_ref().map(|issued| &issued.card).or(prepared) else {
            return Ok(None);
        };
        let mut held = self.expect_card(id)?;
        if held.card.life() == LifeState::Destroyed {
            return Ok(None);
        }
        let slot = slot_for(step.authority.policy());
        let loading = held.card.loading_public_key(slot)?.map(sha256);
        let is_prepared = record.prepared.as_ref().is_some_and(|p| Some(p.spki_sha256) == loading);
        let change = if record.form.request == Request::IssueWithCard {
            held.card.destroy()?;
            "destroyed"
        } else if loading.is_some() && (record.issued.is_some() || is_prepared) {
            held.card.discard_loading(slot)?;
            "what was loading was given up"
        } else {
            return Ok(None);
        };
        let entry = Entry::new(EventKind::CardChanged, step.operation.act)
            .subject(id)
            .detail("change", change);
        Ok(Some((entry, held.put(&self.vault)?)))
    }
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
