//! One key of a CA; all its generations have the same name, and each signs in its own way (A 5.6).

use std::sync::{Arc, OnceLock};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::id::{InvalidId, SerialNumber};
use jiff::Timestamp;
use keys::KeyLabel;
use store::{AuthorityRow, GenerationPlan, PlannedKey};
use x509::name::Name;
use x509::public_key::SpkiInfo;

use crate::authority::CertificationAuthority;
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

impl CertificationAuthority {
    /// The generation that signs new certificates at `at`: the newest that has begun to.
    ///
    /// # Errors
    /// [`Error::Unknown`] before the first key exists.
    pub fn current_at(&self, at: Timestamp) -> Result<Arc<Generation>> {
        let missing = || Error::Unknown { field: "ca key", value: self.id().to_string() };
        let begun = |generation: &Arc<Generation>| generation.issues_from <= at;
        self.generations().into_iter().rev().find(begun).ok_or_else(missing)
    }

    /// A generation by its number.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none.
    pub fn generation(&self, number: u32) -> Result<Arc<Generation>> {
        let none = || Error::Unknown { field: "generation", value: number.to_string() };
        self.generations()
            .into_iter()
            .find(|generation| generation.number == number)
            .ok_or_else(none)
    }

    /// Learns of generations that another process added; whether there were any.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn refresh(&self) -> Result<bool> {
        let rows = self.store.authorities(self.id())?;
        let known = self.generations();
        let news: Vec<_> = rows
            .iter()
            .filter(|row| known.iter().all(|generation| generation.number != row.generation))
            .collect();
        if !news.is_empty() {
            self.look_for_keys();
        }
        for row in &news {
            self.adopt(self.generation_of(row)?);
        }
        Ok(!news.is_empty())
    }

    /// Has the key store look for keys that another process made. While they sleep there is nothing to
    /// look into, and what fails shows at the next use.
    pub(crate) fn look_for_keys(&self) {
        let _ = self.keys.refresh();
    }

    /// A generation as it is stored.
    pub(crate) fn generation_of(&self, row: &AuthorityRow) -> Result<Generation> {
        let missing = || Error::Unknown {
            field: "self-signed certificate",
            value: row.self_signed.to_string(),
        };
        let own = self.store.certificate(self.id(), &row.self_signed)?.ok_or_else(missing)?;
        Ok(Generation {
            number: row.generation,
            label: label(&row.key_label)?,
            name: Name::parse(&row.name)?,
            key: SpkiInfo::parse(&row.spki)?,
            key_algorithm: row.key_algorithm,
            signature: row.signature_algorithm,
            made_at: row.created_at,
            issues_from: row.issues_from,
            self_signed: row.self_signed,
            ends: own.intent.not_after,
            certificate: OnceLock::new(),
        })
    }

    /// The generation that is being made, once it has its key. Its self-signed certificate may not
    /// exist yet; the serial and the end stand in for those it will have.
    pub(crate) fn planned_generation(&self) -> Result<Option<Generation>> {
        match self.store.generation_plan(self.id())? {
            Some(plan) => match &plan.key {
                Some(key) => Ok(Some(self.planned(&plan, key)?)),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// The generation that a plan and its key describe.
    pub(crate) fn planned(&self, plan: &GenerationPlan, key: &PlannedKey) -> Result<Generation> {
        Ok(Generation {
            number: plan.generation,
            label: label(&plan.key_label)?,
            name: Name::write(&self.policy.issuer.name)?,
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
