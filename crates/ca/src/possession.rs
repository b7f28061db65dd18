//! Proofs that a card holds a key: the CA draws the nonce, and believes a signature over it alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand;
use card::{CardSlot, possession_statement};
use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, SerialNumber};
use domain::journal::EventKind;
use domain::policy::KeyMaker;
use domain::rule::Hex;
use jiff::{SignedDuration, Timestamp};
use store::{CertificateRow, Entry, Unit};
use x509::public_key::SpkiInfo;
use x509::read::Certificate;

use crate::authority::CertificationAuthority;
use crate::error::{Error, Result};
use crate::request::Possession;

/// How long a nonce is good for: the commands of a slow card between the drawing and the proof take
/// seconds, a holder who chooses a PIN meanwhile takes minutes.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How many nonces may be open at once: more than all windows of the country need in ten minutes.
const MAX_OPEN: usize = 100_000;

/// The nonces that were drawn and not used yet, one for an application at most.
///
/// They stand in memory alone: after a restart every card is asked anew.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<ApplicationId, Drawn>>);

struct Drawn {
    nonce: [u8; 32],
    at: Timestamp,
}

impl CertificationAuthority {
    /// Draws the nonce that the card of an application signs next; it replaces the one before.
    ///
    /// # Errors
    /// [`Error::Random`]; [`Error::Refused`] while too many are open.
    pub fn possession_nonce(&self, act: &Act, application: &ApplicationId) -> Result<[u8; 32]> {
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
        self.check_certified_possession(act, &row, possession)?;
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
    pub(crate) fn check_certified_possession(
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
        self.check_possession(act, application, &key, possession)
    }

    /// That the private key is where the public key came from: the card's signature over the
    /// nonce drawn last for this application (A 4.3.1.1(1)②, S 3-1-11). It is used up either way.
    pub(crate) fn check_possession(
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

impl Nonces {
    fn draw(&self, application: &ApplicationId, at: Timestamp) -> Result<[u8; 32]> {
        let mut nonce = [0; 32];
        rand::fill(&mut nonce).map_err(|_| Error::Random)?;
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_OPEN {
            open.retain(|_, drawn| drawn.is_fresh(at));
        }
        if open.len() >= MAX_OPEN && !open.contains_key(application) {
            return Err(Error::refused("possession", "too many cards are being asked at once"));
        }
        open.insert(application.clone(), Drawn { nonce, at });
        Ok(nonce)
    }

    /// Whether this is the open nonce of the application; whatever is, it is used up.
    fn spend(&self, application: &ApplicationId, nonce: &[u8; 32], at: Timestamp) -> bool {
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(application);
        drawn.is_some_and(|drawn| drawn.nonce == *nonce && drawn.is_fresh(at))
    }
}

impl Drawn {
    fn is_fresh(&self, at: Timestamp) -> bool {
        let age = at.duration_since(self.at);
        !age.is_negative() && age <= LIFETIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(number: u32) -> ApplicationId {
        format!("ap-{number}").parse().expect("an id")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn k5_a_nonce_is_good_once_for_its_application_and_for_ten_minutes() {
        let nonces = Nonces::default();
        let (noon, later) = (at("2026-04-01T03:00:00Z"), at("2026-04-01T03:10:00Z"));
        let draw = |number| nonces.draw(&application(number), noon).expect("randomness");
        let nonce = draw(1);
        assert!(!nonces.spend(&application(2), &nonce, noon), "another application's");
        assert!(nonces.spend(&application(1), &nonce, later), "the last second belongs to it");
        assert!(!nonces.spend(&application(1), &nonce, later), "used");
        let nonce = draw(1);
        assert!(!nonces.spend(&application(1), &nonce, at("2026-04-01T03:10:01Z")), "too late");
        let (older, newer) = (draw(1), draw(1));
        assert!(!nonces.spend(&application(1), &older, noon), "replaced");
        assert!(!nonces.spend(&application(1), &newer, noon), "a wrong guess uses it up");
    }

    #[test]
    fn open_nonces_are_bounded_and_make_room_by_age() {
        let nonces = Nonces::default();
        let noon = at("2026-04-01T03:00:00Z");
        let last = u32::try_from(MAX_OPEN).expect("small");
        for number in 0..last {
            nonces.draw(&application(number), noon).expect("room");
        }
        assert!(nonces.draw(&application(last), noon).is_err());
        nonces.draw(&application(0), noon).expect("a second one replaces the first");
        nonces.draw(&application(last), at("2026-04-01T03:10:01Z")).expect("the old ones are gone");
    }
}
