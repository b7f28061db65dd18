//! The card on a reader: asked who it is in the channel, held against what the office knows.

use card::LifeState;
use card::terminal::{CardReport, CardTerminal, SecuredCard};
use domain::act::Act;
use domain::id::{ApplicationId, CardId, MunicipalityCode};
use domain::journal::EventKind;
use domain::rule;
use store::{Change, Entry, Unit};

use super::Window;
use super::cards::{brought_card, expect_brought, new_record, slot_for};
use super::clerk::clerk;
use super::locks::Turn;
use super::step::Step;
use crate::authority::Possession;
use crate::error::{Result, WindowError};
use crate::readers::{ReaderError, Wanted};
use crate::record::{self, CardRecord, OnSlot};

/// A genuine card in an open channel, with its report. Nobody else works on it while this is kept:
/// until after the commit of what was done to it.
pub(super) struct AtReader<'a> {
    pub(super) card: SecuredCard,
    pub(super) report: CardReport,
    pub(super) turn: Turn<'a>,
}

impl Window {
    /// Opens a channel with the card that is meant and asks what is on it: four commands. It lies on
    /// a reader of the clerk's own municipality, and is not in the hands of another one's resident.
    ///
    /// # Errors
    /// [`WindowError::Reader`], [`WindowError::Card`]; [`WindowError::Refused`] for another card than
    /// the one that is meant, and for another municipality's that lies there. One that is named and
    /// does not lie there is none such, be it another municipality's or nobody's.
    pub(super) fn at_reader(&self, act: &Act, wanted: &Wanted) -> Result<AtReader<'_>> {
        let (_, municipality) = clerk(&act.actor)?;
        let absent = self.absent(wanted, municipality)?;
        let card = self.secured(act, wanted, municipality);
        let mut card = match (card, absent.is_some()) {
            (Err(error), true) if is_about_the_card(&error) => return Err(absent.unwrap_or(error)),
            (card, _) => card?,
        };
        if let Some(meant) = wanted.card.as_ref().filter(|meant| *meant != card.id()) {
            let rule = rule!("{} lies on the reader, and {} is meant", card.id(), meant);
            return Err(WindowError::refused("card", rule));
        }
        if let Some(elsewhere @ WindowError::Elsewhere { .. }) = absent {
            return Err(elsewhere);
        }
        self.expect_within_reach(card.id(), municipality)?;
        let turn = self.cards.lock(card.id().as_str());
        let report = card.report()?;
        Ok(AtReader { card, report, turn })
    }

    /// What is told of the card that is named where it does not lie on the reader, if this municipality's
    /// office knows nothing of it: the same, whether it is another's or nobody's.
    fn absent(
        &self,
        wanted: &Wanted,
        municipality: MunicipalityCode,
    ) -> Result<Option<WindowError>> {
        let Some(named) = &wanted.card else { return Ok(None) };
        match self.named_card(named, municipality) {
            Ok(Some(_)) => Ok(None),
            Ok(None) => Ok(Some(WindowError::Unknown { field: "card" })),
            Err(elsewhere @ WindowError::Elsewhere { .. }) => Ok(Some(elsewhere)),
            Err(error) => Err(error),
        }
    }

    fn secured(
        &self,
        act: &Act,
        wanted: &Wanted,
        municipality: MunicipalityCode,
    ) -> Result<SecuredCard> {
        let connection = self.readers.connect(municipality, wanted)?;
        Ok(CardTerminal::select(connection)?.authenticate(act, self.master.as_ref())?)
    }

    /// A card that was made out is its holder's municipality's; one of which the office knows nothing
    /// is whose reader it lies on.
    fn expect_within_reach(&self, card: &CardId, municipality: MunicipalityCode) -> Result<()> {
        match self.card_record(card)? {
            Some(record) => self.expect_kept_here(&record, municipality),
            None => Ok(()),
        }
    }

    /// The card for an application's certificate, bound to it in the database before anything is
    /// written to the card: the one the resident brought, or a blank one.
    ///
    /// # Errors
    /// [`WindowError::Unknown`] and [`WindowError::Refused`] for a card that is not the resident's or
    /// the application's, not in use, expired, busy or personalised already; and as
    /// [`at_reader`](Self::at_reader).
    pub(super) fn bound_card(
        &self,
        step: &mut Step<'_>,
        reader: Option<&str>,
    ) -> Result<(AtReader<'_>, CardRecord)> {
        let slot = slot_for(step.authority.policy());
        let brought = brought_card(step).cloned();
        // What the office knows may refuse before a card is touched.
        if let Some(id) = &brought {
            let (_, municipality) = clerk(&step.operation.act.actor)?;
            let known = self.named_card(id, municipality)?;
            let known = known.ok_or(WindowError::Unknown { field: "card" })?;
            expect_brought(&known, step, slot)?;
        }
        let bound = step.application.record.card.clone();
        let card = bound.clone().or(brought.clone());
        let wanted = match &card {
            Some(card) => Wanted::card(card, reader),
            None => Wanted::blank(reader),
        };
        let at = self.at_reader(step.operation.act, &wanted)?;
        let record = match (self.card_record(at.card.id())?, &bound, &brought) {
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
    fn bind(&self, step: &mut Step<'_>, mut record: CardRecord) -> Result<CardRecord> {
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

/// Whether an error tells that there is no such card, or something of one that is not this office's.
fn is_about_the_card(error: &WindowError) -> bool {
    match error {
        WindowError::Reader(error) => !matches!(error, ReaderError::Hindered(_)),
        WindowError::Card(_) => error.refusal().is_some(),
        _ => false,
    }
}

impl AtReader<'_> {
    /// The card's word for the key being loaded, over a nonce that the authority drew just now.
    pub(super) fn possession(&mut self, step: &Step<'_>) -> Result<Possession> {
        let slot = slot_for(step.authority.policy());
        let nonce = step.authority.nonce(step.operation.act, &step.application.id)?;
        let signature = self.card.prove_possession(slot, &nonce)?;
        Ok(Possession { card: self.card.id().clone(), nonce, signature })
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

/// What a refusal at the counter is about: the card by its own word once it was told, else by the
/// caller's.
pub(super) fn subject<'a>(wanted: &'a Wanted, told: Option<&'a CardId>) -> &'a str {
    told.or(wanted.card.as_ref()).map_or("the card on the reader", CardId::as_str)
}

/// The entry of a change on a card.
pub(super) fn changed(act: &Act, card: &CardId, change: &'static str) -> Entry {
    Entry::new(EventKind::CardChanged, act).subject(card).detail("change", change)
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
