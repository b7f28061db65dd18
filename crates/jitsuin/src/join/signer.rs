//! The audit key as the journal's sealer sees it.

use std::sync::Arc;

use anyhow::{Context, Result};
use domain::algorithm::KeyAlgorithm;
use keys::{KeyError, KeyLabel, KeyStore, PublicKey, Sign, SigningKey};
use store::journal::{CheckpointSigner, VerifierKey};

/// The name of the log in its checkpoints, and of the key that signs them.
const LOG_NAME: &str = "jitsuin.example/journal";

/// The label of that key.
const LABEL: &str = "audit-1";

/// Signs checkpoints with an Ed25519 key of the key store.
pub(crate) struct AuditSigner {
    key: SigningKey,
    public_key: [u8; 32],
}

/// The audit key among `keys`, whether it was made yet or not.
pub(crate) fn audit_key(keys: Arc<dyn Sign>) -> Result<SigningKey> {
    Ok(SigningKey::new(keys, LABEL.parse()?))
}

impl AuditSigner {
    /// The signer with the audit key, which is made when it does not exist.
    pub(crate) fn open(keys: Arc<dyn KeyStore>) -> Result<Self> {
        let label: KeyLabel = LABEL.parse()?;
        let public = match keys.public_key(&label) {
            Ok(found) => found,
            Err(KeyError::UnknownLabel(_)) => keys.generate(&label, KeyAlgorithm::Ed25519)?,
            Err(error) => return Err(error.into()),
        };
        Self::holding(audit_key(keys)?, &public)
    }

    /// The signer with the audit key, which was made before.
    pub(crate) fn with(key: SigningKey) -> Result<Self> {
        let public = key.public_key()?;
        Self::holding(key, &public)
    }

    fn holding(key: SigningKey, public: &PublicKey) -> Result<Self> {
        let spki = x509::public_key::SpkiInfo::parse(&public.spki_der)?;
        let public_key =
            spki.subject_public_key().try_into().context("an Ed25519 key has 32 octets")?;
        Ok(Self { key, public_key })
    }

    /// What an auditor needs to verify checkpoints.
    pub(crate) fn verifier_key(&self) -> Result<VerifierKey> {
        Ok(VerifierKey::new(LOG_NAME, self.public_key)?)
    }
}

impl CheckpointSigner for AuditSigner {
    fn name(&self) -> &str {
        LOG_NAME
    }

    fn public_key(&self) -> [u8; 32] {
        self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        self.key.sign_checkpoint(message).map_err(|error| error.to_string())
    }
}
