//! The keys that the CAs of an installation know as theirs, and how one proves to be it.

use anyhow::{Context, Result};
use domain::algorithm::SignatureAlgorithm;
use keys::{ExpectedKey, KeyLabel, PublicKey, Sign};
use x509::read::Certificate;

use crate::system::System;

/// A key of a CA.
pub(super) struct KnownKey {
    pub(super) label: KeyLabel,
    pub(super) public: PublicKey,
    /// What it signs with.
    pub(super) signature: SignatureAlgorithm,
    /// Whether its destruction was begun: no copy of it is made any more.
    pub(super) is_ended: bool,
}

impl KnownKey {
    /// Has the store sign something new with the key, and verifies it by the CA's certificate.
    ///
    /// # Errors
    /// The store cannot sign, or it is another key.
    pub(super) fn prove(&self, keys: &dyn Sign) -> Result<()> {
        let (label, spki_der) = (self.label.clone(), self.public.spki_der.clone());
        let expected = ExpectedKey { label, spki_der, signature: self.signature };
        expected.prove(keys).with_context(|| self.label.to_string())
    }
}

/// Every key a CA of the installation has or had: by its certificates, and the one that is made but
/// not certified yet.
pub(super) fn known_keys(system: &System) -> Result<Vec<KnownKey>> {
    let mut known = Vec::new();
    for authority in system.authorities.values() {
        authority.generations().refresh()?;
        for generation in authority.generations().all() {
            let certificate = authority.generations().self_signed_certificate(&generation)?;
            let spki_der = Certificate::parse(&certificate)?.tbs.subject_public_key_info;
            known.push(KnownKey {
                label: generation.label.clone(),
                public: PublicKey { algorithm: generation.key_algorithm, spki_der },
                signature: generation.signature,
                is_ended: authority.generations().is_ending(&generation)?,
            });
        }
        if let Some((label, public)) = authority.generations().planned_key()? {
            let signature = authority.policy().keys.signature;
            known.push(KnownKey { label, public, signature, is_ended: false });
        }
    }
    Ok(known)
}
