//! Hands the card over: the holder sets the secret, the certificate comes into force (A 4.4.1.1).

use card::terminal::SlotReport;
use card::{CardSlot, HolderSecrets};
use domain::act::Act;
use domain::application::ApplicationEvent;
use domain::certificate::StateName;
use domain::id::{ApplicationId, SerialNumber};
use domain::journal::EventKind;
use domain::rule;

use super::super::at_reader::{AtReader, changed};
use super::super::cards::{slot_for, tag_of};
use super::super::existence::expect_existence;
use super::super::step::StepUnderWay;
use super::CardCounter;
use super::binding::{expect_bound, possession};
use super::handover::Handover;
use crate::authority::HolderCertificate;
use crate::error::{Result, WindowError};
use crate::form::carries_attributes;
use crate::readers::Wanted;
use crate::record::{IssuedOnCard, OnSlot, SlotRecord};
use crate::register::RegisterError;

impl CardCounter {
    /// Delivers what was issued and answers with the serial that is now in force.
    ///
    /// The card proves that it holds the key, and has the new secret, before the CA ends the holder's
    /// older certificate; only then does it give the key to the holder. Cut anywhere, it is repeated.
    /// The secrets are not part of what recognises a repetition, and go to the card alone.
    ///
    /// # Errors
    /// [`WindowError::Refused`], [`WindowError::Card`] and [`WindowError::Authority`] by the rules,
    /// journaled; nothing is delivered then. [`WindowError::Reader`] and a broken connection: repeat
    /// it.
    pub fn deliver(
        &self,
        act: &Act,
        id: &ApplicationId,
        secrets: HolderSecrets,
        reader: Option<&str>,
    ) -> Result<SerialNumber> {
        self.deliver_by(act, id, secrets, reader, &Handover::AtTheWindow)
    }

    /// Delivers what was issued in one of the ways that A 4.4.1.1 knows (L3).
    ///
    /// # Errors
    /// As [`deliver`](Self::deliver); [`WindowError::Refused`] where the CPS does not allow it,
    /// [`WindowError::Form`] for a place or receiver that is none.
    pub fn deliver_by(
        &self,
        act: &Act,
        id: &ApplicationId,
        secrets: HolderSecrets,
        reader: Option<&str>,
        handover: &Handover,
    ) -> Result<SerialNumber> {
        let step = (id, EventKind::ApplicationCompleted);
        let deliver = |step: StepUnderWay<'_>| self.deliver_card(step, &secrets, reader, handover);
        let request = [&["deliver"], handover.parts().as_slice()].concat();
        self.steps.step(act, step, &request, deliver, |application| {
            let issued = application.record.issued.as_ref();
            issued.map(|issued| issued.serial).ok_or(WindowError::Unknown { field: "certificate" })
        })
    }

    fn deliver_card(
        &self,
        step: StepUnderWay<'_>,
        secrets: &HolderSecrets,
        reader: Option<&str>,
        handover: &Handover,
    ) -> Result<()> {
        // 1. The table and the CPS allow it.
        let Some(issued) = step.application.record.issued.clone() else {
            let rule = "nothing was issued that could be delivered";
            return Err(WindowError::refused("state", rule));
        };
        let IssuedOnCard { card: id, serial } = issued;
        let to = step.after(ApplicationEvent::Complete)?;
        handover.expect_allowed(&step)?;
        let entry = handover.note(&step, step.entry().detail("serial", serial))?;
        // 2. The card on the reader holds what was issued.
        let slot = slot_for(step.authority.policy());
        let certificate = own_certificate(&step, &serial)?;
        let mut at = self.channels.open(step.operation.act, &Wanted::card(&id, reader))?;
        let mut card = self.cards.known(&id)?;
        expect_bound(card.slot(slot).loading.as_ref(), &step.application.id)?;
        let plan = plan(at.report.slot(slot), &certificate)?;
        // 3. The secret, the CA and the card, as far as they are not done yet.
        self.carry_over(&step, &mut at, secrets, &certificate, plan)?;
        // 4. The office knows.
        let application = step.application.id.clone();
        let delivered = OnSlot { application, serial: Some(serial) };
        *card.slot_mut(slot) = SlotRecord { delivered: Some(delivered), loading: None };
        card.is_handed_out = true;
        let record = step.application.record.clone();
        let delivered = changed(step.operation.act, &id, "delivered").detail("slot", slot);
        let unit = step.unit(entry, to, record)?.entry(delivered);
        self.operations.commit(unit.change(card.put()?))
    }

