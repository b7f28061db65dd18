//! One CA with its policy, its key generations, its store and its keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use card::CardNumber;
use domain::id::{CaId, CardId, SerialNumber};
use domain::policy::Policy;
use keys::{KeyStore, TransportKey};
use store::{CertificateRow, Store};
use x509::key_check::WeakKeys;

use crate::adoption::PolicyInEffect;
use crate::card_master::CardKeyring;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::issuance::Step;
use crate::key_ends::KeyEnds;
use crate::ledger::Ledger;
use crate::possession::Nonces;
use crate::public_keys::PublicKeys;

/// A certification authority: everything it does, it does by its policy, through its store.
pub struct CertificationAuthority {
    pub(crate) policy: Arc<PolicyInEffect>,
    pub(crate) ledger: Ledger,
    pub(crate) certificates: Certificates,
    pub(crate) generations: Arc<Generations>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) weak_keys: Arc<WeakKeys>,
    pub(crate) nonces: Nonces,
    cards: CardKeyring,
    sequence: AtomicU64,
    observer: Option<Arc<dyn Fn(Step) + Send + Sync>>,
}

impl CertificationAuthority {
    /// Opens a CA that was set up before.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the store does not have it; [`Error::Store`].
    pub fn open(policy_text: &str, store: Arc<dyn Store>, keys: Arc<dyn KeyStore>) -> Result<Self> {
        let authority = Self::founding(policy_text, store, keys)?;
        let id = authority.id();
        if !authority.store.cas()?.iter().any(|row| row.id == *id) {
            return Err(Error::Unknown { field: "ca", value: id.to_string() });
        }
        Ok(authority)
    }

    /// A CA as far as it was set up: not at all, up to its key, or wholly.
    ///
    /// # Errors
    /// [`Error::Refused`] for a policy that is not valid; what the store says.
    pub fn founding(
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self> {
        let policy = Arc::new(PolicyInEffect::read(policy_text, &*store)?);
        let sequence = AtomicU64::new(store.last_sequence()?.unwrap_or(0));
        let certificates = Certificates::new(policy.id().clone(), store.clone());
        let generations = Generations::open(
            policy.clone(),
            store.clone(),
            store.clone(),
            certificates.clone(),
            (KeyEnds::new(store.clone()), PublicKeys::new(keys.clone())),
        )?;
        Ok(Self {
            ledger: Ledger::new(policy.id().clone(), store.clone()),
            policy,
            certificates,
            generations: Arc::new(generations),
            cards: CardKeyring::new(store.clone(), keys.clone())?,
            store,
            keys,
            weak_keys: Arc::default(),
            nonces: Nonces::default(),
            sequence,
            observer: None,
        })
    }

    /// Calls `observer` after every numbered step of issuance; tests crash the program there.
    #[must_use]
    pub fn observed(mut self, observer: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Refuses, from now on, to certify the keys of this list (CVE-2008-0166 and its like).
    #[must_use]
    pub fn refusing(mut self, weak_keys: Arc<WeakKeys>) -> Self {
        self.weak_keys = weak_keys;
        self
    }

    /// The CA's id.
    pub fn id(&self) -> &CaId {
        self.policy.id()
    }

    /// The policy in effect.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The SHA-256 of the policy's text, as every intent records it.
    pub fn policy_digest(&self) -> &[u8; 32] {
        self.policy.digest()
    }

    /// The key generations.
    pub fn generations(&self) -> &Generations {
        &self.generations
    }

    /// A certificate of this CA.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none with this serial.
    pub fn certificate(&self, serial: &SerialNumber) -> Result<CertificateRow> {
        self.certificates.one(serial)
    }

    /// The key under which the CA wraps a user's key to a card (A 6.2.6).
    ///
    /// # Errors
    /// [`Error::Unknown`] for a card that is none of ours; [`Error::Keys`].
    pub(crate) fn transport_key(&self, card: &CardId) -> Result<TransportKey> {
        let none = || Error::Unknown { field: "card", value: card.to_string() };
        self.cards.transport_key(&CardNumber::of(card).ok_or_else(none)?)
    }

    pub(crate) fn reached(&self, step: Step) {
        if let Some(observer) = &self.observer {
            observer(step);
        }
    }

    /// A number that no other issuance of this run gets.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }
}
