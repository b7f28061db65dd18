//! Has a certificate issued onto a card that nobody can use yet (A 4.3.1.1, S 4-2-1).

use aws_lc_rs::rand;
use card::{Card, CardSlot, Certificates, TransportKey, key_pair_generator, possession_statement};
use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::application::{ApplicationEvent, ApplicationKind};
use domain::id::ApplicationId;
use domain::journal::EventKind;
use domain::policy::{KeyMaker, UserKeyRule};
use store::{Change, Entry, Unit};
use x509::fingerprint::sha256;
use x509::read::Certificate;

use super::cards::{HeldCard, card_id, slot_for};
use super::operation::Step;
use super::{Application, Window};
use crate::authority::{IssueRequest, IssuedCertificate, KeySource, Possession};
use crate::error::{Result, WindowError};
use crate::record::{self, IssuedOnCard, PreparedKey};

impl Window {
    /// Has the certificate issued and puts it, unusable, onto its card.
    ///
    /// Cut anywhere, it is repeated: a key the holder made is stored on the card before the CA is
    /// asked, and finds the same certificate again; a key the authority made is replaced, with its
    /// certificate, by another.
    ///
    /// # Errors
    /// [`WindowError::Refused`], [`WindowError::Authority`] and [`WindowError::Card`] by the rules,
    /// journaled; the application stays as it was.
    pub fn issue(&self, act: &Act, id: &ApplicationId) -> Result<IssuedOnCard> {
        let step = (id, EventKind::ApplicationIssued);
        self.step(act, step, &[], |step| self.issue_onto_card(step), issued)
    }

    fn issue_onto_card(&self, mut step: Step<'_>) -> Result<()> {
        // 1. The table allows it, and the register still says what was checked.
        let to = step.after(ApplicationEvent::Issue)?;
        let policy = step.authority.policy();
        self.expect_existence(&step.application.record.form, policy)?;
        expect_room(&step)?;
        // 2. The card, with the holder's key where the holder makes it.
        let rule = policy.keys.user.as_ref();
        let rule = rule.ok_or_else(|| WindowError::refused("ca", "it has no users"))?;
        let slot = slot_for(policy);
        let _turn = self.cards.lock(card_id(&step)?.as_str());
        let mut held = self.card_for(&step, slot)?;
        let key = self.key_source(&mut step, &mut held, slot, rule)?;
        // 3. The CA's six steps.
        let request = request(&step, &held.card, key);
        let issued = step.authority.issue(step.operation.act, request)?;
        // 4. Key and certificates onto the card; it is stored with the application's new state.
        load(&mut held.card, slot, rule.algorithm, &issued)?;
        let mut record = step.application.record.clone();
        let card = held.card.id().clone();
        let entry = step.entry().detail("card", &card).detail("serial", issued.serial);
        record.issued = Some(IssuedOnCard { card, serial: issued.serial });
        let unit = step.unit(entry, to, record)?.change(held.put(&self.vault)?);
        self.store.commit(unit)?;
        Ok(())
    }

    /// Where the key comes from; one the holder makes is on the stored card when this returns.
    fn key_source(
        &self,
        step: &mut Step<'_>,
        held: &mut HeldCard,
        slot: CardSlot,
        rule: &UserKeyRule,
    ) -> Result<KeySource> {
        let loading = held.card.loading_public_key(slot)?.map(<[u8]>::to_vec);
        let prepared = step.application.record.prepared.as_ref();
        let is_ours = |spki: &Vec<u8>| prepared.is_some_and(|p| p.spki_sha256 == sha256(spki));
        let ours = loading.clone().filter(is_ours);
        // What another application left there has no certificate any more: see `expect_room`.
        if loading.is_some() && ours.is_none() {
            held.card.discard_loading(slot)?;
        }
        match (rule.made_by, ours) {
            (KeyMaker::Authority, _) => {
                let transport = TransportKey::new(held.card.transport_key_for_bureau()?.as_bytes());
                Ok(KeySource::FromAuthority { transport })
            }
            (KeyMaker::Holder, Some(spki)) => from_holder(&held.card, slot, spki),
            (KeyMaker::Holder, None) => {
                let spki = self.make_key(step, held, slot, rule.algorithm)?;
                from_holder(&held.card, slot, spki)
            }
        }
    }

