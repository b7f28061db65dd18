//! The ends without delivery: refused, withdrawn, destroyed before delivery (A 4.9.9).

use card::LifeState;
use card::terminal::TerminalError;
use domain::act::Act;
use domain::application::{ApplicationEvent, ApplicationState};
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, CardId};
use domain::journal::EventKind;
use store::Entry;

use super::super::at_reader::changed;
use super::super::cards::{slot_for, tag_of};
use super::super::evidence::MAX_NOTE_CHARACTERS;
use super::super::locks::Turn;
use super::super::step::StepUnderWay;
use super::CardCounter;
use crate::error::{Result, WindowError};
use crate::form::{Request, plain_text};
use crate::readers::Wanted;
use crate::record::CardRecord;

/// Where the card is that an application ends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardPlace<'a> {
    /// On the reader of this name, or the only one.
    Reader(Option<&'a str>),
    /// Not at hand. What is on it is dealt with when it turns up: see [`Reconciler`](crate::window::Reconciler).
    Absent,
}

impl<'a> CardPlace<'a> {
    /// The place that a caller names: a reader, unless the card is not at hand.
    pub fn of(reader: Option<&'a str>, is_absent: bool) -> Self {
        if is_absent { Self::Absent } else { Self::Reader(reader) }
    }
}

impl Default for CardPlace<'_> {
    fn default() -> Self {
        Self::Reader(None)
    }
}

impl CardCounter {
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
        let refuse = |step: StepUnderWay<'_>| {
            let reason = plain_text("reason", reason, MAX_NOTE_CHARACTERS)?;
            self.abandon(step, ApplicationEvent::Refuse, Some(reason), place)
        };
        self.steps.step(act, (id, EventKind::ApplicationRefused), &[reason], refuse, |_| Ok(()))
    }

    /// Withdraws an application at the applicant's word, before a certificate was issued.
    ///
    /// # Errors
    /// [`WindowError::Refused`] in a later state, journaled.
    pub fn withdraw(&self, act: &Act, id: &ApplicationId, place: CardPlace<'_>) -> Result<()> {
        let withdraw = |step: StepUnderWay<'_>| {
            if step.application.state == ApplicationState::Issued {
                let rule = "its certificate was issued: deliver or discard it (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None, place)
        };
        self.steps
            .step(act, (id, EventKind::ApplicationWithdrawn), &["withdraw"], withdraw, |_| Ok(()))
    }

    /// Destroys what was issued and never delivered: the certificate ends, a card made for it is
    /// destroyed, a card the resident brought gives up what was loaded (A 4.9.9).
    ///
    /// # Errors
    /// [`WindowError::Refused`] in another state, or when the CA has delivered already; journaled.
    pub fn discard(&self, act: &Act, id: &ApplicationId, place: CardPlace<'_>) -> Result<()> {
        let discard = |step: StepUnderWay<'_>| {
            if step.application.state != ApplicationState::Issued {
                let rule = "nothing was issued that could be destroyed (A 4.9.9)";
                return Err(WindowError::refused("state", rule));
            }
            self.abandon(step, ApplicationEvent::Withdraw, None, place)
        };
        self.steps
            .step(act, (id, EventKind::ApplicationWithdrawn), &["discard"], discard, |_| Ok(()))
    }

    fn abandon(
        &self,
        step: StepUnderWay<'_>,
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
        if let Some(cleared) = &cleared {
            unit = unit.entry(cleared.entry.clone()).change(cleared.card.put()?);
        }
        self.operations.commit(unit)
    }

    /// Takes from the card what this application put onto it, if it put anything.
    fn clear(
        &self,
        step: &StepUnderWay<'_>,
        id: &CardId,
        place: CardPlace<'_>,
    ) -> Result<Option<Cleared<'_>>> {
        let slot = slot_for(step.authority.policy());
        // Nobody else can bind the slot to this application or free it: its own lock is held.
        let bound = self.cards.known(id)?.slot(slot).loading.clone();
        if bound.is_none_or(|on| on.application != step.application.id) {
            return Ok(None);
        }
        let is_new = step.application.record.form.request == Request::IssueWithCard;
        let (change, mut card, turn) = match (place, is_new) {
            (CardPlace::Absent, _) => self.give_up_absent(id, is_new)?,
            (CardPlace::Reader(reader), true) => self.give_up_new(step, id, reader)?,
            (CardPlace::Reader(reader), false) => self.give_up_loading(step, id, reader)?,
        };
        card.slot_mut(slot).loading = None;
        Ok(Some(Cleared { entry: changed(step.operation.act, id, change), card, _turn: turn }))
    }

    fn give_up_absent(&self, id: &CardId, is_new: bool) -> Result<GivenUp<'_>> {
        let turn = self.channels.turn(id);
        let mut card = self.cards.known(id)?;
        card.is_destroyed |= is_new;
        let change = match is_new {
            true => "given up; to be destroyed when it turns up",
            false => "given up; to be cleared when it turns up",
        };
        Ok((change, card, turn))
    }

    /// A new card is destroyed. One that was bound and never written to can serve another.
    fn give_up_new(
        &self,
        step: &StepUnderWay<'_>,
        id: &CardId,
        reader: Option<&str>,
    ) -> Result<GivenUp<'_>> {
        let act = step.operation.act;
        let at = match self.channels.open(act, &Wanted::card(id, reader)) {
            Ok(at) => at,
            Err(WindowError::Card(TerminalError::Destroyed)) => {
                return self.destroyed_before(id);
            }
            Err(error) => return Err(error),
        };
        let mut card = self.cards.known(id)?;
        // What was issued is on the card.
        let is_issued = step.application.state == ApplicationState::Issued;
        if at.report.life() == LifeState::Blank && !is_issued && !card.is_destroyed {
            return Ok(("given back blank", card, at.turn));
        }
        let turn = self.destroy(act, &mut card, at)?;
        Ok((DESTROYED, card, turn))
    }

    /// A destroyed card cannot say who it is: it is believed where its destruction was noted.
    fn destroyed_before(&self, id: &CardId) -> Result<GivenUp<'_>> {
        let turn = self.channels.turn(id);
        let card = self.cards.known(id)?;
        match card.is_destroyed {
            true => Ok((DESTROYED, card, turn)),
            false => Err(TerminalError::Destroyed.into()),
        }
    }

    fn give_up_loading(
        &self,
        step: &StepUnderWay<'_>,
        id: &CardId,
        reader: Option<&str>,
    ) -> Result<GivenUp<'_>> {
        let slot = slot_for(step.authority.policy());
        let mut at = self.channels.open(step.operation.act, &Wanted::card(id, reader))?;
        let card = self.cards.known(id)?;
        let tag = tag_of(&step.application.id);
        let loading = at.report.slot(slot).loading.as_ref();
        if loading.is_some_and(|loading| loading.operation == tag) {
            at.card.discard(slot)?;
        }
        Ok(("what was loading was given up", card, at.turn))
    }
}

const DESTROYED: &str = "destroyed";

/// What was done to a card, its record, and the lock of it until that is committed.
type GivenUp<'a> = (&'static str, CardRecord, Turn<'a>);

/// What is to be committed of a card, under its lock.
struct Cleared<'a> {
    entry: Entry,
    card: CardRecord,
    _turn: Turn<'a>,
}

/// Ends every certificate of the application that never reached its holder.
fn discard_certificates(step: &StepUnderWay<'_>) -> Result<()> {
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
