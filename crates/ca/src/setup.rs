//! Setting a CA up: its key, its self-signed certificate.

use std::sync::Arc;

use domain::act::Act;
use domain::journal::EventKind;
use domain::rule::{ColonHex, Hex};
use jiff::Timestamp;
use keys::{KeyError, KeyLabel, KeyStore, PublicKey};
use store::{CaRow, Change, Entry, GenerationPlan, Store, Unit};

use crate::authority::CertificationAuthority;
use crate::error::{Error, Result};
use crate::making::{MakeKey, find_or_generate};

impl CertificationAuthority {
    /// Sets a CA up from its policy: first key, self-signed certificate.
    ///
    /// Every part is made once: called again after a cut, it goes on where it stopped.
    ///
    /// # Errors
    /// [`crate::Error::Refused`] for a policy that is not valid; what keys and store say.
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
        if authority.generations.all().is_empty() {
            authority.generate_first_key(act, make_key)?;
            authority.self_sign(act)?;
        }
        Ok(authority)
    }

    /// The first half of setting a CA up: its first key, which nothing certifies yet. A key that was
    /// made before is found again.
    ///
    /// # Errors
    /// What keys and store say.
    pub fn generate_first_key(&self, act: &Act, make_key: &MakeKey<'_>) -> Result<PublicKey> {
        if let Some(first) = self.generations.all().first() {
            let spki_der = first.key.as_der().to_vec();
            return Ok(PublicKey { algorithm: first.key_algorithm, spki_der });
        }
        self.add_ca(act)?;
        let plan = self.first_plan(act)?;
        let key = match plan.key.clone() {
            Some(key) => key,
            None => self.make_key(act, &plan, make_key)?,
        };
        Ok(PublicKey { algorithm: plan.key_algorithm, spki_der: key.spki })
    }

    /// The second half: the self-signed certificate (DER) of the first key, as it exists or now.
    ///
    /// # Errors
    /// [`Error::Unknown`] before the first key exists; what keys and store say.
    pub fn self_sign(&self, act: &Act) -> Result<Vec<u8>> {
        if let Some(first) = self.generations.all().first() {
            return self.generations.self_signed_certificate(first);
        }
        let missing = || Error::Unknown { field: "ca key", value: self.policy.id().to_string() };
        let plan = self.hands.store.generation_plan(self.policy.id())?.ok_or_else(missing)?;
        let none =
            |_: &dyn KeyStore, label: &KeyLabel, _| Err(KeyError::UnknownLabel(label.clone()));
        let generation = self.make_generation(act, plan, &none)?;
        let own = self.generations.self_signed_certificate(&generation)?;
        let entry = Entry::new(EventKind::CaCreated, act)
            .ca(self.policy.id())
            .subject(generation.self_signed)
            .detail("generation", 1)
            .detail("certificate_sha256", ColonHex(&x509::fingerprint::sha256(&own)));
        self.complete_generation(entry, generation)?;
        Ok(own)
    }

    /// The key of the generation that is being made, once it was generated, with its label.
    ///
    /// # Errors
    /// What the store says.
    pub fn planned_key(&self) -> Result<Option<(KeyLabel, PublicKey)>> {
        let planned = self.generations.planned()?;
        Ok(planned.map(|generation| {
            let spki_der = generation.key.as_der().to_vec();
            let public = PublicKey { algorithm: generation.key_algorithm, spki_der };
            (generation.label, public)
        }))
    }

    fn add_ca(&self, act: &Act) -> Result<()> {
        if self.hands.store.cas()?.iter().any(|row| row.id == *self.policy.id()) {
            return Ok(());
        }
        let row = CaRow {
            id: self.policy.id().clone(),
            policy_digest: *self.policy.digest(),
            created_at: act.at,
        };
        let unit = Unit::new(self.created(act)).change(Change::AddCa(row));
        self.ledger.commit(unit.change(self.put_plan(self.plan(1, Timestamp::UNIX_EPOCH))))?;
        Ok(())
    }

    /// The plan of the first key; a CA that an earlier program began to set up may lack it.
    fn first_plan(&self, act: &Act) -> Result<GenerationPlan> {
        if let Some(plan) = self.hands.store.generation_plan(self.policy.id())? {
            return Ok(plan);
        }
        // The first generation issues always: there is none before it.
        let plan = self.plan(1, Timestamp::UNIX_EPOCH);
        let entry = self.created(act).no_op();
        self.ledger.commit(Unit::new(entry).change(self.put_plan(plan.clone())))?;
        Ok(plan)
    }

    fn created(&self, act: &Act) -> Entry {
        Entry::new(EventKind::CaCreated, act)
            .ca(self.policy.id())
            .detail("policy_sha256", Hex(self.policy.digest()))
            .detail("effective_from", self.policy.effective_from)
    }
}
