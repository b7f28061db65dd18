//! Hands the card over: the holder sets the secret, the certificate comes into force (A 4.4.1.1).

use card::HolderSecrets;
use domain::act::Act;
use domain::application::ApplicationEvent;
use domain::id::{ApplicationId, SerialNumber};
use domain::journal::EventKind;
use store::Entry;

use super::Window;
use super::cards::{expect_alone, slot_for};
use super::issue::possession;
use super::operation::Step;
use crate::error::{Result, WindowError};
use crate::form::carries_attributes;
use crate::record::IssuedOnCard;
use crate::register::RegisterError;

impl Window {
    /// Delivers what was issued and answers with the serial that is now in force.
    ///
    /// The card proves that it holds the key before the CA ends the holder's older certificate.
    /// The secrets are not part of what recognises a repetition, and are stored on the card alone.
    ///
    /// # Errors
    /// [`WindowError::Refused`], [`WindowError::Card`] and [`WindowError::Authority`] by the rules,
    /// journaled; nothing is delivered then.
    pub fn deliver(
        &self,
        act: &Act,
        id: &ApplicationId,
        secrets: HolderSecrets,
    ) -> Result<SerialNumber> {
        let step = (id, EventKind::ApplicationCompleted);
        let deliver = |step: Step<'_>| self.deliver_card(step, secrets);
        self.step(act, step, &["deliver"], deliver, |application| {
            let issued = application.record.issued.as_ref();
            issued.map(|issued| issued.serial).ok_or(WindowError::Unknown { field: "certificate" })
        })
    }

    fn deliver_card(&self, step: Step<'_>, secrets: HolderSecrets) -> Result<()> {
        // 1. The table allows it, and the resident may still have the certificate.
        let record = step.application.record.clone();
        let Some(IssuedOnCard { card, serial }) = record.issued.clone() else {
            return Err(WindowError::refused(
                "state",
                "nothing was issued that could be delivered",
            ));
        };
        let to = step.after(ApplicationEvent::Complete)?;
        self.expect_entitled(&step)?;
        // 2. What the card will be; a secret that does not fit is refused before the CA hears of it.
        let slot = slot_for(step.authority.policy());
        let _turn = self.cards.lock(card.as_str());
        let loaded = self.expect_card(&card)?;
        expect_alone(&loaded.card, slot)?;
        let mut delivered = loaded.clone();
        delivered.card.deliver(secrets)?;
        // 3. The card proves the key; the CA puts the new certificate in force and ends the old.
        let proof = possession(&loaded.card, slot)?;
        step.authority.deliver(step.operation.act, &serial, &proof)?;
        // 4. The card and the application follow.
        let entry = step.entry().detail("serial", serial);
        let changed = Entry::new(EventKind::CardChanged, step.operation.act)
            .subject(&card)
            .detail("change", "delivered");
        let unit = step.unit(entry, to, record)?.entry(changed);
        self.store.commit(unit.change(delivered.put(&self.vault)?))?;
        Ok(())
    }

    /// That the register has nothing against the delivery: what the certificate says must still
    /// hold, and without attributes in it, the record must still be there (A 4.9.1.1(2)).
    fn expect_entitled(&self, step: &Step<'_>) -> Result<()> {
        let form = &step.application.record.form;
        if carries_attributes(step.authority.policy()) {
            return self.expect_existence(form, step.authority.policy());
        }
        match self.register.find(&form.resident) {
            Ok(_) => Ok(()),
            Err(RegisterError::NotFound(_)) => {
                let rule = "the record was removed since the check (A 4.9.1.1(2))";
                Err(WindowError::refused("resident", rule))
            }
            Err(down) => Err(down.into()),
        }
    }
}
