//! The PIN and the password after delivery: changed by the holder, set anew by the window (C3).

use card::terminal::SecuredCard;
use card::{CardSlot, HolderSecret};
use domain::act::Act;
use domain::id::{CardId, MunicipalityCode};
use domain::identity::{Applicant, Evidence};
use domain::journal::EventKind;
use domain::rule::Spaced;
use store::{Entry, Unit};

use super::Window;
use super::at_reader::{AtReader, changed, subject};
use super::clerk::clerk;
use super::evidence::{EvidenceRecord, MAX_NOTE_CHARACTERS, expect_complete, flattened, seen_by};
use super::operation::Begun;
use crate::authority::Authority;
use crate::error::{Result, WindowError};
use crate::form::plain_text;
use crate::readers::Wanted;
use crate::record::{CardRecord, Check};
use crate::register::RegisterError;

impl Window {
    /// Changes a secret by the holder, who types the present one and the new one at the window.
    ///
    /// Neither is stored, journaled or part of what recognises a repetition. Answers with the card.
    ///
    /// # Errors
    /// [`WindowError::Card`] with the tries left for a wrong secret, [`WindowError::Refused`] for a
    /// card that is not in a holder's hands; journaled. After a cut the new secret may be in force.
    pub fn change_secret(
        &self,
        act: &Act,
        wanted: &Wanted,
        typed: &str,
        new: &HolderSecret,
    ) -> Result<CardId> {
        let slot = new.slot();
        self.at_the_counter(act, wanted, ("change", &[slot.name()]), |secured, card| {
            self.intend(act, card, "the holder is changing a secret", |e| e.detail("slot", slot))?;
            secured.close()?.change_secret(typed, new)?;
            let entry = changed(act, &card.id, "the holder changed a secret").detail("slot", slot);
            Ok(Unit::new(entry))
        })
    }

    /// Sets a secret anew and unlocks the slot, at the holder's application and after a check of the
    /// identity (S 2-1-3(16)): the same evidence as for an application in person.
    ///
    /// # Errors
    /// [`WindowError::Refused`] for missing evidence, another municipality's resident or a card that
    /// is not in a holder's hands; [`WindowError::Card`]; journaled.
    pub fn reset_secret(
        &self,
        act: &Act,
        wanted: &Wanted,
        new: &HolderSecret,
        evidence: &EvidenceRecord,
    ) -> Result<CardId> {
        let slot = new.slot();
        let seen = flattened(evidence);
        let request: Vec<_> =
            std::iter::once(slot.name()).chain(seen.iter().map(String::as_str)).collect();
        self.at_the_counter(act, wanted, ("reset", &request), |mut secured, card| {
            let checks = self.identified(act, card, slot, evidence)?;
            let seen: Vec<_> = checks.iter().map(|check| check.evidence.name()).collect();
            let documents: Vec<_> = checks.iter().map(Check::line).collect();
            self.intend(act, card, "a secret is being set anew and unlocked", |entry| {
                let entry = entry.detail("slot", slot).detail("evidence", Spaced(seen));
                entry.personal(&card.holder, documents.join("\n"))
            })?;
            secured.reset_secret(new)?;
            let entry = changed(act, &card.id, "a secret was set anew and unlocked");
            Ok(Unit::new(entry.detail("slot", slot)))
        })
    }

