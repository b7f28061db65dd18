//! The OCSP responders: one delegate for each key generation, renewed before its certificate ends.

use std::sync::Arc;

use domain::act::Act;
use domain::algorithm::SignatureAlgorithm;
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::lifetime::WARNED_BEFORE_DAYS;
use domain::revocation::RevocationReason;
use domain::rule;
use jiff::{SignedDuration, Timestamp};
use keys::{KeyError, KeyLabel, KeyStore, Sign};
use store::{CertificateRow, Unit};
use x509::public_key::SpkiInfo;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::{Generation, label};
use crate::hands::Hands;
use crate::issuance::Issuance;
use crate::ledger::Ledger;
use crate::making::key_generated;
use crate::request::ServiceRequest;
use crate::service_certificates::ServiceCertificates;

/// A delegate gets a successor so long before its certificate ends: with the first warning.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * WARNED_BEFORE_DAYS[0]);

/// A generation lasts ten years and a delegate at least one; more names than this are a fault.
const MAXIMUM_DELEGATES: u32 = 100;

/// The responder that answers for a key of a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    /// The label of its key, in the store of the services' keys.
    pub label: KeyLabel,
    /// Its certificate, DER, by the key it answers for (RFC 6960 4.2.2.2).
    pub certificate: Vec<u8>,
    /// What it signs with.
    pub signature: SignatureAlgorithm,
}

/// Where the names of a generation's delegates lead.
enum Place {
    /// A delegate whose certificate is good.
    Taken { responder: Responder, begins: Timestamp, ends: Timestamp },
    /// A key without a certificate, or none yet.
    Free { label: KeyLabel },
}

/// The responders of a CA. Their keys come with each call, out of the store of the services' keys.
pub struct Responders {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    issuance: Arc<Issuance>,
    services: Arc<ServiceCertificates>,
}

