//! What a CA is opened with. Each part takes what it needs of it, and none keeps it.

use std::sync::Arc;

use keys::KeyStore;
use store::Store;
use x509::key_check::WeakKeys;

use crate::adoption::PolicyInEffect;
use crate::card_master::CardKeyring;
use crate::certificates::Certificates;
use crate::error::Result;
use crate::generations::Generations;
use crate::key_ends::KeyEnds;
use crate::ledger::Ledger;
use crate::nonces::Nonces;
use crate::observer::Observer;
use crate::public_keys::PublicKeys;
use crate::sequence::SubjectSequence;

/// Store and keys of a CA, and what was made of them for all parts.
pub(crate) struct Hands {
    pub(crate) policy: Arc<PolicyInEffect>,
    pub(crate) ledger: Ledger,
    pub(crate) certificates: Certificates,
    pub(crate) generations: Arc<Generations>,
    pub(crate) nonces: Arc<Nonces>,
    pub(crate) sequence: Arc<SubjectSequence>,
    pub(crate) cards: Arc<CardKeyring>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) weak_keys: Arc<WeakKeys>,
    pub(crate) observer: Observer,
}

impl Hands {
    /// Those of a CA as far as it was set up.
    ///
    /// # Errors
    /// [`crate::Error::Refused`] for a policy that is not valid; what the store says.
    pub(crate) fn open(
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self> {
        let policy = Arc::new(PolicyInEffect::read(policy_text, &*store)?);
        let sequence = SubjectSequence::after(store.last_sequence()?.unwrap_or(0));
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
            nonces: Arc::default(),
            sequence: Arc::new(sequence),
            cards: Arc::new(CardKeyring::new(store.clone(), keys.clone())?),
            store,
            keys,
            weak_keys: Arc::default(),
            observer: Observer::default(),
        })
    }
}
