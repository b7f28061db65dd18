//! Holds a card against the office and the CAs, tells what does not agree, and mends it (L1–L3).

mod facts;
mod mend;
mod table;

use std::sync::Arc;

use card::CardSlot;
use card::terminal::{CardReport, TerminalError};
use domain::act::Act;
use domain::id::{ApplicationId, CardId};
use domain::journal::EventKind;
use domain::rule;
use store::{Entry, Unit};

use self::facts::slot_remedies;
use super::at_reader::{Channels, subject};
use super::card_counter::CardCounter;
use super::cards::CardRecords;
use super::clerk::clerk;
use super::operation::Operations;
use super::slots::Slots;
use crate::error::{Result, WindowError};
use crate::readers::Wanted;
use crate::record::CardRecord;

pub use self::table::Remedy;

/// Whether what does not agree is only shown, or mended too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Nothing changes.
    ShowOnly,
    /// What half-finished steps left is carried to its end.
    Mend,
}

/// What a reconciliation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The card, by its own word.
    pub card: CardId,
    /// What the card says is on it, before anything was mended; none of a destroyed card.
    pub report: Option<CardReport>,
    /// What the office had down, if it knows the card, for the municipality where its holder lives.
    pub record: Option<CardRecord>,
    /// What does not agree; nothing when everything does.
    pub findings: Vec<Finding>,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The slot; none for the whole card.
    pub slot: Option<CardSlot>,
    /// What does not agree.
    pub what: &'static str,
    /// What came of it.
    pub outcome: Mended,
}

/// What came of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mended {
    /// Card, office and CA agree now.
    Done,
    /// It was only shown.
    Shown,
    /// It is left to a person: why.
    Left(String),
}

/// Holds cards against the office and the CAs. What it mends, it has the [`CardCounter`] carry to its end, or
/// does on the card and in the office's record of it.
pub struct Reconciler {
    operations: Operations,
    cards: CardRecords,
    channels: Arc<Channels>,
    slots: Slots,
    card_counter: Arc<CardCounter>,
}

