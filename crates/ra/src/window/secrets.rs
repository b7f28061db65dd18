//! The PIN and the password after delivery: changed by the holder, set anew by the window (C3).

use card::{CardSlot, HolderSecret};
use domain::act::Act;
use domain::id::{CardId, MunicipalityCode};
use domain::identity::{Applicant, Evidence};
use domain::journal::EventKind;
use domain::municipality;
use store::Unit;

use super::at_reader::{AtReader, changed};
use super::cards::slot_for;
use super::operation::Begun;
use super::verify::{EvidenceRecord, expect_complete, seen_by};
use super::{Window, clerk};
use crate::authority::Authority;
use crate::error::{Result, WindowError};
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
        self.at_the_counter(act, wanted, ("change", slot), |at, card| {
            at.card.close()?.change_secret(typed, new)?;
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
        self.at_the_counter(act, wanted, ("reset", slot), |mut at, card| {
            let checks = self.identified(act, card, slot, evidence)?;
            at.card.reset_secret(new)?;
            let seen: Vec<_> = checks.iter().map(|check| check.evidence.name()).collect();
            let documents: Vec<_> = checks.iter().map(Check::line).collect();
            let entry = changed(act, &card.id, "a secret was set anew and unlocked")
                .detail("slot", slot)
                .detail("evidence", seen.join(" "))
                .personal(&card.holder, documents.join("\n"));
            Ok(Unit::new(entry))
        })
    }

    /// One thing done to a card in its holder's hands: permission, repetition, the work, the entry.
    pub(super) fn at_the_counter(
        &self,
        act: &Act,
        wanted: &Wanted,
        (what, slot): (&'static str, CardSlot),
        work: impl FnOnce(AtReader<'_>, &mut CardRecord) -> Result<Unit>,
    ) -> Result<CardId> {
        let meant = wanted.card.as_ref().map_or("the card on the reader", CardId::as_str);
        let result = (|| {
            clerk(&act.actor)?;
            let request = [what, slot.name(), meant];
            let operation = match self.begin(act, &request)? {
                Begun::First(operation) => operation,
                Begun::Again(card) => {
                    let card: CardId = card.parse().map_err(unreadable)?;
                    self.store.commit(Unit::new(changed(act, &card, what).no_op()))?;
                    return Ok(card);
                }
            };
            let at = self.at_reader(act, wanted)?;
            let mut card = self.known_card(at.card.id())?;
            expect_in_hand(&card)?;
            let unit = work(at, &mut card)?;
            self.store.commit(unit.change(operation.answered(card.id.as_str())?))?;
            Ok(card.id)
        })();
        self.recording(act, EventKind::CardChanged, meant, result)
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
            return Err(WindowError::refused("identity", format!("the clerk doubts it: {doubt}")));
        }
        let authority = self.authority_of_slot(slot)?;
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
        let resident = match self.register.find(&card.holder) {
            Ok(resident) => resident,
            Err(RegisterError::NotFound(_)) => {
                let rule = "the holder's record was removed (A 4.9.1.1(2))";
                return Err(WindowError::refused("resident", rule));
            }
            Err(down) => return Err(down.into()),
        };
        let home = municipality::find(resident.municipality).map(|known| known.code);
        if home != Some(municipality) {
            let rule = "the record is kept by another municipality (S 2-1-3(16))";
            return Err(WindowError::refused("resident", rule));
        }
        Ok(())
    }

    fn authority_of_slot(&self, slot: CardSlot) -> Result<&dyn Authority> {
        let mut authorities = self.authorities.values().map(AsRef::as_ref);
        let found = authorities.find(|authority| slot_for(authority.policy()) == slot);
        found.ok_or(WindowError::Unknown { field: "ca" })
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
