//! Binds a card to an application before anything is written to it: a blank one, or the resident's own.

use card::terminal::CardReport;
use card::{CardSlot, LifeState};
use domain::id::{ApplicationId, CardId, ResidentCode};
use domain::rule;
use domain::validity::{civil_date, nth_birthday_after};
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Change, Unit};

use super::super::at_reader::{AtReader, changed};
use super::super::cards::slot_for;
use super::super::clerk::clerk;
use super::super::step::StepUnderWay;
use super::CardCounter;
use crate::authority::Possession;
use crate::error::{Result, WindowError};
use crate::form::Request;
use crate::readers::Wanted;
use crate::record::{self, CardRecord, OnSlot, SlotRecord};

impl CardCounter {
    /// The card for an application's certificate, bound to it in the database before anything is
    /// written to the card: the one the resident brought, or a blank one.
    ///
    /// # Errors
    /// [`WindowError::Unknown`] and [`WindowError::Refused`] for a card that is not the resident's or
    /// the application's, not in use, expired, busy or personalised already; and as
    /// [`Channels::open`](super::super::at_reader::Channels::open).
    pub(super) fn bound_card(
        &self,
        step: &mut StepUnderWay<'_>,
        reader: Option<&str>,
    ) -> Result<(AtReader<'_>, CardRecord)> {
        let slot = slot_for(step.authority.policy());
        let brought = brought_card(step).cloned();
        // What the office knows may refuse before a card is touched.
        if let Some(id) = &brought {
            let (_, municipality) = clerk(&step.operation.act.actor)?;
            let known = self.cards.named(id, municipality)?;
            let known = known.ok_or(WindowError::Unknown { field: "card" })?;
            expect_brought(&known, step, slot)?;
        }
        let bound = step.application.record.card.clone();
        let card = bound.clone().or(brought.clone());
        let wanted = match &card {
            Some(card) => Wanted::card(card, reader),
            None => Wanted::blank(reader),
        };
        let at = self.channels.open(step.operation.act, &wanted)?;
        let record = match (self.cards.find(at.card.id())?, &bound, &brought) {
            (Some(record), _, Some(_)) => {
                expect_brought(&record, step, slot)?;
                record
            }
            (Some(record), Some(_), None) if !record.is_destroyed => record,
            (Some(_), Some(_), None) => {
                let rule = "its destruction was begun: withdraw the application (A 4.9.9)";
                return Err(WindowError::refused("card", rule));
            }
            (known, None, None) => {
                expect_new(known.as_ref(), &at.report)?;
                new_record(at.card.id(), step)?
            }
            (None, ..) => return Err(WindowError::Unknown { field: "card" }),
        };
        let record = self.bind(step, record)?;
        Ok((at, record))
    }

    /// Notes that the card is this application's until it is delivered or given up.
    fn bind(&self, step: &mut StepUnderWay<'_>, mut record: CardRecord) -> Result<CardRecord> {
        let slot = slot_for(step.authority.policy());
        let application = &mut step.application;
        if let Some(on) = &record.slot(slot).loading {
            expect_bound(Some(on), &application.id)?;
            return Ok(record);
        }
        let loading = OnSlot { application: application.id.clone(), serial: None };
        record.slot_mut(slot).loading = Some(loading);
        application.record.card = Some(record.id.clone());
        let entry = changed(step.operation.act, &record.id, "bound to an application")
            .ca(&application.ca)
            .detail("slot", slot)
            .detail("application", &application.id);
        let bound = Change::SetApplication {
            id: application.id.clone(),
            from: application.state,
            to: application.state,
            record: record::encode(&application.record)?,
        };
        self.operations.commit(Unit::new(entry).change(bound).change(record.put()?))?;
        Ok(record)
    }
}

/// The card's word for the key being loaded, over a nonce that the authority drew just now.
pub(super) fn possession(at: &mut AtReader<'_>, step: &StepUnderWay<'_>) -> Result<Possession> {
    let slot = slot_for(step.authority.policy());
    let nonce = step.authority.nonce(step.operation.act, &step.application.id)?;
    let signature = at.card.prove_possession(slot, &nonce)?;
    Ok(Possession { card: at.card.id().clone(), nonce, signature })
}

