//! Deletes keys from a card at its holder's application (W1; S 2-1-3(16), 6-2-2-7).

use card::CardSlot;
use domain::act::Act;
use domain::id::CardId;
use store::Unit;

use super::super::at_reader::changed;
use super::super::clerk::clerk;
use super::super::evidence::MAX_NOTE_CHARACTERS;
use super::CardService;
use crate::error::{Result, WindowError};
use crate::form::plain_text;
use crate::readers::Wanted;
use crate::record::SlotRecord;

impl CardService {
    /// Erases a slot of the card on the reader: key, certificates and secret. Answers with the card.
    ///
    /// The certificate must have ended first: nobody may rely on one whose key is gone. Cut off
    /// between card and office, it is repeated, or [`Reconciler`](crate::window::Reconciler) finds it.
    ///
    /// # Errors
    /// [`WindowError::Refused`] while the certificate is in force or another is on its way;
    /// [`WindowError::Form`] for a reason that is none; [`WindowError::Card`]; journaled.
    pub fn erase(
        &self,
        act: &Act,
        wanted: &Wanted,
        slot: CardSlot,
        reason: &str,
    ) -> Result<CardId> {
        self.at_the_counter(act, wanted, ("erase", &[slot.name(), reason]), |mut secured, card| {
            let (_, municipality) = clerk(&act.actor)?;
            self.cards.expect_kept_here(card, municipality)?;
            let reason = plain_text("reason", reason, MAX_NOTE_CHARACTERS)?;
            let SlotRecord { delivered, loading } = card.slot(slot);
            if loading.is_some() {
                let rule = "it is bound to an application: complete or withdraw that first";
                return Err(WindowError::refused("card", rule));
            }
            let certificate =
                delivered.as_ref().map(|on| self.slots.certificate(on)).transpose()?;
            if certificate.flatten().is_some_and(|c| c.is_in_force(act.at)) {
                let rule = "its certificate is in force: have that revoked first (S 4-4-2-1)";
                return Err(WindowError::refused("certificate", rule));
            }
            self.intend(act, card, "key, certificates and secret are being erased", |entry| {
                entry.detail("slot", slot).personal(&card.holder, reason.as_str())
            })?;
            secured.erase(slot)?;
            *card.slot_mut(slot) = SlotRecord::default();
            let entry = changed(act, &card.id, "key, certificates and secret were erased")
                .detail("slot", slot);
            Ok(Unit::new(entry).change(card.put()?))
        })
    }
}
