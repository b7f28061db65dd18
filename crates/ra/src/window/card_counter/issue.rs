//! Has a certificate issued onto a card that nobody can use yet (A 4.3.1.1, S 4-2-1).

use card::key_pair_generator;
use card::terminal::{Load, LoadedKey, LoadingReport};
use card::{CardSlot, Certificates};
use domain::act::Act;
use domain::application::{ApplicationEvent, Others};
use domain::id::ApplicationId;
use domain::journal::EventKind;
use domain::policy::{KeyMaker, UserKeyRule};
use domain::rule::Hex;
use jiff::civil::Date;
use store::Unit;
use x509::digest::sha256;

use super::super::application::Application;
use super::super::at_reader::{AtReader, changed};
use super::super::cards::{slot_for, tag_of};
use super::super::existence::expect_existence;
use super::super::step::StepUnderWay;
use super::CardCounter;
use super::binding::possession;
use crate::authority::{HolderCertificate, IssueRequest, IssuedCertificate, KeySource};
use crate::error::{Result, WindowError};
use crate::record::{IssuedOnCard, OnSlot};

impl CardCounter {
    /// Has the certificate issued and puts it, unusable, onto the card on the reader.
    ///
    /// Cut anywhere, it is repeated: what the card holds by then is found there and proven to the CA
    /// again. A key that the CA made and that did not reach the card is replaced, with its
    /// certificate, by another.
    ///
    /// # Errors
    /// [`WindowError::Refused`], [`WindowError::Authority`] and [`WindowError::Card`] by the rules,
    /// journaled; the application stays as it was. [`WindowError::Reader`] and a broken connection:
    /// repeat it.
    pub fn issue(
        &self,
        act: &Act,
        id: &ApplicationId,
        reader: Option<&str>,
    ) -> Result<IssuedOnCard> {
        let step = (id, EventKind::ApplicationIssued);
        self.steps.step(act, step, &[], |step| self.issue_onto_card(step, reader), issued)
    }

    fn issue_onto_card(&self, mut step: StepUnderWay<'_>, reader: Option<&str>) -> Result<()> {
        // 1. The table allows it, and the register still says what was checked.
        let to = step.after(ApplicationEvent::Issue)?;
        let policy = step.authority.policy();
        expect_existence(&*self.register, &step.application.record.form, policy)?;
        let earlier = expect_room(&step)?;
        let rule = policy.keys.user.as_ref();
        let rule = rule.ok_or_else(|| WindowError::refused("ca", "it has no users"))?;
        let slot = slot_for(policy);
        // 2. The card on the reader, bound to this application before anything is written to it.
        let (mut at, mut card) = self.bound_card(&mut step, reader)?;
        // 3. The key, on the card where the holder makes it, and the CA's six steps.
        let key = self.key_source(&step, &mut at, rule, earlier.as_ref())?;
        let request = request(&step, card.expires_on, key);
        let certificate = step.authority.issue(step.operation.act, request)?;
        let serial = certificate.serial;
        // 4. Key and certificates onto the card; no other copy of the key is left after this.
        load(&mut at, &step, rule, certificate)?;
        // 5. The card has both: the CA hears it from the card itself.
        let proof = possession(&mut at, &step)?;
        step.authority.confirm(step.operation.act, &serial, &proof)?;
        // 6. The office knows.
        let application = step.application.id.clone();
        card.slot_mut(slot).loading = Some(OnSlot { application, serial: Some(serial) });
        let mut record = step.application.record.clone();
        let erased = match rule.made_by {
            KeyMaker::Authority => "the wrapped key, at the window",
            KeyMaker::Holder => "the generator's copy",
        };
        let entry = step.entry().detail("card", &card.id).detail("serial", serial);
        record.issued = Some(IssuedOnCard { card: card.id.clone(), serial });
        let unit = step.unit(entry.detail("erased", erased), to, record)?;
        self.operations.commit(unit.change(card.put()?))
    }

    /// Where the key comes from; one the holder makes is on the card when this returns.
    fn key_source(
        &self,
        step: &StepUnderWay<'_>,
        at: &mut AtReader<'_>,
        rule: &UserKeyRule,
        earlier: Option<&HolderCertificate>,
    ) -> Result<KeySource> {
        let slot = slot_for(step.authority.policy());
        let act = step.operation.act;
        let tag = tag_of(&step.application.id);
        let loading = at.report.slot(slot).loading.clone();
        let ours = loading.as_ref().filter(|loading| loading.operation == tag);
        match key_plan(rule.made_by, ours, earlier) {
            KeyPlan::GoOn => {
                let spki = at.card.loading_public_key(slot)?;
                return on_card(step, at, spki);
            }
            KeyPlan::Replace(lost) => step.authority.discard(act, &lost.serial)?,
            KeyPlan::Make => {}
        }
        // What is left of an earlier attempt has no certificate any more: see `expect_room`.
        if let Some(loading) = &loading {
            self.expect_unused(step, loading)?;
            at.card.discard(slot)?;
        }
        match rule.made_by {
            KeyMaker::Authority => Ok(KeySource::FromAuthority { card: at.card.id().clone() }),
            KeyMaker::Holder => {
                let spki = self.make_key(step, at, rule)?;
                on_card(step, at, spki)
            }
        }
    }

