//! Proofs that a card holds a key: the CA draws the nonce, and believes a signature over it alone.

use std::sync::Arc;

use card::{CardSlot, possession_statement};
use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, SerialNumber};
use domain::journal::EventKind;
use domain::policy::KeyMaker;
use domain::rule::Hex;
use store::{CertificateRow, Entry, Unit};
use x509::public_key::SpkiInfo;
use x509::read::Certificate;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::nonces::Nonces;
use crate::request::Possession;

/// The proofs that cards hold their keys. It draws nonces and notes proofs; no key is used by it.
pub struct Possessions {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    nonces: Arc<Nonces>,
}

impl Possessions {
    pub(crate) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            nonces: hands.nonces.clone(),
        }
    }

    /// Draws the nonce that the card of an application signs next; it replaces the one before.
    ///
    /// # Errors
    /// [`Error::Random`]; [`Error::Refused`] while too many are open.
    pub fn nonce(&self, act: &Act, application: &ApplicationId) -> Result<[u8; 32]> {
        self.nonces.draw(application, act.at)
    }

    /// Takes the word of a card that has stored key and certificate: from now on the key is in the
    /// card alone, and both erasures of the wrapped one are in the journal (A 6.2.7.2, S 6-2-2-4).
    ///
    /// # Errors
    /// [`Error::Refused`] if the proof fails or the certificate is not on its way, journaled.
    pub fn confirm(&self, act: &Act, serial: &SerialNumber, possession: &Possession) -> Result<()> {
        let result = self.confirm_unrecorded(act, serial, possession);
        self.ledger.recording(act, EventKind::PossessionProven, serial, result)
    }

    fn confirm_unrecorded(
        &self,
        act: &Act,
        serial: &SerialNumber,
        possession: &Possession,
    ) -> Result<()> {
        let row = self.certificates.one(serial)?;
        if !matches!(row.state, CertificateState::Undelivered { .. }) {
            return Err(Error::refused("state", "it is not on its way to its holder"));
        }
        self.check_certified(act, &row, possession)?;
        let proven = Entry::new(EventKind::PossessionProven, act)
            .ca(self.policy.id())
            .subject(serial)
            .detail("card", &possession.card);
        let erased = match self.policy.keys.user.as_ref().map(|rule| rule.made_by) {
            Some(KeyMaker::Holder) => "the generator's copy, after the card had stored it",
            _ => "the wrapped key: at the CA once sent, at the municipality once stored",
        };
        let destroyed = Entry::new(EventKind::KeyDestroyed, act)
            .ca(self.policy.id())
            .subject(serial)
            .detail("spki_sha256", Hex(&row.intent.spki_sha256))
            .detail("erased", erased)
            .detail("left", "in the card");
        self.ledger.commit(Unit::new(proven).entry(destroyed))?;
        Ok(())
    }

    /// That the card holds the key of an issued certificate.
    pub(crate) fn check_certified(
        &self,
        act: &Act,
        row: &CertificateRow,
        possession: &Possession,
    ) -> Result<()> {
        let none = || Error::refused("state", "it has not been issued yet");
        let certificate = Certificate::parse(row.der.as_deref().ok_or_else(none)?)?;
        let key = SpkiInfo::parse(&certificate.tbs.subject_public_key_info)?;
        let no_card = || Error::refused("certificate", "it is not on any resident's card");
        let application = row.intent.application.as_ref().ok_or_else(no_card)?;
        self.check(act, application, &key, possession)
    }

    /// That the private key is where the public key came from: the card's signature over the
    /// nonce drawn last for this application (A 4.3.1.1(1)②, S 3-1-11). It is used up either way.
    pub(crate) fn check(
        &self,
        act: &Act,
        application: &ApplicationId,
        key: &SpkiInfo,
        possession: &Possession,
    ) -> Result<()> {
        if !self.nonces.spend(application, &possession.nonce, act.at) {
            let rule = "the nonce was not drawn for this application in the last ten minutes, or \
                        was used";
            return Err(Error::refused("possession", rule));
        }
        let algorithm = key
            .key_algorithm()
            .and_then(KeyAlgorithm::own_signature)
            .ok_or_else(|| Error::refused("possession", "no card signs with such a key"))?;
        let slot = match self.policy.certifies_signatures() {
            true => CardSlot::Signature,
            false => CardSlot::Authentication,
        };
        x509::signature::verify(
            "proof of possession",
            key.as_der(),
            algorithm,
            &possession_statement(&possession.card, slot, &possession.nonce),
            &possession.signature,
        )
        .map_err(|_| {
            let rule = "the card does not hold the private key of this public key";
            Error::refused("possession", rule)
        })
    }
}
