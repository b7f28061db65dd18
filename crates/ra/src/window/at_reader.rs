//! The card on a reader: asked who it is in the channel, held against what the office knows.

use std::sync::Arc;

use card::terminal::{CardMaster, CardReport, CardTerminal, SecuredCard};
use domain::act::Act;
use domain::id::{CardId, MunicipalityCode};
use domain::journal::EventKind;
use domain::rule;
use domain::rule::Rule;
use store::Entry;

use super::cards::CardRecords;
use super::clerk::clerk;
use super::locks::{Locks, Turn};
use crate::error::{Result, WindowError};
use crate::readers::{ReaderError, Readers, Wanted};

/// A genuine card in an open channel, with its report. Nobody else works on it while this is kept:
/// until after the commit of what was done to it.
pub(super) struct AtReader<'a> {
    pub(super) card: SecuredCard,
    pub(super) report: CardReport,
    pub(super) turn: Turn<'a>,
}

/// Opens channels with the cards on the readers, one at a time with each card.
pub(super) struct Channels {
    cards: CardRecords,
    readers: Arc<dyn Readers>,
    master: Arc<dyn CardMaster>,
    turns: Locks,
}

impl Channels {
    /// Channels with the cards that lie on `readers`, opened by `master`.
    pub(super) fn new(
        cards: &CardRecords,
        readers: Arc<dyn Readers>,
        master: Arc<dyn CardMaster>,
    ) -> Self {
        Self { cards: cards.clone(), readers, master, turns: Locks::default() }
    }

    /// Nobody else's turn at a card, until it is dropped.
    pub(super) fn turn(&self, card: &CardId) -> Turn<'_> {
        self.turns.lock(card.as_str())
    }

    /// Opens a channel with the card that is meant and asks what is on it: four commands. It lies on
    /// a reader of the clerk's own municipality, and is not in the hands of another one's resident.
    ///
    /// # Errors
    /// [`WindowError::Reader`], [`WindowError::Card`]; [`WindowError::Refused`] for another card than
    /// the one that is meant, and for another municipality's that lies there. One that is named and
    /// does not lie there is none such, be it another municipality's or nobody's.
    pub(super) fn open(&self, act: &Act, wanted: &Wanted) -> Result<AtReader<'_>> {
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
        let turn = self.turn(card.id());
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
        match self.cards.named(named, municipality) {
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
        match self.cards.find(card)? {
            Some(record) => self.cards.expect_kept_here(&record, municipality),
            None => Ok(()),
        }
    }
}

/// Whether an error tells that there is no such card, or something of one that is not this office's.
fn is_about_the_card(error: &WindowError) -> bool {
    match error {
        WindowError::Reader(error) => {
            !matches!(error, ReaderError::Hindered(_) | ReaderError::Keys(_))
        }
        WindowError::Card(_) => error.refusal().is_some(),
        _ => false,
    }
}

/// What a refusal at the counter is about: the card by its own word once it was told, else by the
/// caller's.
pub(super) fn subject(wanted: &Wanted, told: Option<&CardId>) -> Rule {
    told.or(wanted.card.as_ref()).map_or_else(|| "the card on the reader".into(), Rule::of)
}

/// The entry of a change on a card.
pub(super) fn changed(act: &Act, card: &CardId, change: &'static str) -> Entry {
    Entry::new(EventKind::CardChanged, act).subject(card).detail("change", change)
}
