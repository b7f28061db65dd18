//! OCSP requests written by hand, well and badly, and answers read.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::algorithm::KeyAlgorithm;
use domain::id::SerialNumber;
use jiff::SignedDuration;
use jitsuin_status::ocsp::OcspAnswer;
use keys::{Administer, Sign};
use x509::algorithm::identifier;
use x509::der_writer::DerWriter;
use x509::ocsp::{BasicResponse, CertId, HashAlgorithm, OcspResponse, ReceivedStatus};
use x509::oid;

use super::{ALGORITHM, Ca, World, label, name, signed, template};

/// A request in the making.
#[derive(Default, Clone)]
pub struct Draft {
    pub cert_ids: Vec<Vec<u8>>,
    /// The extensions of the request: identifier, criticality, value.
    pub extensions: Vec<(const_oid::ObjectIdentifier, bool, Vec<u8>)>,
}

impl Draft {
    pub fn about(ca: &Ca, serials: &[SerialNumber]) -> Self {
        Self::with_hash(ca, HashAlgorithm::Sha1, serials)
    }

    pub fn with_hash(ca: &Ca, hash: HashAlgorithm, serials: &[SerialNumber]) -> Self {
        let ids = serials.iter().map(|s| CertId::of(hash, &ca.name, &ca.key, &s.to_integer()).der);
        Self { cert_ids: ids.collect(), extensions: Vec::new() }
    }

    /// With SHA-1 and these NULLs as parameters, however many and whatever they hold.
    pub fn with_parameters(ca: &Ca, parameters: &[&[u8]], serial: SerialNumber) -> Self {
        let known = CertId::of(HashAlgorithm::Sha1, &ca.name, &ca.key, &serial.to_integer());
        let mut w = DerWriter::new();
        w.sequence(|w| {
            w.sequence(|w| {
                w.oid(oid::SHA1);
                parameters.iter().for_each(|content| w.element(0x05, content));
            });
            w.octet_string(&known.issuer_name_hash);
            w.octet_string(&known.issuer_key_hash);
            w.element(0x02, &known.serial);
        });
        Self { cert_ids: vec![w.into_bytes()], extensions: Vec::new() }
    }

    pub fn nonce(mut self, octets: &[u8]) -> Self {
        let mut value = DerWriter::new();
        value.octet_string(octets);
        self.extensions.push((oid::OCSP_NONCE, false, value.into_bytes()));
        self
    }

    pub fn extension(mut self, oid: const_oid::ObjectIdentifier, critical: bool, v: &[u8]) -> Self {
        self.extensions.push((oid, critical, v.to_vec()));
        self
    }

    pub fn tbs(&self) -> Vec<u8> {
        let mut w = DerWriter::new();
        w.sequence(|w| {
            w.sequence(|w| self.cert_ids.iter().for_each(|id| w.sequence(|w| w.raw(id))));
            if !self.extensions.is_empty() {
                w.context(2, |w| w.sequence(|w| self.write_extensions(w)));
            }
        });
        w.into_bytes()
    }

    pub fn unsigned(&self) -> Vec<u8> {
        let mut w = DerWriter::new();
        w.sequence(|w| w.raw(&self.tbs()));
        w.into_bytes()
    }

    /// With a nonce that no request had before, unless it has one.
    pub fn fresh(&self) -> Self {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        if self.extensions.iter().any(|(oid, ..)| *oid == oid::OCSP_NONCE) {
            return self.clone();
        }
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        self.clone().nonce(&x509::digest::sha256(&number.to_be_bytes()))
    }

    /// As a verifier's client signs it: with a nonce of its own.
    pub fn signed(&self, signer: &Signer<'_>) -> Vec<u8> {
        self.fresh().signed_as_is(signer)
    }

    pub fn signed_as_is(&self, signer: &Signer<'_>) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = signer.world.keys.sign(&label(signer.key), ALGORITHM, &tbs).unwrap();
        self.with_signature(&signature, &[signer.certificate.as_slice()])
    }

    pub fn with_signature(&self, signature: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
        let mut w = DerWriter::new();
        w.sequence(|w| {
            w.raw(&self.tbs());
            w.context(0, |w| {
                w.sequence(|w| {
                    w.raw(&identifier(ALGORITHM));
                    w.bit_string(signature);
                    w.context(0, |w| w.sequence(|w| certificates.iter().for_each(|c| w.raw(c))));
                });
            });
        });
        w.into_bytes()
    }

    fn write_extensions(&self, w: &mut DerWriter) {
        for (oid, critical, value) in &self.extensions {
            w.sequence(|w| {
                w.oid(*oid);
                if *critical {
                    w.boolean(true);
                }
                w.octet_string(value);
            });
        }
    }
}

/// Somebody who signs requests.
pub struct Signer<'a> {
    pub world: &'a World,
    pub key: &'a str,
    pub certificate: Vec<u8>,
}

impl<'a> Signer<'a> {
    /// A signer with a new key and a certificate of its own making.
    pub fn new(world: &'a World, key: &'a str) -> Self {
        Self::lasting(world, key, 1_000)
    }

    /// One whose certificate ends after so many hours.
    pub fn lasting(world: &'a World, key: &'a str, hours: i64) -> Self {
        let spki = world.keys.generate(&label(key), KeyAlgorithm::EcP256).unwrap().spki_der;
        let mut own = template(name(key), name(key), &spki, world.now);
        own.validity.not_after = world.now + SignedDuration::from_hours(hours);
        let certificate = signed(&world.keys, &label(key), &own);
        Self { world, key, certificate }
    }

    /// The same, registered as a verifier.
    pub fn registered(world: &'a World, key: &'a str) -> Self {
        let signer = Self::new(world, key);
        world.register(world.verifier(key, &signer.certificate));
        signer
    }
}

/// An answer that verifies with the delegate's key.
pub fn believed(answer: &OcspAnswer) -> BasicResponse {
    let OcspResponse::Successful(response) = OcspResponse::parse(&answer.bytes).unwrap() else {
        panic!("refused: {answer:?}");
    };
    response.verify(&response.certificates[0].tbs.subject_public_key_info).unwrap();
    *response
}

pub fn statuses(answer: &OcspAnswer) -> Vec<ReceivedStatus> {
    believed(answer).data.singles.iter().map(|single| single.status).collect()
}
