//! One CA: its parts, and how they are made of its store and its keys.

use std::sync::Arc;

use domain::act::Act;
use domain::id::{CaId, SerialNumber};
use domain::policy::Policy;
use keys::KeyStore;
use store::{CertificateRow, Store};
use x509::key_check::WeakKeys;

use crate::compromise::Compromises;
use crate::destruction::Destructions;
use crate::error::{Error, Result};
use crate::first_key::FirstKey;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::Issuance;
use crate::life::LifeCycle;
use crate::lists::{ListSeries, Lists};
use crate::making::{KeyMaking, MakeKey, find_or_generate};
use crate::observer::{IssuanceStep, Observer};
use crate::possession::Possessions;
use crate::recovery::Recovery;
use crate::renewal::{KeyRenewals, Rehearsals};
use crate::responder::Responders;
use crate::service_certificates::ServiceCertificates;
use crate::service_requests::ServiceRequests;
use crate::user_certificates::UserCertificates;

/// A certification authority: everything it does, its parts do, by its policy. It has no rule of its own.
pub struct CertificationAuthority {
    hands: Hands,
    series: Arc<ListSeries>,
    lists: Arc<Lists>,
    possession: Arc<Possessions>,
    life: Arc<LifeCycle>,
    users: UserCertificates,
    services: Arc<ServiceCertificates>,
    requests: ServiceRequests,
    recovery: Recovery,
    first_key: FirstKey,
    responders: Arc<Responders>,
    rehearsals: Arc<Rehearsals>,
    renewals: KeyRenewals,
    compromises: Compromises,
    destructions: Destructions,
}

impl CertificationAuthority {
    /// Sets a CA up from its policy: first key, self-signed certificate.
    ///
    /// Every part is made once: called again after a cut, it goes on where it stopped.
    ///
    /// # Errors
    /// [`Error::Refused`] for a policy that is not valid; what keys and store say.
    pub fn set_up(
        act: &Act,
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self> {
        Self::set_up_with(act, policy_text, store, keys, &find_or_generate)
    }

    /// Sets a CA up as [`CertificationAuthority::set_up`] does, with a key that `make_key` makes:
    /// a ceremony makes a backup with it.
    ///
    /// # Errors
    /// As `set_up`.
    pub fn set_up_with(
        act: &Act,
        policy_text: &str,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        make_key: &MakeKey<'_>,
    ) -> Result<Self> {
        let authority = Self::founding(policy_text, store, keys)?;
        if authority.generations().all().is_empty() {
            authority.first_key.generate(act, make_key)?;
            authority.first_key.self_sign(act)?;
        }
        Ok(authority)
    }

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
        let series = Arc::new(ListSeries::new(&hands));
        let lists = Arc::new(Lists::new(&hands, &series));
        let possession = Arc::new(Possessions::new(&hands));
        let life = Arc::new(LifeCycle::new(&hands, &possession));
        let issuance = Arc::new(Issuance::new(&hands, &life));
        let services = Arc::new(ServiceCertificates::new(&hands, &issuance));
        let users = UserCertificates::new(&hands, &possession, &life, &issuance);
        let requests = ServiceRequests::new(&hands, &life, &issuance, &services);
        let making = Arc::new(KeyMaking::new(&hands, &issuance));
        let rehearsals = Arc::new(Rehearsals::new(&hands));
        let responders = Arc::new(Responders::new(&hands, &issuance, &services));
        Self {
            recovery: Recovery::new(&hands, &life, &issuance),
            first_key: FirstKey::new(&hands, &making),
            renewals: KeyRenewals::new(&hands, &making, &responders, &rehearsals),
            compromises: Compromises::new(&hands, &life, &series, &lists),
            destructions: Destructions::new(&hands, &series),
            hands,
            series,
            lists,
            possession,
            life,
            users,
            services,
            requests,
            responders,
            rehearsals,
        }
    }

    /// Calls `observer` after every numbered step of issuance; tests crash the program there.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn Fn(IssuanceStep) + Send + Sync>) -> Self {
        Self::of(Hands { observer: Observer::new(observer), ..self.hands })
    }

    /// Refuses, from now on, to certify the keys of this list (CVE-2008-0166 and its like).
    #[must_use]
    pub fn refusing(self, weak_keys: Arc<WeakKeys>) -> Self {
        Self::of(Hands { weak_keys, ..self.hands })
    }

    /// The CA's id.
    pub fn id(&self) -> &CaId {
        self.hands.policy.id()
    }

    /// The policy in effect.
    pub fn policy(&self) -> &Policy {
        &self.hands.policy
    }

    /// The SHA-256 of the policy's text, as every intent records it.
    pub fn policy_digest(&self) -> &[u8; 32] {
        self.hands.policy.digest()
    }

    /// The key generations.
    pub fn generations(&self) -> &Generations {
        &self.hands.generations
    }

    /// The series of revocation lists, read.
    pub fn list_series(&self) -> &ListSeries {
        &self.series
    }

    /// The making of revocation lists.
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

    /// The setting up of the first key.
    pub fn first_key(&self) -> &FirstKey {
        &self.first_key
    }

    /// The responders.
    pub fn responders(&self) -> &Responders {
        &self.responders
    }

    /// Rehearsals of a renewal.
    pub fn rehearsals(&self) -> &Rehearsals {
        &self.rehearsals
    }

    /// The renewal of the key.
    pub fn renewals(&self) -> &KeyRenewals {
        &self.renewals
    }

    /// The procedure after a key's compromise.
    pub fn compromises(&self) -> &Compromises {
        &self.compromises
    }

    /// The ends of keys.
    pub fn destructions(&self) -> &Destructions {
        &self.destructions
    }

    /// A certificate of this CA.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none with this serial.
    pub fn certificate(&self, serial: &SerialNumber) -> Result<CertificateRow> {
        self.hands.certificates.one(serial)
    }
}
