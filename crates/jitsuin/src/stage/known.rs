//! The keys that the CAs of an installation know as theirs, and how one proves to be it.

use anyhow::{Context, Result};
use domain::algorithm::SignatureAlgorithm;
use keys::{KeyLabel, KeyStore, PublicKey};
use x509::read::Certificate;

use crate::system::System;

/// A key of a CA.
pub(super) struct KnownKey {
    pub(super) label: KeyLabel,
    pub(super) public: PublicKey,
    /// What it signs with.
    pub(super) signature: SignatureAlgorithm,
}

impl KnownKey {
    /// Has the store sign something new with the key, and verifies it by the CA's certificate.
    ///
    /// # Errors
    /// The store cannot sign, or it is another key.
    pub(super) fn prove(&self, keys: &dyn KeyStore) -> Result<()> {
        let mut nonce = [0; 32];
        aws_lc_rs::rand::fill(&mut nonce)
            .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
        let message = [b"jitsuin proof of a restored key\0".as_slice(), &nonce].concat();
        let signature = keys.sign(&self.label, self.signature, &message)?;
        let (spki, algorithm) = (&self.public.spki_der, self.signature);
        x509::signature::verify("proof of the key", spki, algorithm, &message, &signature)
            .with_context(|| self.label.to_string())
    }
}

/// Every key a CA of the installation has or had: by its certificates, and the one that is made but
/// not certified yet.
pub(super) fn known_keys(system: &System) -> Result<Vec<KnownKey>> {
    let mut known = Vec::new();
    for authority in system.authorities.values() {
        authority.refresh()?;
        for generation in authority.generations() {
            let certificate = authority.self_signed_certificate(&generation)?;
            let spki_der = Certificate::parse(&certificate)?.tbs.subject_public_key_info;
            known.push(KnownKey {
                label: generation.label.clone(),
                public: PublicKey { algorithm: generation.key_algorithm, spki_der },
                signature: generation.signature,
            });
        }
        if let Some((label, public)) = authority.planned_key()? {
            let signature = authority.policy().keys.signature;
            known.push(KnownKey { label, public, signature });
        }
    }
    Ok(known)
}
