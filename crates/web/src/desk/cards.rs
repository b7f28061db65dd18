//! Cards on the readers of the windows: read, unlocked, emptied, reconciled (W1, L1).

use ra::readers::Wanted;
use ra::window::Mending;

use super::Desk;
use super::permission::Operation;
use super::principal::Principal;
use crate::problem::Problem;
use crate::wire::{
    CardBody, CardChangedBody, CardPlaceBody, CardReadingRequestBody, ErasureBody,
    ReconciliationBody, ReconciliationRequestBody, SecretChangeBody, SecretResetBody, new_secret,
    slot,
};

type Changed = Result<CardChangedBody, Problem>;

impl Desk {
    /// Reads the card on a reader: what is on it, its certificates, and their copies to print.
    ///
    /// # Errors
    /// 422 with the tries left for a wrong password, 503 when the card or reader is gone.
    pub fn read_card(
        &self,
        act: &Principal,
        place: CardPlaceBody,
        body: &CardReadingRequestBody,
    ) -> Result<CardBody, Problem> {
        let wanted = self.card_place(act, Operation::ReadCard, place)?;
        let password = body.signature_password.as_ref().map(|typed| typed.expose());
        self.windows()?.window.read_card(act, &wanted, password)?.try_into()
    }

    /// Changes a secret by its holder, who knows the present one.
    ///
    /// # Errors
    /// As [`read_card`](Self::read_card).
    pub fn change_card_secret(
        &self,
        act: &Principal,
        place: CardPlaceBody,
        body: &SecretChangeBody,
    ) -> Changed {
        let operation = Operation::ChangeCardSecret;
        let wanted = self.card_place(act, operation, place)?;
        let new = self.checked(act, operation, new_secret(&body.slot, &body.new))?;
        let window = &self.windows()?.window;
        changed(&window.change_secret(act, &wanted, body.present.expose(), &new)?)
    }

    /// Sets a secret anew after a check of the holder's identity, and unlocks it (C3).
    ///
    /// # Errors
    /// As [`read_card`](Self::read_card), and 422 for missing evidence.
    pub fn reset_card_secret(
        &self,
        act: &Principal,
        place: CardPlaceBody,
        body: &SecretResetBody,
    ) -> Changed {
        let operation = Operation::ResetCardSecret;
        let wanted = self.card_place(act, operation, place)?;
        let new = self.checked(act, operation, new_secret(&body.slot, &body.new))?;
        let evidence = self.checked(act, operation, body.evidence())?;
        changed(&self.windows()?.window.reset_secret(act, &wanted, &new, &evidence)?)
    }

    /// Deletes a slot's key, certificates and secret; its certificate must have ended (W1).
    ///
    /// # Errors
    /// As [`read_card`](Self::read_card).
    pub fn erase_card(&self, act: &Principal, place: CardPlaceBody, body: &ErasureBody) -> Changed {
        let operation = Operation::EraseCard;
        let wanted = self.card_place(act, operation, place)?;
        let slot = self.checked(act, operation, slot(&body.slot))?;
        changed(&self.windows()?.window.erase(act, &wanted, slot, &body.reason)?)
    }

    /// Holds the card on a reader against the office and the CAs, and mends what a half-finished
    /// step left, if that is asked.
    ///
    /// # Errors
    /// As [`read_card`](Self::read_card).
    pub fn reconcile_card(
        &self,
        act: &Principal,
        place: CardPlaceBody,
        body: &ReconciliationRequestBody,
    ) -> Result<ReconciliationBody, Problem> {
        let wanted = self.card_place(act, Operation::ReconcileCard, place)?;
        let mending = if body.mend { Mending::Mend } else { Mending::ShowOnly };
        Ok(self.windows()?.window.reconcile(act, &wanted, mending)?.into())
    }

    fn card_place(
        &self,
        act: &Principal,
        operation: Operation,
        place: CardPlaceBody,
    ) -> Result<Wanted, Problem> {
        self.admit(act, operation)?;
        self.checked(act, operation, Wanted::try_from(place))
    }
}

fn changed(card: &domain::id::CardId) -> Changed {
    Ok(CardChangedBody { card: card.to_string() })
}
