//! The PIN and the password after delivery: changed by the holder, set anew by the window (C3).

use card::{CardSlot, HolderSecret};
use domain::act::Act;
use domain::id::{CardId, MunicipalityCode};
use domain::identity::{Applicant, Evidence};
use domain::policy::Policy;
use domain::rule::Spaced;
use store::Unit;

use super::super::at_reader::changed;
use super::super::clerk::clerk;
use super::super::evidence::{
    EvidenceRecord, MAX_NOTE_CHARACTERS, expect_complete, flattened, seen_by,
};
use super::CardService;
use crate::error::{Result, WindowError};
use crate::form::plain_text;
use crate::readers::Wanted;
use crate::record::{CardRecord, Check};
use crate::register::RegisterError;

impl CardService {
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
        let rule = self.policy_of_slot(card, slot)?.evidence(Applicant::Resident);
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

    /// The policy of the CA that certified what was delivered in a slot.
    fn policy_of_slot(&self, card: &CardRecord, slot: CardSlot) -> Result<&Policy> {
        let Some(on) = &card.slot(slot).delivered else {
            return Err(WindowError::refused("slot", "nothing was delivered in it"));
        };
        self.slots.policy(on)
    }
}
