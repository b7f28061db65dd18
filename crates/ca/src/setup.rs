//! Setting a CA up: its key, its self-signed certificate, its responder.

use std::sync::{Arc, OnceLock};

use domain::act::Act;
use domain::certificate::CertificateKind;
use domain::journal::EventKind;
use keys::{KeyLabel, KeyStore};
use store::{AuthorityRow, CaRow, Change, Entry, Store, Unit};
use x509::name::Name;
use x509::public_key::SpkiInfo;

use crate::authority::{CertificationAuthority, Generation};
use crate::error::{Error, Result};
use crate::issuance::{Issued, hex};
use crate::request::ServiceRequest;

impl CertificationAuthority {
    /// Sets a CA up from its policy: first key, self-signed certificate, OCSP responder.
    ///
    /// Every part is made once: called again after a cut, it goes on where it stopped.
    ///
    /// # Errors
    /// [`Error::Refused`] for a policy that is not valid; what keys and store say.
    pub fn set_up(
        act: &Act,
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self> {
        let authority = Self::without_keys(policy_text, store, keys)?;
        authority.add_ca(act)?;
        match authority.store.authorities(authority.id())?.as_slice() {
            [] => authority.first_generation(act)?,
            _ => return Self::open(policy_text, authority.store, authority.keys),
        }
        Ok(authority)
    }

    fn add_ca(&self, act: &Act) -> Result<()> {
        if self.store.cas()?.iter().any(|row| row.id == *self.id()) {
            return Ok(());
        }
        let row =
            CaRow { id: self.id().clone(), policy_digest: self.policy_digest, created_at: act.at };
        let entry = Entry::new(EventKind::CaCreated, act)
            .ca(self.id())
            .detail("policy_sha256", hex(&self.policy_digest))
            .detail("effective_from", self.policy.effective_from);
        self.store.commit(Unit::new(entry).change(Change::AddCa(row)))?;
        Ok(())
    }

    fn first_generation(&self, act: &Act) -> Result<()> {
        let label = label(&format!("{}-ca-1", self.id()))?;
        let public = self.key(act, &*self.keys, &label, self.policy.keys.ca.algorithm)?;
        let key = SpkiInfo::parse(&public)?;
        let name = Name::write(&self.policy.issuer.name)?;
        // The serial is known only once the certificate exists; nothing reads it before.
        let provisional = crate::random::serial()?;
        let certificate = OnceLock::new();
        let self_signed = provisional;
        let mut generation = Generation { number: 1, label, name, key, self_signed, certificate };
        let issued = self.issue_self_signed(act, &generation)?;
        generation.self_signed = issued.serial;
        let row = AuthorityRow {
            ca: self.id().clone(),
            generation: 1,
            key_label: generation.label.as_str().to_owned(),
            key_algorithm: self.policy.keys.ca.algorithm,
            signature_algorithm: self.policy.keys.signature,
            name: generation.name.as_der().to_vec(),
            spki: generation.key.as_der().to_vec(),
            self_signed: issued.serial,
            created_at: act.at,
        };
        let entry = Entry::new(EventKind::CaCreated, act)
            .ca(self.id())
            .subject(issued.serial)
            .detail("generation", 1)
            .detail("certificate_sha256", x509::fingerprint::sha256_colon_hex(&issued.certificate));
        self.store.commit(Unit::new(entry).change(Change::AddAuthority(row)))?;
        self.adopt(generation);
        Ok(())
    }

    /// Makes the OCSP responder's key and certificate (RFC 6960 4.2.2.2), or finds them.
    ///
    /// # Errors
    /// What keys and store say.
    pub fn set_up_responder(&self, act: &Act, keys: &dyn KeyStore) -> Result<Responder> {
        let label = label(&format!("{}-ocsp-1", self.id()))?;
        let spki = self.key(act, keys, &label, self.policy.keys.other.algorithm)?;
        let wanted = SpkiInfo::parse(&spki)?.spki_sha256();
        let certificate = match self.service_certificate(CertificateKind::OcspResponder, &wanted)? {
            Some(found) => found,
            None => self.issue_responder(act, spki)?.certificate,
        };
        Ok(Responder { label, certificate })
    }

    fn issue_responder(&self, act: &Act, spki: Vec<u8>) -> Result<Issued> {
        let request = ServiceRequest {
            kind: CertificateKind::OcspResponder,
            common_name: "OCSP Responder".to_owned(),
            spki,
            dns_names: Vec::new(),
            addresses: Vec::new(),
        };
        self.issue_to_service(act, &request)
    }

    /// The certificate of a kind that was issued for this key.
    fn service_certificate(
        &self,
        kind: CertificateKind,
        spki_sha256: &[u8; 32],
    ) -> Result<Option<Vec<u8>>> {
        let row = self.store.certificate_for_key(spki_sha256)?;
        Ok(row
            .filter(|row| row.intent.kind == kind && row.intent.ca == *self.id())
            .and_then(|row| row.der))
    }

    /// A key under a label: made now, or found from an earlier try.
    fn key(
        &self,
        act: &Act,
        keys: &dyn KeyStore,
        label: &KeyLabel,
        algorithm: domain::algorithm::KeyAlgorithm,
    ) -> Result<Vec<u8>> {
        let found = keys.public_key(label).ok();
        let is_new = found.is_none();
        let public = match found {
            Some(public) => public,
            None => keys.generate(label, algorithm)?,
        };
        let entry = Entry::new(EventKind::KeyGenerated, act)
            .ca(self.id())
            .subject(label)
            .detail("algorithm", algorithm)
            .detail("spki_sha256", hex(&x509::fingerprint::sha256(&public.spki_der)));
        // A cut after the key was made would leave it without an entry: found again, it gets one.
        let entry = if is_new { entry } else { entry.no_op() };
        self.store.commit(Unit::new(entry))?;
        Ok(public.spki_der)
    }
}

/// The responder that answers for a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    /// The label of its key.
    pub label: KeyLabel,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
}

fn label(text: &str) -> Result<KeyLabel> {
    text.parse().map_err(|error| Error::refused("key label", error))
}