    /// The secret onto the card; the CA puts the new certificate in force and ends the old, once the
    /// card has proven its key; and only then the key is the holder's.
    fn carry_over(
        &self,
        step: &StepUnderWay<'_>,
        at: &mut AtReader<'_>,
        secrets: &HolderSecrets,
        certificate: &HolderCertificate,
        plan: Plan,
    ) -> Result<()> {
        if plan == Plan::Record {
            return Ok(());
        }
        let slot = slot_for(step.authority.policy());
        expect_fitting(slot, at.report.slot(slot), secrets, plan)?;
        if plan == Plan::Deliver {
            self.expect_entitled(step)?;
        }
        self.stage(step, at, secrets, plan)?;
        if plan == Plan::Deliver {
            let proof = possession(at, step)?;
            step.authority.deliver(step.operation.act, &certificate.serial, &proof)?;
        }
        Ok(at.card.deliver(slot, &tag_of(&step.application.id))?)
    }

    /// The holder's secret onto the card. One that an attempt staged of which the CA never heard is
    /// not the holder's word: without a new one, a renewal keeps the present.
    fn stage(
        &self,
        step: &StepUnderWay<'_>,
        at: &mut AtReader<'_>,
        secrets: &HolderSecrets,
        plan: Plan,
    ) -> Result<()> {
        let slot = slot_for(step.authority.policy());
        let tag = tag_of(&step.application.id);
        let is_staged = at.report.slot(slot).loading.as_ref().is_some_and(|key| key.has_secret);
        if plan == Plan::Deliver && is_staged && !is_set(slot, secrets) {
            at.card.clear_staged(&tag, slot)?;
        }
        Ok(at.card.stage_secrets(&tag, secrets)?)
    }

    /// That the register has nothing against the delivery: what the certificate says must still
    /// hold, and without attributes in it, the record must still be there (A 4.9.1.1(2)).
    fn expect_entitled(&self, step: &StepUnderWay<'_>) -> Result<()> {
        let form = &step.application.record.form;
        if carries_attributes(step.authority.policy()) {
            return expect_existence(&*self.register, form, step.authority.policy());
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

/// What is left to do, by what the card holds and what the CA says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Everything.
    Deliver,
    /// The CA has delivered, the card has not.
    Finish,
    /// Both have, and the office does not know.
    Record,
}

fn plan(on_card: &SlotReport, certificate: &HolderCertificate) -> Result<Plan> {
    let refuse = |rule: &'static str| Err(WindowError::refused("card", rule));
    let key = certificate.spki_sha256;
    let loaded = on_card.loading.as_ref().is_some_and(|loading| loading.key_hash == key);
    let delivered = on_card.delivered.as_ref().is_some_and(|delivered| delivered.key_hash == key);
    match (certificate.state.name(), loaded, delivered) {
        (StateName::Undelivered, true, _) => Ok(Plan::Deliver),
        (StateName::Good | StateName::Held, true, _) => Ok(Plan::Finish),
        (StateName::Good | StateName::Held | StateName::Revoked, false, true) => Ok(Plan::Record),
        (StateName::Revoked, true, _) => {
            let rule = "its certificate was revoked: discard it (A 4.9.9)";
            Err(WindowError::refused("state", rule))
        }
        _ => refuse("it does not hold the key of the certificate that was issued: discard it"),
    }
}

/// A secret is set for what is delivered alone, and where there is none yet it must be (C3).
fn expect_fitting(
    slot: CardSlot,
    on_card: &SlotReport,
    secrets: &HolderSecrets,
    plan: Plan,
) -> Result<()> {
    let (other, name) = match slot {
        CardSlot::Authentication => (CardSlot::Signature, "authentication PIN"),
        CardSlot::Signature => (CardSlot::Authentication, "signature password"),
    };
    // A secret that was staged before the CA delivered is the holder's own; one from an attempt
    // that came to nothing is not relied on.
    let staged = on_card.loading.as_ref().is_some_and(|loading| loading.has_secret);
    let has_one =
        is_set(slot, secrets) || on_card.delivered.is_some() || (plan == Plan::Finish && staged);
    if is_set(other, secrets) {
        let rule = rule!("nothing but the {} slot is being delivered", slot);
        return Err(WindowError::refused("secret", rule));
    }
    if !has_one {
        let rule = rule!("the holder sets the {} at the first delivery (C3)", name);
        return Err(WindowError::refused("secret", rule));
    }
    Ok(())
}

fn is_set(slot: CardSlot, secrets: &HolderSecrets) -> bool {
    match slot {
        CardSlot::Authentication => secrets.authentication.is_some(),
        CardSlot::Signature => secrets.signature.is_some(),
    }
}

fn own_certificate(step: &StepUnderWay<'_>, serial: &SerialNumber) -> Result<HolderCertificate> {
    let certificates = step.authority.certificates_of(&step.application.resident)?;
    let own = certificates.into_iter().find(|certificate| certificate.serial == *serial);
    own.ok_or(WindowError::Unknown { field: "certificate" })
}
