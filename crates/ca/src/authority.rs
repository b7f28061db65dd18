//! One CA with its policy, its key generations, its store and its keys.

use std::sync::Arc;

use domain::id::{CaId, SerialNumber};
use domain::policy::Policy;
use keys::KeyStore;
use store::{CertificateRow, Store};
use x509::key_check::WeakKeys;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::Issuance;
use crate::ledger::Ledger;
use crate::life::LifeCycle;
use crate::lists::Lists;
use crate::observer::{Observer, Step};
use crate::possession::Possessions;
use crate::recovery::Recovery;
use crate::sequence::SubjectSequence;
use crate::service_certificates::ServiceCertificates;
use crate::service_requests::ServiceRequests;
use crate::user_certificates::UserCertificates;

/// A certification authority: everything it does, it does by its policy, through its store.
pub struct CertificationAuthority {
    pub(crate) policy: Arc<PolicyInEffect>,
    pub(crate) ledger: Ledger,
    pub(crate) certificates: Certificates,
    pub(crate) generations: Arc<Generations>,
    pub(crate) sequence: Arc<SubjectSequence>,
    pub(crate) lists: Arc<Lists>,
    pub(crate) possession: Arc<Possessions>,
    pub(crate) life: Arc<LifeCycle>,
    pub(crate) issuance: Arc<Issuance>,
    pub(crate) services: Arc<ServiceCertificates>,
    pub(crate) users: UserCertificates,
    pub(crate) requests: ServiceRequests,
    pub(crate) recovery: Recovery,
    pub(crate) hands: Hands,
}

impl CertificationAuthority {
    /// Opens a CA that was set up before.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the store does not have it; [`Error::Store`].
    pub fn open(policy_text: &str, store: Arc<dyn Store>, keys: Arc<dyn KeyStore>) -> Result<Self> {
        let authority = Self::founding(policy_text, store, keys)?;
        let id = authority.id();
        if !authority.hands.store.cas()?.iter().any(|row| row.id == *id) {
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
        Ok(Self::of(Hands::open(policy_text, store, keys)?))
    }

    /// The parts, made of `hands`: here stands which part builds on which.
    fn of(hands: Hands) -> Self {
        let lists = Arc::new(Lists::new(&hands));
        let possession = Arc::new(Possessions::new(&hands));
        let life = Arc::new(LifeCycle::new(&hands, &possession));
        let issuance = Arc::new(Issuance::new(&hands, &life));
        let services = Arc::new(ServiceCertificates::new(&hands, &issuance));
        let users = UserCertificates::new(&hands, &possession, &life, &issuance);
        let requests = ServiceRequests::new(&hands, &life, &issuance, &services);
        let recovery = Recovery::new(&hands, &life, &issuance);
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            sequence: hands.sequence.clone(),
            lists,
            possession,
            life,
            issuance,
            services,
            users,
            requests,
            recovery,
            hands,
        }
    }

    /// Calls `observer` after every numbered step of issuance; tests crash the program there.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        Self::of(Hands { observer: Observer::new(observer), ..self.hands })
    }

    /// Refuses, from now on, to certify the keys of this list (CVE-2008-0166 and its like).
    #[must_use]
    pub fn refusing(self, weak_keys: Arc<WeakKeys>) -> Self {
        Self::of(Hands { weak_keys, ..self.hands })
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

    /// The certificates of residents.
    pub fn user_certificates(&self) -> &UserCertificates {
        &self.users
    }

    /// The certificates of servers and responders.
    pub fn service_certificates(&self) -> &ServiceCertificates {
        &self.services
    }

    /// The requests of the CA's staff.
    pub fn service_requests(&self) -> &ServiceRequests {
        &self.requests
    }

    /// The settling of intents that a cut left open.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
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
}
