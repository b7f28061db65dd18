//! Carries out what mends a card, each step under the lock of the card.

use card::CardSlot;
use domain::act::Act;
use domain::hexadecimal::hex;
use domain::id::{ApplicationId, OperationId, SystemOperation};
use store::Unit;
use x509::digest::sha256;

use super::super::at_reader::{AtReader, changed};
use super::super::card_counter::abandon::CardPlace;
use super::super::clerk::clerk;
use super::super::operation::system_operation;
use super::Reconciler;
use super::facts::slot_remedies;
use super::table::Remedy;
use crate::error::{Result, WindowError};
use crate::readers::Wanted;
use crate::record::CardRecord;

impl Reconciler {
    /// Carries out a remedy, each under an operation id of its own that a repetition finds again.
    pub(super) fn mend(
        &self,
        act: &Act,
        wanted: &Wanted,
        slot: CardSlot,
        remedy: Remedy,
        application: Option<&ApplicationId>,
    ) -> Result<()> {
        let reader = wanted.reader.as_deref();
        let unbound = || WindowError::Unknown { field: "application" };
        let step = Act { operation: operation_of(act, slot)?, ..act.clone() };
        match remedy {
            Remedy::FinishIssue => {
                self.card_counter.issue(&step, application.ok_or_else(unbound)?, reader).map(drop)
            }
            Remedy::FinishDelivery => {
                let secrets = card::HolderSecrets::default();
                let id = application.ok_or_else(unbound)?;
                self.card_counter.deliver(&step, id, secrets, reader).map(drop)
            }
            Remedy::FinishDiscard => {
                let id = application.ok_or_else(unbound)?;
                self.card_counter.discard(&step, id, CardPlace::Reader(reader))
            }
            Remedy::DeliverRecorded | Remedy::ClearLoading | Remedy::RecordErasure => {
                let still = self.still_needed(act, wanted, slot, remedy)?;
                self.mend_alone(act, slot, remedy, still)
            }
            Remedy::ByHand(what) => Err(WindowError::refused("card", what)),
        }
    }

    /// The card in its channel, if it still needs the remedy: between the finding and now somebody
    /// else may have worked on it. Nobody can from here on.
    fn still_needed(
        &self,
        act: &Act,
        wanted: &Wanted,
        slot: CardSlot,
        remedy: Remedy,
    ) -> Result<(AtReader<'_>, CardRecord)> {
        let (_, municipality) = clerk(&act.actor)?;
        let at = self.channels.open(act, wanted)?;
        let record = self.cards.known(at.card.id())?;
        self.cards.expect_kept_here(&record, municipality)?;
        let (found, _) = slot_remedies(&self.slots, act, slot, &at.report, &record)?;
        if !found.contains(&remedy) {
            let rule = "somebody worked on it meanwhile: reconcile it again";
            return Err(WindowError::refused("card", rule));
        }
        Ok((at, record))
    }

    /// What needs the card and the office's record alone.
    fn mend_alone(
        &self,
        act: &Act,
        slot: CardSlot,
        remedy: Remedy,
        (mut at, mut record): (AtReader<'_>, CardRecord),
    ) -> Result<()> {
        let loading = at.report.slot(slot).loading.clone();
        let change = match (remedy, &loading) {
            (Remedy::DeliverRecorded, Some(loading)) => {
                at.card.deliver(slot, &loading.operation)?;
                "delivered once more"
            }
            (Remedy::ClearLoading, Some(_)) => {
                at.card.discard(slot)?;
                "what nobody waited for was given up"
            }
            _ => {
                // What is on its way in the slot is not the erased key's.
                record.slot_mut(slot).delivered = None;
                "found erased"
            }
        };
        let mut unit = Unit::new(changed(act, &record.id, change).detail("slot", slot));
        if remedy == Remedy::RecordErasure {
            unit = unit.change(record.put()?);
        }
        self.operations.commit(unit)
    }

    /// Destroys a card that turned up after it was given up.
    pub(super) fn mend_destruction(&self, act: &Act, wanted: &Wanted) -> Result<()> {
        let (_, municipality) = clerk(&act.actor)?;
        let at = self.channels.open(act, wanted)?;
        let mut record = self.cards.known(at.card.id())?;
        self.cards.expect_kept_here(&record, municipality)?;
        let _turn = self.card_counter.destroy(act, &mut record, at)?;
        self.operations.commit(Unit::new(changed(act, &record.id, "destroyed")))
    }
}

/// The operation id of what is mended in a slot by this act.
fn operation_of(act: &Act, slot: CardSlot) -> Result<OperationId> {
    let digest = sha256(format!("mend {slot} {}", act.operation).as_bytes());
    system_operation(SystemOperation::Mending, &hex(&digest[..16]))
}