/// Refuses unless the slot is bound to the application.
pub(super) fn expect_bound(on: Option<&OnSlot>, application: &ApplicationId) -> Result<()> {
    match on {
        Some(on) if on.application == *application => Ok(()),
        _ => {
            let rule = "the office has the card down for another application: reconcile it";
            Err(WindowError::refused("card", rule))
        }
    }
}

/// A new card is blank, and nobody's: one that was given back blank is new again.
fn expect_new(record: Option<&CardRecord>, report: &CardReport) -> Result<()> {
    let is_nobodys =
        |record: &CardRecord| record.life() == LifeState::Blank && !record.is_handed_out;
    if !record.is_none_or(is_nobodys) {
        let rule = "it was made out before; a new card is needed (A 4.3.1.1(1))";
        return Err(WindowError::refused("card", rule));
    }
    if report.life() != LifeState::Blank {
        let rule = "it is personalised already; a blank card is needed (A 4.3.1.1(1))";
        return Err(WindowError::refused("card", rule));
    }
    Ok(())
}

/// The card that the applicant brought, by the form.
fn brought_card<'a>(step: &'a StepUnderWay<'_>) -> Option<&'a CardId> {
    match &step.application.record.form.request {
        Request::IssueOnCard(card) | Request::Renewal(card) => Some(card),
        _ => None,
    }
}

/// A card that the resident brought must be theirs, in use, and not busy.
fn expect_brought(record: &CardRecord, step: &StepUnderWay<'_>, slot: CardSlot) -> Result<()> {
    expect_usable(record, &step.application.resident, step.operation.act.at)?;
    expect_free(record, &step.application.id, slot)
}

/// The record of a new card for the application's resident, with nothing on it.
fn new_record(id: &CardId, step: &StepUnderWay<'_>) -> Result<CardRecord> {
    let form = &step.application.record.form;
    Ok(CardRecord {
        id: id.clone(),
        holder: form.resident.clone(),
        municipality: form.municipality,
        expires_on: last_day(form.birth_date, step.operation.act.at)?,
        is_handed_out: false,
        is_destroyed: false,
        authentication: SlotRecord::default(),
        signature: SlotRecord::default(),
    })
}

/// Nobody else's application may be on its way on the card: its clerk counts on what it holds.
fn expect_free(record: &CardRecord, application: &ApplicationId, slot: CardSlot) -> Result<()> {
    let is_another = |on: &OnSlot| on.application != *application;
    for busy in CardSlot::ALL {
        if record.slot(busy).loading.as_ref().is_some_and(is_another) {
            let what = match busy == slot {
                true => "bound to another application",
                false => "being loaded for an application",
            };
            let rule = rule!("its {} slot is {}: complete or withdraw that first", busy, what);
            return Err(WindowError::refused("card", rule));
        }
    }
    Ok(())
}

fn expect_usable(record: &CardRecord, resident: &ResidentCode, at: Timestamp) -> Result<()> {
    let refuse = |rule: &'static str| Err(WindowError::refused("card", rule));
    if record.holder != *resident {
        return refuse("it is not a card of this resident (A 4.1.2.1(2), S 4-1-1)");
    }
    if record.is_destroyed || !record.is_handed_out {
        return refuse("it was not delivered to its holder, or is destroyed (A 4.3.1.1(2))");
    }
    if record.expires_on < civil_date(at) {
        return refuse("it has expired (A 6.3.2.2)");
    }
    Ok(())
}

/// The last day of a new card: the tenth birthday after its issue, for minors the fifth.
///
/// An assumption from the rules on the Individual Number Card; neither CPS says it.
fn last_day(birth: Date, at: Timestamp) -> Result<Date> {
    const MAJORITY_YEARS: u8 = 18;
    let today = civil_date(at);
    let out_of_range =
        |_| WindowError::refused("birth_date", "the card's end is out of the calendar's range");
    let adult_from = nth_birthday_after(birth, birth, MAJORITY_YEARS).map_err(out_of_range)?;
    let count = if today < adult_from { 5 } else { 10 };
    nth_birthday_after(today, birth, count).map_err(out_of_range)
}