impl Reconciler {
    pub(super) fn new(
        operations: &Operations,
        cards: &CardRecords,
        channels: &Arc<Channels>,
        slots: &Slots,
        card_counter: &Arc<CardCounter>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            cards: cards.clone(),
            channels: channels.clone(),
            slots: slots.clone(),
            card_counter: card_counter.clone(),
        }
    }

    /// Asks the card on the reader what is on it, and holds that against the office's record and
    /// the CAs.
    ///
    /// Mending repeats nothing that is done, so it may be cut off and repeated itself; each step of
    /// it leaves the entries of that step.
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`], [`WindowError::Reader`], [`WindowError::Card`] and what the
    /// store and the CAs say. What cannot be mended is a finding and no error.
    pub fn reconcile(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
    ) -> Result<Reconciliation> {
        let mut told = None;
        let result = self.reconcile_unrecorded(act, wanted, mending, &mut told);
        self.operations.recording(
            act,
            EventKind::CardChanged,
            subject(wanted, told.as_ref()).as_part(),
            result,
        )
    }

    fn reconcile_unrecorded(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
        told: &mut Option<CardId>,
    ) -> Result<Reconciliation> {
        let (_, municipality) = clerk(&act.actor)?;
        let at = match self.channels.open(act, wanted) {
            Ok(at) => at,
            Err(WindowError::Card(
                error @ (TerminalError::Destroyed | TerminalError::AnotherMake),
            )) => return self.silent(act, wanted, mending, error),
            Err(error) => return Err(error),
        };
        let (card, report) = (at.card.id().clone(), at.report.clone());
        *told = Some(card.clone());
        // 1. What does not agree, while nobody else works on the card.
        let record = self.cards.find(&card)?;
        let needs = self.needs(act, &report, record.as_ref())?;
        drop(at);
        // 2. Each is mended, with the card itself meant, whatever lies on the reader by then.
        let wanted = Wanted::card(&card, wanted.reader.as_deref());
        let mend = |need| self.meet(act, &wanted, mending, need);
        let findings: Vec<_> = needs.into_iter().map(mend).collect();
        self.note(act, &card, mending, &findings)?;
        let record = self.cards.office_part(record, municipality)?;
        Ok(Reconciliation { card, report: Some(report), record, findings })
    }

    /// What does not agree about the whole card or a slot.
    fn needs(
        &self,
        act: &Act,
        report: &CardReport,
        record: Option<&CardRecord>,
    ) -> Result<Vec<Need>> {
        let Some(record) = record else {
            let is_blank = report.life() == card::LifeState::Blank;
            return Ok(if is_blank { Vec::new() } else { vec![Need::Origin] });
        };
        if record.is_destroyed {
            return Ok(vec![Need::Destruction]);
        }
        let mut needs = Vec::new();
        for slot in CardSlot::ALL {
            let (remedies, application) = slot_remedies(&self.slots, act, slot, report, record)?;
            let need = |remedy| Need::OfSlot { slot, remedy, application: application.clone() };
            needs.extend(remedies.into_iter().map(need));
        }
        Ok(needs)
    }

    /// Mends what is needed, if that is asked. One remedy may be the way to the next, so that each
    /// looks again whether it is needed still.
    fn meet(&self, act: &Act, wanted: &Wanted, mending: Mending, need: Need) -> Finding {
        match need {
            Need::Origin => Finding {
                slot: None,
                what: "the office does not know the card, and it is not blank",
                outcome: Mended::Left("find out where it comes from".into()),
            },
            Need::Destruction => {
                finding(None, TO_BE_DESTROYED, mending, || self.mend_destruction(act, wanted))
            }
            Need::OfSlot { slot, remedy, application } => {
                let mend = || self.mend(act, wanted, slot, remedy, application.as_ref());
                finding(Some(slot), remedy.finding(), mending, mend)
            }
        }
    }

    /// A card that cannot say who it is, in the place of one that was to be destroyed: it was, or
    /// another lies there. With any other card meant that is an error.
    fn silent(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
        answer: TerminalError,
    ) -> Result<Reconciliation> {
        let (_, municipality) = clerk(&act.actor)?;
        let record = wanted.card.as_ref().map(|card| self.cards.find(card)).transpose()?.flatten();
        let Some(record) = record.filter(|record| record.is_destroyed) else {
            return Err(answer.into());
        };
        let findings = match answer {
            TerminalError::Destroyed => Vec::new(),
            _ => vec![Finding {
                slot: None,
                what: TO_BE_DESTROYED,
                outcome: Mended::Left("another card lies on the reader".into()),
            }],
        };
        self.note(act, &record.id, mending, &findings)?;
        let card = record.id.clone();
        let record = self.cards.office_part(Some(record), municipality)?;
        Ok(Reconciliation { card, report: None, record, findings })
    }

    /// That the card was held against the office, and what came of it.
    fn note(&self, act: &Act, card: &CardId, mending: Mending, findings: &[Finding]) -> Result<()> {
        let mode = match mending {
            Mending::ShowOnly => "show only",
            Mending::Mend => "mend",
        };
        let mut entry =
            Entry::new(EventKind::RecordsRead, act).subject(card).detail("reconciliation", mode);
        for Finding { what, outcome, .. } in findings {
            let came = match outcome {
                Mended::Done => "mended",
                Mended::Shown => "shown",
                Mended::Left(_) => "left to a person",
            };
            entry = entry.detail("finding", rule!("{}: {}", *what, came).as_part());
        }
        self.operations.commit(Unit::new(entry))
    }
}

const TO_BE_DESTROYED: &str = "the card is to be destroyed";

/// What a card needs.
enum Need {
    /// Somebody finds out where it comes from.
    Origin,
    /// Its destruction.
    Destruction,
    /// A remedy of a slot, with the application that the slot is bound to.
    OfSlot { slot: CardSlot, remedy: Remedy, application: Option<ApplicationId> },
}

fn finding(
    slot: Option<CardSlot>,
    what: &'static str,
    mending: Mending,
    mend: impl FnOnce() -> Result<()>,
) -> Finding {
    let outcome = match mending {
        Mending::ShowOnly => Mended::Shown,
        Mending::Mend => match mend() {
            Ok(()) => Mended::Done,
            Err(error) => Mended::Left(error.to_string()),
        },
    };
    Finding { slot, what, outcome }
}