impl Responders {
    pub(crate) fn new(
        hands: &Hands,
        issuance: &Arc<Issuance>,
        services: &Arc<ServiceCertificates>,
    ) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            issuance: issuance.clone(),
            services: services.clone(),
        }
    }

    /// The responder of a generation that answers at `at`: the newest that has not ended. Where all
    /// have, it is the newest of them, whose answers wait for its successor; nothing before the first.
    ///
    /// # Errors
    /// What keys and store say.
    pub fn at(
        &self,
        at: Timestamp,
        generation: &Generation,
        keys: &dyn Sign,
    ) -> Result<Option<Responder>> {
        let taken = self.places(generation, keys)?.into_iter().filter_map(|place| match place {
            Place::Taken { responder, begins, ends } => {
                Some(((begins..=ends).contains(&at), responder))
            }
            Place::Free { .. } => None,
        });
        // Of equals the last is the greatest, which is the newest.
        let newest = taken.max_by_key(|(is_alive, _)| *is_alive);
        Ok(newest.map(|(_, responder)| responder))
    }

    /// The responder of a generation (RFC 6960 4.2.2.2): found, or made with a key in `keys` and a
    /// certificate by the CA's key of that generation. One that is about to end, or was revoked,
    /// gets a successor with a key of its own.
    ///
    /// # Errors
    /// [`Error::Refused`] once the generation's root has ended; what keys and store say.
    pub fn set_up(
        &self,
        act: &Act,
        generation: &Generation,
        keys: &dyn KeyStore,
    ) -> Result<Responder> {
        let lasts = generation.ends.min(act.at + RENEWED_BEFORE);
        let mut free = None;
        for place in self.places(generation, keys)? {
            match place {
                // One that has not begun was made by a clock that was ahead.
                Place::Taken { responder, begins, ends } if begins <= act.at && lasts <= ends => {
                    return Ok(responder);
                }
                Place::Taken { .. } => {}
                Place::Free { label } => free = Some(label),
            }
        }
        if generation.ends < act.at {
            let rule = rule!("its root ended at {}: nobody answers for it", generation.ends);
            return Err(Error::refused("generation", rule));
        }
        let label = free.ok_or_else(|| Error::refused("responder", "it had too many delegates"))?;
        self.make_responder(act, generation, keys, label)
    }

    /// Every delegate that a generation had and that was not revoked, and the next free name.
    fn places(&self, generation: &Generation, keys: &dyn Sign) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for number in 1..=MAXIMUM_DELEGATES {
            let label = self.delegate_label(generation, number)?;
            let public = match keys.public_key(&label) {
                Ok(public) => public,
                Err(KeyError::UnknownLabel(_)) => {
                    places.push(Place::Free { label });
                    break;
                }
                // Its key is lost: another delegate takes over, under the next name.
                Err(KeyError::Corrupt(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let spki = SpkiInfo::parse(&public.spki_der)?;
            let Some(row) = self.delegate_row(&spki)? else {
                places.push(Place::Free { label });
                break;
            };
            match (row.state, row.der) {
                // After a compromise of the CA's key the delegate goes on: somebody has to say that
                // its certificates ended, and nothing new is signed with that key.
                (
                    CertificateState::Good
                    | CertificateState::Revoked { reason: RevocationReason::CaCompromise, .. },
                    Some(certificate),
                ) => {
                    let signature = own_signature(&spki)?;
                    let responder = Responder { label, certificate, signature };
                    let (begins, ends) = (row.intent.not_before, row.intent.not_after);
                    places.push(Place::Taken { responder, begins, ends });
                }
                (CertificateState::Intended, _) => {
                    places.push(Place::Free { label });
                    break;
                }
                _ => {}
            }
        }
        Ok(places)
    }

    fn make_responder(
        &self,
        act: &Act,
        generation: &Generation,
        keys: &dyn KeyStore,
        label: KeyLabel,
    ) -> Result<Responder> {
        let public = match keys.public_key(&label) {
            Err(KeyError::UnknownLabel(_)) => {
                let algorithm = self.policy.keys.other.algorithm;
                let public = keys.generate(&label, algorithm)?;
                let entry =
                    key_generated(self.policy.id(), act, &label, algorithm, &public.spki_der);
                self.ledger.commit(Unit::new(entry))?;
                public
            }
            Ok(found) => {
                // A cut may have left the key without an entry: found again, it gets one.
                let entry =
                    key_generated(self.policy.id(), act, &label, found.algorithm, &found.spki_der);
                self.ledger.commit(Unit::new(entry.no_op()))?;
                found
            }
            Err(error) => return Err(error.into()),
        };
        let spki = SpkiInfo::parse(&public.spki_der)?;
        let signature = own_signature(&spki)?;
        let certificate = match self.delegate_row(&spki)? {
            Some(row) => {
                self.issuance.finish(act, &row, generation, CertificateEvent::IssueInForce)?
            }
            None => self.services.issue_with(act, &request(public.spki_der), generation)?,
        }
        .certificate;
        Ok(Responder { label, certificate, signature })
    }

    /// The certificate, or the intent, of a delegate's key.
    fn delegate_row(&self, spki: &SpkiInfo) -> Result<Option<CertificateRow>> {
        let row = self.certificates.for_key(&spki.spki_sha256())?;
        Ok(row.filter(|row| row.intent.kind == CertificateKind::OcspResponder))
    }

    fn delegate_label(&self, generation: &Generation, number: u32) -> Result<KeyLabel> {
        let (ca, generation) = (self.policy.id(), generation.number);
        match number {
            1 => label(&format!("{ca}-ocsp-{generation}")),
            _ => label(&format!("{ca}-ocsp-{generation}-{number}")),
        }
    }
}

fn own_signature(spki: &SpkiInfo) -> Result<SignatureAlgorithm> {
    spki.key_algorithm()
        .and_then(domain::algorithm::KeyAlgorithm::own_signature)
        .ok_or_else(|| Error::refused("public key", "no responder signs with such a key"))
}

fn request(spki: Vec<u8>) -> ServiceRequest {
    ServiceRequest {
        kind: CertificateKind::OcspResponder,
        common_name: "OCSP Responder".to_owned(),
        spki,
        dns_names: Vec::new(),
        addresses: Vec::new(),
    }
}