    /// Has the holder make a key pair on the card, and stores the card before anyone certifies it.
    fn make_key(
        &self,
        step: &mut Step<'_>,
        held: &mut HeldCard,
        slot: CardSlot,
        algorithm: KeyAlgorithm,
    ) -> Result<Vec<u8>> {
        if slot != CardSlot::Signature {
            let rule = "the window's generator makes signature keys alone (S 6-1-2)";
            return Err(WindowError::refused("key", rule));
        }
        let made = key_pair_generator::generate_onto_card(&mut held.card, algorithm, &nonce()?)?;
        let card = held.card.id().clone();
        let application = &mut step.application;
        let spki_sha256 = sha256(&made.spki_der);
        application.record.prepared = Some(PreparedKey { card: card.clone(), spki_sha256 });
        let entry = Entry::new(EventKind::CardChanged, step.operation.act)
            .ca(&application.ca)
            .subject(&card)
            .detail("change", "the holder made a key pair")
            .detail("application", &application.id);
        let prepared = Change::SetApplication {
            id: application.id.clone(),
            from: application.state,
            to: application.state,
            record: record::encode(&application.record)?,
        };
        self.store.commit(Unit::new(entry).change(prepared).change(held.put(&self.vault)?))?;
        Ok(made.spki_der)
    }
}

/// The card's word for the key being loaded, over a fresh nonce.
pub(super) fn possession(card: &Card, slot: CardSlot) -> Result<Possession> {
    let nonce = nonce()?;
    let signature = card.prove_possession(slot, &nonce)?;
    Ok(Possession { statement: possession_statement(card.id(), slot, &nonce), signature })
}

fn from_holder(card: &Card, slot: CardSlot, spki: Vec<u8>) -> Result<KeySource> {
    Ok(KeySource::FromHolder { spki, possession: possession(card, slot)? })
}

fn nonce() -> Result<[u8; 32]> {
    let mut nonce = [0; 32];
    rand::fill(&mut nonce).map_err(|_| WindowError::Random)?;
    Ok(nonce)
}

/// The CA refuses these too; here they are refused before a key is made or given up on the card.
fn expect_room(step: &Step<'_>) -> Result<()> {
    let application = &step.application;
    let certificates = step.authority.certificates_of(&application.resident)?;
    let of_another = |id: &Option<ApplicationId>| id.as_ref() != Some(&application.id);
    if certificates.iter().any(|c| c.is_undelivered() && of_another(&c.application)) {
        let rule = "another certificate waits for delivery: deliver or discard it (A 4.3.1.1)";
        return Err(WindowError::refused("resident", rule));
    }
    let has_one = certificates.iter().any(|c| c.is_in_force(step.operation.act.at));
    let rule = match (application.kind, has_one) {
        (ApplicationKind::IssueOnCard, true) => {
            "a valid or held certificate exists (A 4.3.1.1(2), S 4-2-3)"
        }
        (ApplicationKind::Renewal, false) => {
            "there is no certificate in force to renew (A 4.7.1.1, S 3-2)"
        }
        _ => return Ok(()),
    };
    Err(WindowError::refused("resident", rule))
}

fn request(step: &Step<'_>, card: &Card, key: KeySource) -> IssueRequest {
    let form = &step.application.record.form;
    IssueRequest {
        application: step.application.id.clone(),
        kind: form.kind(),
        holder: form.resident.clone(),
        municipality: form.municipality,
        window: form.window,
        birth_date: form.birth_date,
        card_expiry: card.expires_on(),
        attributes: form.certified.as_ref().map(|certified| certified.attributes.clone()),
        key,
    }
}

/// Puts key and certificates into the slot; the certificate must be for the card's key.
fn load(
    card: &mut Card,
    slot: CardSlot,
    algorithm: KeyAlgorithm,
    issued: &IssuedCertificate,
) -> Result<()> {
    let unreadable =
        |problem: String| WindowError::Unreadable { what: "what the CA sent", problem };
    if let Some(wrapped) = &issued.wrapped_key {
        card.load_private_key(slot, algorithm, wrapped)?;
    }
    let certificate = Certificate::parse(&issued.certificate);
    let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
    let certified = certificate.tbs.subject_public_key_info.as_slice();
    if card.loading_public_key(slot)? != Some(certified) {
        return Err(unreadable("the certificate is for another key than the card's".into()));
    }
    let certificates = Certificates {
        holder: issued.certificate.clone(),
        ca: issued.authority_certificate.clone(),
    };
    Ok(card.load_certificates(slot, certificates)?)
}

fn issued(application: &Application) -> Result<IssuedOnCard> {
    application.record.issued.clone().ok_or(WindowError::Unknown { field: "certificate" })
}