    /// A key whose certificate is in force is never given up, whichever CA certified it: a card that
    /// lost its delivery has it.
    fn expect_unused(&self, step: &StepUnderWay<'_>, loading: &LoadingReport) -> Result<()> {
        for authority in self.authorities.values() {
            let certificates = authority.certificates_of(&step.application.resident)?;
            let is_used = |c: &HolderCertificate| {
                c.is_in_force(step.operation.act.at) && c.spki_sha256 == loading.key_hash
            };
            if certificates.iter().any(is_used) {
                let rule = "it has not delivered a key whose certificate is in force: reconcile \
                            it first";
                return Err(WindowError::refused("card", rule));
            }
        }
        Ok(())
    }

    /// Has the holder make a key pair at the window's generator, which puts it onto the card, and
    /// answers with the public key as the card tells it.
    fn make_key(
        &self,
        step: &StepUnderWay<'_>,
        at: &mut AtReader<'_>,
        rule: &UserKeyRule,
    ) -> Result<Vec<u8>> {
        let slot = slot_for(step.authority.policy());
        if slot != CardSlot::Signature {
            let rule = "the window's generator makes signature keys alone (S 6-1-2)";
            return Err(WindowError::refused("key", rule));
        }
        let taken = at.report.signature_keys.taken(slot);
        let algorithm = rule.for_card(taken).ok_or_else(|| {
            WindowError::refused("card", "it takes no key that the policy permits (S 6-1-2-3)")
        })?;
        let key = key_pair_generator::generate(algorithm, at.card.data_encryption_key())?;
        let operation = tag_of(&step.application.id);
        at.card.store(&[Load { slot, operation, key: Some(key), certificates: None }])?;
        let spki = at.card.loading_public_key(slot)?;
        let change = "the holder made a key pair";
        let entry = changed(step.operation.act, at.card.id(), change)
            .ca(&step.application.ca)
            .detail("application", &step.application.id)
            .detail("spki_sha256", Hex(&sha256(&spki)));
        self.operations.commit(Unit::new(entry))?;
        Ok(spki)
    }
}

/// What to do about the key, by what the card and the CA have of an earlier attempt.
#[derive(Debug, PartialEq, Eq)]
enum KeyPlan<'a> {
    /// Go on with the key that the card holds.
    GoOn,
    /// Make a new one.
    Make,
    /// Make a new one after the end of a certificate whose key the card does not hold.
    Replace(&'a HolderCertificate),
}

fn key_plan<'a>(
    made_by: KeyMaker,
    on_card: Option<&LoadingReport>,
    certificate: Option<&'a HolderCertificate>,
) -> KeyPlan<'a> {
    match (made_by, on_card, certificate) {
        (_, Some(key), Some(certificate)) if key.key_hash == certificate.spki_sha256 => {
            KeyPlan::GoOn
        }
        (KeyMaker::Holder, Some(_), None) => KeyPlan::GoOn,
        (KeyMaker::Holder, _, Some(certificate)) => KeyPlan::Replace(certificate),
        // Asked for a new key, the authority ends the earlier certificate itself.
        (KeyMaker::Authority, ..) | (KeyMaker::Holder, None, None) => KeyPlan::Make,
    }
}

/// The key that the card holds, with the card's word for it.
fn on_card(step: &StepUnderWay<'_>, at: &mut AtReader<'_>, spki: Vec<u8>) -> Result<KeySource> {
    Ok(KeySource::OnCard { spki, possession: possession(at, step)? })
}

/// The CA refuses these too; here they are refused before a card is touched. Answers with the
/// certificate that an earlier attempt of the application left.
fn expect_room(step: &StepUnderWay<'_>) -> Result<Option<HolderCertificate>> {
    let application = &step.application;
    let certificates = step.authority.certificates_of(&application.resident)?;
    let (ours, others): (Vec<_>, Vec<_>) = certificates
        .into_iter()
        .partition(|certificate| certificate.application.as_ref() == Some(&application.id));
    let at = step.operation.act.at;
    let others = Others {
        awaits_delivery: others.iter().any(HolderCertificate::is_undelivered),
        is_in_force: others.iter().chain(&ours).any(|c| c.is_in_force(at)),
    };
    match application.kind.refusal(others) {
        Some(rule) => Err(WindowError::refused("resident", rule)),
        None => Ok(ours.into_iter().find(HolderCertificate::is_undelivered)),
    }
}

fn request(step: &StepUnderWay<'_>, card_expiry: Date, key: KeySource) -> IssueRequest {
    let form = &step.application.record.form;
    IssueRequest {
        application: step.application.id.clone(),
        kind: form.kind(),
        holder: form.resident.clone(),
        municipality: form.municipality,
        window: form.window,
        birth_date: form.birth_date,
        card_expiry,
        attributes: form.certified.as_ref().map(|certified| certified.attributes.clone()),
        key,
    }
}

/// Puts key and certificates into the slot. The card itself refuses a certificate for another key.
fn load(
    at: &mut AtReader<'_>,
    step: &StepUnderWay<'_>,
    rule: &UserKeyRule,
    issued: IssuedCertificate,
) -> Result<()> {
    let algorithm = rule.algorithm;
    let load = Load {
        slot: slot_for(step.authority.policy()),
        operation: tag_of(&step.application.id),
        key: issued.wrapped_key.map(|wrapped| LoadedKey::Transported { algorithm, wrapped }),
        certificates: Some(Certificates {
            holder: issued.certificate,
            ca: issued.authority_certificate,
        }),
    };
    Ok(at.card.store(&[load])?)
}

fn issued(application: &Application) -> Result<IssuedOnCard> {
    application.record.issued.clone().ok_or(WindowError::Unknown { field: "certificate" })
}
