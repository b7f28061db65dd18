//! The CAs a responder answers for: one delegate for each key generation (RFC 6960 4.2.2.2).

use domain::algorithm::SignatureAlgorithm;
use domain::id::{CaId, SerialNumber};
use domain::policy::Undelivered;
use jiff::Timestamp;
use keys::SigningKey;
use x509::certificate::Validity;
use x509::digest::{sha1, sha256};
use x509::ocsp::{CertId, HashAlgorithm};
use x509::public_key::SpkiInfo;
use x509::read::Certificate;

/// A CA, as far as its responder must know it.
#[derive(Debug, Clone)]
pub struct AuthorityConfig {
    /// Its id.
    pub ca: CaId,
    /// Its Name, DER.
    pub issuer_name: Vec<u8>,
    /// What is said of certificates that were not delivered yet (policy `applications.undelivered`).
    pub undelivered: Undelivered,
    /// Whether a user certificate's status is for registered verifiers (policy `ocsp.verifiers_only`).
    pub verifiers_only: bool,
    /// Its keys.
    pub generations: Vec<GenerationConfig>,
}

/// One key of a CA with its delegate.
#[derive(Debug, Clone)]
pub struct GenerationConfig {
    /// The number, from 1.
    pub number: u32,
    /// The CA's public key.
    pub public_key: SpkiInfo,
    /// Who answers for it.
    pub responder: ResponderIdentity,
}

impl GenerationConfig {
    /// Whether clients would believe the delegate's answers about what this key of `authority` signed.
    ///
    /// # Errors
    /// [`ConfigError`] with the first reason why they would not.
    pub fn check(&self, authority: &AuthorityConfig) -> Result<(), ConfigError> {
        Issuer::new(authority, self).map(drop)
    }
}

/// A delegated responder.
#[derive(Debug, Clone)]
pub struct ResponderIdentity {
    /// Its certificate, DER, issued with the CA key it answers for.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: SigningKey,
    /// What it signs with.
    pub signature: SignatureAlgorithm,
}

/// The operator's fault: a responder that no client would believe.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The certificate cannot be read.
    #[error("the OCSP responder certificate of {ca} cannot be read")]
    Certificate {
        /// The CA.
        ca: CaId,
        /// Why.
        #[source]
        source: x509::Error,
    },
    /// The certificate was not issued with this key of the CA (RFC 6960 4.2.2.2).
    #[error("the OCSP responder certificate of {ca} was not signed with its key {generation}")]
    NotDelegated {
        /// The CA.
        ca: CaId,
        /// The generation.
        generation: u32,
    },
    /// The certificate may not sign answers, or is for another key than the one in the store.
    #[error("the OCSP responder certificate of {ca} cannot serve: {rule}")]
    Unfit {
        /// The CA.
        ca: CaId,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The key store does not have the key.
    #[error("the key of the OCSP responder cannot be used")]
    Key(#[from] keys::KeyError),
}

/// A CA key with everything that answering needs, computed once.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) ca: CaId,
    pub(super) generation: u32,
    pub(super) undelivered: Undelivered,
    pub(super) verifiers_only: bool,
    pub(super) certificate: Vec<u8>,
    pub(super) key: SigningKey,
    pub(super) signature: SignatureAlgorithm,
    pub(super) responder_key_hash: [u8; 20],
    /// The delegate's serial, under which the database knows whether it was revoked.
    pub(super) delegate: Option<SerialNumber>,
    validity: Validity,
    sha1: ([u8; 20], [u8; 20]),
    sha256: ([u8; 32], [u8; 32]),
}

impl Issuer {
    /// Checks a generation and its delegate.
    pub(super) fn new(
        authority: &AuthorityConfig,
        generation: &GenerationConfig,
    ) -> Result<Self, ConfigError> {
        let ResponderIdentity { certificate, key, signature } = generation.responder.clone();
        let ca = authority.ca.clone();
        let unreadable = |source| ConfigError::Certificate { ca: ca.clone(), source };
        let delegate = Certificate::parse(&certificate).map_err(unreadable)?;
        let responder_key = delegate.tbs.public_key().map_err(unreadable)?;
        if delegate.verify(generation.public_key.as_der()).is_err() {
            return Err(ConfigError::NotDelegated { ca, generation: generation.number });
        }
        let held = key.public_key()?;
        if let Some(rule) = unfitness(&delegate, &held, signature) {
            return Err(ConfigError::Unfit { ca, rule });
        }
        let (name, ca_key) = (&authority.issuer_name, generation.public_key.subject_public_key());
        Ok(Self {
            ca,
            generation: generation.number,
            undelivered: authority.undelivered,
            verifiers_only: authority.verifiers_only,
            responder_key_hash: responder_key.key_identifier(),
            delegate: delegate.tbs.serial_number(),
            validity: delegate.tbs.validity,
            sha1: (sha1(name), sha1(ca_key)),
            sha256: (sha256(name), sha256(ca_key)),
            certificate,
            key,
            signature,
        })
    }

    /// Whether `asked` names this CA key.
    pub(super) fn is_named_by(&self, asked: &CertId) -> bool {
        let given = (asked.issuer_name_hash.as_slice(), asked.issuer_key_hash.as_slice());
        match asked.hash_algorithm {
            Ok(HashAlgorithm::Sha1) => given == (&self.sha1.0[..], &self.sha1.1[..]),
            Ok(HashAlgorithm::Sha256) => given == (&self.sha256.0[..], &self.sha256.1[..]),
            Err(_) => false,
        }
    }

    /// Whether clients would accept a signature of the delegate at `now`.
    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        holds_at(&self.validity, now)
    }
}

/// Whether `now` lies within a period; the last second belongs to it (RFC 5280 4.1.2.5).
pub(super) fn holds_at(validity: &Validity, now: Timestamp) -> bool {
    validity.not_before <= now && now.as_second() <= validity.not_after.as_second()
}

/// Why a certificate cannot be a delegate's, if it cannot.
fn unfitness(
    delegate: &Certificate,
    held: &keys::PublicKey,
    signature: SignatureAlgorithm,
) -> Option<&'static str> {
    let purposes = delegate.tbs.extended_key_usage();
    if !purposes.is_ok_and(|purposes| purposes.contains(&x509::oid::OCSP_SIGNING)) {
        return Some("extKeyUsage does not hold OCSPSigning (RFC 6960 4.2.2.2)");
    }
    if held.spki_der != delegate.tbs.subject_public_key_info {
        return Some("it is for another key than the one in the key store");
    }
    if !signature.fits(held.algorithm) {
        return Some("its key cannot make the signature that is configured");
    }
    None
}