    /// One thing done to a card in its holder's hands: permission, repetition, the work, the entry.
    /// `request` is what is asked, and all that it is asked with but for any secret.
    pub(super) fn at_the_counter(
        &self,
        act: &Act,
        wanted: &Wanted,
        request: (&'static str, &[&str]),
        work: impl FnOnce(SecuredCard, &mut CardRecord) -> Result<Unit>,
    ) -> Result<CardId> {
        let mut told = None;
        let result = self.at_the_counter_unrecorded(act, wanted, request, work, &mut told);
        self.operations.recording(
            act,
            EventKind::CardChanged,
            subject(wanted, told.as_ref()),
            result,
        )
    }

    fn at_the_counter_unrecorded(
        &self,
        act: &Act,
        wanted: &Wanted,
        request: (&'static str, &[&str]),
        work: impl FnOnce(SecuredCard, &mut CardRecord) -> Result<Unit>,
        told: &mut Option<CardId>,
    ) -> Result<CardId> {
        clerk(&act.actor)?;
        let fingerprint = [&["counter", subject(wanted, None), request.0], request.1].concat();
        let operation = match self.operations.begin(act, &fingerprint)? {
            Begun::First(operation) => operation,
            Begun::Again(card) => {
                let card: CardId = card.parse().map_err(unreadable)?;
                self.expect_no_other(act, wanted, &card)?;
                self.operations.commit(Unit::new(changed(act, &card, request.0).no_op()))?;
                return Ok(card);
            }
        };
        // The turn is kept until the office knows.
        let AtReader { card: secured, turn: _turn, .. } = self.channels.open(act, wanted)?;
        *told = Some(secured.id().clone());
        let mut card = self.cards.known(secured.id())?;
        expect_in_hand(&card)?;
        let unit = work(secured, &mut card)?;
        self.operations.commit(unit.change(operation.answered(card.id.as_str())?))?;
        Ok(card.id)
    }

    /// A repetition means the card of the first time. None needs to lie on the reader any more, and
    /// another must not: what is asked would not be done to it.
    fn expect_no_other(&self, act: &Act, wanted: &Wanted, card: &CardId) -> Result<()> {
        match self.channels.open(act, &Wanted::card(card, wanted.reader.as_deref())) {
            Err(refused @ (WindowError::Refused { .. } | WindowError::Elsewhere { .. })) => {
                Err(refused)
            }
            _ => Ok(()),
        }
    }

    /// Notes what is about to be done to a card before the first command that changes it: whatever is
    /// cut off from here on, who asked for it, and on what evidence, is known.
    pub(super) fn intend(
        &self,
        act: &Act,
        card: &CardRecord,
        change: &'static str,
        detail: impl FnOnce(Entry) -> Entry,
    ) -> Result<()> {
        self.operations.commit(Unit::new(detail(changed(act, &card.id, change))))
    }

    /// The checks of a holder who stands at the window: on the register, at home in the clerk's
    /// municipality, and with all that the CA of the slot asks to see.
    fn identified(
        &self,
        act: &Act,
        card: &CardRecord,
        slot: CardSlot,
        evidence: &EvidenceRecord,
    ) -> Result<Vec<Check>> {
        let (by, municipality) = clerk(&act.actor)?;
        self.expect_at_home(card, municipality)?;
        if let Some(doubt) = &evidence.doubt {
            let doubt = plain_text("doubt", doubt, MAX_NOTE_CHARACTERS)?;
            return Err(WindowError::Doubted { holder: card.holder.clone(), doubt });
        }
        let authority = self.authority_of_slot(card, slot)?;
        let rule = authority.policy().evidence(Applicant::Resident);
        let rule = rule.ok_or(WindowError::Unknown { field: "evidence" })?;
        let mut checks = seen_by(&by, act.at, evidence)?;
        // The system looked the card's holder up itself.
        checks.insert(
            0,
            Check {
                evidence: Evidence::RegisterMatch,
                document: "the holder of the card is registered here".into(),
                number: String::new(),
                note: String::new(),
                by,
                at: act.at,
            },
        );
        expect_complete(rule, &checks)?;
        Ok(checks)
    }

    /// The card's holder is on the register, and kept by this municipality.
    fn expect_at_home(&self, card: &CardRecord, municipality: MunicipalityCode) -> Result<()> {
        if let Err(RegisterError::NotFound(_)) = self.register.find(&card.holder) {
            let rule = "the holder's record was removed (A 4.9.1.1(2))";
            return Err(WindowError::refused("resident", rule));
        }
        self.cards.expect_kept_here(card, municipality)
    }

    /// The CA that certified what was delivered in a slot.
    fn authority_of_slot(&self, card: &CardRecord, slot: CardSlot) -> Result<&dyn Authority> {
        let Some(on) = &card.slot(slot).delivered else {
            return Err(WindowError::refused("slot", "nothing was delivered in it"));
        };
        self.slots.authority(on)
    }
}

fn expect_in_hand(card: &CardRecord) -> Result<()> {
    if card.is_destroyed || !card.is_handed_out {
        let rule = "it was not delivered to its holder, or is destroyed";
        return Err(WindowError::refused("card", rule));
    }
    Ok(())
}

fn unreadable(error: domain::id::InvalidId) -> WindowError {
    WindowError::Unreadable {
        what: "the stored answer of an operation",
        problem: error.to_string(),
    }
}
