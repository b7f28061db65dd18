//! One CA with its policy, its key generations, its store and its keys.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use card::CardNumber;
use domain::act::Act;
use domain::id::{CaId, CardId};
use domain::journal::EventKind;
use domain::policy::Policy;
use keys::{KeyStore, TransportKey};
use store::{Entry, Store, Unit};
use x509::key_check::WeakKeys;

use crate::adoption::expect_adopted;
use crate::card_master::CardKeyring;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::issuance::Step;
use crate::possession::Nonces;

/// A certification authority: everything it does, it does by its policy, through its store.
pub struct CertificationAuthority {
    pub(crate) policy: Arc<Policy>,
    pub(crate) policy_digest: [u8; 32],
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) weak_keys: Arc<WeakKeys>,
    pub(crate) nonces: Nonces,
    cards: CardKeyring,
    generations: RwLock<Vec<Arc<Generation>>>,
    sequence: AtomicU64,
    observer: Option<Arc<dyn Fn(Step) + Send + Sync>>,
}

impl CertificationAuthority {
    /// Opens a CA that was set up before.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the store does not have it; [`Error::Store`].
    pub fn open(policy_text: &str, store: Arc<dyn Store>, keys: Arc<dyn KeyStore>) -> Result<Self> {
        let authority = Self::without_keys(policy_text, store, keys)?;
        let id = &authority.policy.ca;
        if !authority.store.cas()?.iter().any(|row| row.id == *id) {
            return Err(Error::Unknown { field: "ca", value: id.to_string() });
        }
        for row in authority.store.authorities(id)? {
            authority.adopt(authority.generation_of(&row)?);
        }
        Ok(authority)
    }

    pub(crate) fn without_keys(
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self> {
        let policy = Policy::from_toml(policy_text).map_err(crate::adoption::unreadable)?;
        let policy_digest = x509::fingerprint::sha256(policy_text.as_bytes());
        expect_adopted(&*store, &policy.ca, &policy_digest)?;
        let sequence = AtomicU64::new(store.last_sequence()?.unwrap_or(0));
        Ok(Self {
            policy: Arc::new(policy),
            policy_digest,
            cards: CardKeyring::new(store.clone(), keys.clone())?,
            store,
            keys,
            weak_keys: Arc::default(),
            nonces: Nonces::default(),
            generations: RwLock::new(Vec::new()),
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
        &self.policy.ca
    }

    /// The policy in effect.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The SHA-256 of the policy's text, as every intent records it.
    pub fn policy_digest(&self) -> &[u8; 32] {
        &self.policy_digest
    }

    /// The key generations, oldest first.
    pub fn generations(&self) -> Vec<Arc<Generation>> {
        self.generations.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The self-signed certificate of a generation, DER.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it was never issued.
    pub fn self_signed_certificate(&self, generation: &Generation) -> Result<Vec<u8>> {
        if let Some(known) = generation.certificate.get() {
            return Ok(known.clone());
        }
        let row = self.store.certificate(self.id(), &generation.self_signed)?;
        let missing = || Error::Unknown {
            field: "self-signed certificate",
            value: generation.self_signed.to_string(),
        };
        let der = row.and_then(|row| row.der).ok_or_else(missing)?;
        Ok(generation.certificate.get_or_init(|| der).clone())
    }

    /// The key under which the CA wraps a user's key to a card (A 6.2.6).
    ///
    /// # Errors
    /// [`Error::Unknown`] for a card that is none of ours; [`Error::Keys`].
    pub(crate) fn transport_key(&self, card: &CardId) -> Result<TransportKey> {
        let none = || Error::Unknown { field: "card", value: card.to_string() };
        self.cards.transport_key(&CardNumber::of(card).ok_or_else(none)?)
    }

    pub(crate) fn adopt(&self, generation: Generation) {
        let mut generations =
            self.generations.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Two threads may learn of the same generation; it stands here once, in order.
        if generations.iter().all(|known| known.number != generation.number) {
            generations.push(Arc::new(generation));
            generations.sort_by_key(|generation| generation.number);
        }
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

    /// Hands `result` on; when it is a refusal, the journal has it first (fails closed).
    pub(crate) fn recording<T>(
        &self,
        act: &Act,
        kind: EventKind,
        subject: impl ToString,
        result: Result<T>,
    ) -> Result<T> {
        if let Err(error) = &result
            && error.is_refusal()
        {
            // What names nothing is a text that somebody typed, and no entry is ever erased.
            let subject = match (error, subject.to_string()) {
                (Error::Unknown { value, .. }, subject) if value.ends_with(&subject) => {
                    "unknown".to_owned()
                }
                (_, subject) => subject,
            };
            let entry = Entry::new(kind, act).ca(self.id()).subject(subject).refused(error.rule());
            self.store.commit(Unit::new(entry))?;
        }
        result
    }
}
