//! One key of a CA; all its generations have the same name, and each signs in its own way (A 5.6).

use std::sync::OnceLock;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::id::{InvalidId, SerialNumber};
use domain::policy::Policy;
use jiff::Timestamp;
use keys::KeyLabel;
use store::{AuthorityRow, GenerationPlan, PlannedKey};
use x509::name::Name;
use x509::public_key::SpkiInfo;

use crate::error::{Error, Result};

/// One key of the CA, with everything that signing with it needs.
#[derive(Debug)]
pub struct Generation {
    /// The number, from 1.
    pub number: u32,
    /// The private key's label.
    pub label: KeyLabel,
    /// The CA's name.
    pub name: Name,
    /// The public key.
    pub key: SpkiInfo,
    /// The key's algorithm.
    pub key_algorithm: KeyAlgorithm,
    /// What it signs with, whatever a later policy says.
    pub signature: SignatureAlgorithm,
    /// When the key was made.
    pub made_at: Timestamp,
    /// From when on it signs new certificates.
    pub issues_from: Timestamp,
    /// The serial of the self-signed certificate.
    pub self_signed: SerialNumber,
    /// The last second of the self-signed certificate: the generation's last act.
    pub ends: Timestamp,
    /// The self-signed certificate, once it was read; it never changes.
    pub(crate) certificate: OnceLock<Vec<u8>>,
}

impl Generation {
    /// A generation as it is stored; `ends` is the last second of its self-signed certificate.
    pub(crate) fn stored(row: &AuthorityRow, ends: Timestamp) -> Result<Self> {
        Ok(Self {
            number: row.generation,
            label: label(&row.key_label)?,
            name: Name::parse(&row.name)?,
            key: SpkiInfo::parse(&row.spki)?,
            key_algorithm: row.key_algorithm,
            signature: row.signature_algorithm,
            made_at: row.created_at,
            issues_from: row.issues_from,
            self_signed: row.self_signed,
            ends,
            certificate: OnceLock::new(),
        })
    }

    /// The generation that a plan and its key describe. Its self-signed certificate may not exist yet;
    /// the serial and the end stand in for those it will have.
    pub(crate) fn planned(
        policy: &Policy,
        plan: &GenerationPlan,
        key: &PlannedKey,
    ) -> Result<Self> {
        Ok(Self {
            number: plan.generation,
            label: label(&plan.key_label)?,
            name: Name::write(&policy.issuer.name)?,
            key: SpkiInfo::parse(&key.spki)?,
            key_algorithm: plan.key_algorithm,
            signature: plan.signature_algorithm,
            made_at: key.made_at,
            issues_from: plan.issues_from,
            self_signed: crate::random::serial()?,
            ends: Timestamp::MAX,
            certificate: OnceLock::new(),
        })
    }
}

/// A key label out of stored or composed text.
pub(crate) fn label(text: &str) -> Result<KeyLabel> {
    text.parse().map_err(|refused: InvalidId| Error::refused("key label", refused.rule))
}
