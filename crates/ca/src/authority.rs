//! One CA with its policy, its key generations, its store and its keys.

use std::sync::Arc;

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
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::life::LifeCycle;
use crate::lists::Lists;
use crate::observer::{Observer, Step};
use crate::possession::Possessions;
use crate::sequence::SubjectSequence;

/// A certification authority: everything it does, it does by its policy, through its store.
pub struct CertificationAuthority {
    pub(crate) policy: Arc<PolicyInEffect>,
    pub(crate) ledger: Ledger,
    pub(crate) certificates: Certificates,
    pub(crate) generations: Arc<Generations>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) weak_keys: Arc<WeakKeys>,
    pub(crate) sequence: Arc<SubjectSequence>,
    pub(crate) observer: Observer,
    pub(crate) lists: Arc<Lists>,
    pub(crate) possession: Arc<Possessions>,
    pub(crate) life: Arc<LifeCycle>,
    cards: CardKeyring,
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
        let hands = Hands::open(policy_text, store, keys)?;
        let cards = CardKeyring::new(hands.store.clone(), hands.keys.clone())?;
        let lists = Arc::new(Lists::new(&hands));
        let possession = Arc::new(Possessions::new(&hands));
        let life = Arc::new(LifeCycle::new(&hands, &possession));
        let Hands { policy, ledger, certificates, generations, .. } = hands;
        let Hands { sequence, store, keys, weak_keys, observer, .. } = hands;
        Ok(Self {
            policy,
            ledger,
            certificates,
            generations,
            store,
            keys,
            weak_keys,
            sequence,
            observer,
            lists,
            possession,
            life,
            cards,
        })
    }

    /// Calls `observer` after every numbered step of issuance; tests crash the program there.
    #[must_use]
    pub fn observed(mut self, observer: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        self.observer = Observer::new(observer);
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

    /// The revocation lists.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// The proofs that cards hold their keys.
    pub fn possession(&self) -> &Possessions {
        &self.possession
    }

    /// What happens to certificates after their issue.
    pub fn life(&self) -> &LifeCycle {
        &self.life
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
}
