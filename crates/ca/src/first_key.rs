//! The first key of a CA and its self-signed certificate, each made once.

use std::sync::Arc;

use domain::act::Act;
use domain::journal::EventKind;
use domain::rule::{ColonHex, Hex};
use jiff::Timestamp;
use keys::{KeyError, KeyLabel, KeyStore, PublicKey};
use store::reads::ReadAuthorities;
use store::{CaRow, Change, Entry, GenerationPlan, Unit};

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::making::{KeyMaking, MakeKey, plan, put_plan};

/// The setting up of a CA: its first key, its first certificate.
pub struct FirstKey {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    authorities: Arc<dyn ReadAuthorities>,
    making: Arc<KeyMaking>,
}

impl FirstKey {
    pub(crate) fn new(hands: &Hands, making: &Arc<KeyMaking>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            authorities: hands.store.clone(),
            making: making.clone(),
        }
    }

    /// The first half of setting a CA up: its first key, which nothing certifies yet. A key that was
    /// made before is found again.
    ///
    /// # Errors
    /// What keys and store say.
    pub fn generate(&self, act: &Act, make_key: &MakeKey<'_>) -> Result<PublicKey> {
        if let Some(first) = self.generations.all().first() {
            let spki_der = first.key.as_der().to_vec();
            return Ok(PublicKey { algorithm: first.key_algorithm, spki_der });
        }
        self.add_ca(act)?;
        let plan = self.first_plan(act)?;
        let key = match plan.key.clone() {
            Some(key) => key,
            None => self.making.make_key(act, &plan, make_key)?,
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
        let plan = self.generations.plan()?.ok_or_else(missing)?;
        let none =
            |_: &dyn KeyStore, label: &KeyLabel, _| Err(KeyError::UnknownLabel(label.clone()));
        let generation = self.making.make_generation(act, plan, &none)?;
        let own = self.generations.self_signed_certificate(&generation)?;
        let entry = Entry::new(EventKind::CaCreated, act)
            .ca(self.policy.id())
            .subject(generation.self_signed)
            .detail("generation", 1)
            .detail("certificate_sha256", ColonHex(&x509::digest::sha256(&own)));
        self.making.complete_generation(entry, generation)?;
        Ok(own)
    }

    fn add_ca(&self, act: &Act) -> Result<()> {
        if self.authorities.cas()?.iter().any(|row| row.id == *self.policy.id()) {
            return Ok(());
        }
        let row = CaRow {
            id: self.policy.id().clone(),
            policy_digest: *self.policy.digest(),
            created_at: act.at,
        };
        let unit = Unit::new(self.created(act)).change(Change::AddCa(row));
        self.ledger.commit(unit.change(put_plan(plan(&self.policy, 1, Timestamp::UNIX_EPOCH))))?;
        Ok(())
    }

    /// The plan of the first key; a CA that an earlier program began to set up may lack it.
    fn first_plan(&self, act: &Act) -> Result<GenerationPlan> {
        if let Some(plan) = self.generations.plan()? {
            return Ok(plan);
        }
        // The first generation issues always: there is none before it.
        let plan = plan(&self.policy, 1, Timestamp::UNIX_EPOCH);
        let entry = self.created(act).no_op();
        self.ledger.commit(Unit::new(entry).change(put_plan(plan.clone())))?;
        Ok(plan)
    }

    fn created(&self, act: &Act) -> Entry {
        Entry::new(EventKind::CaCreated, act)
            .ca(self.policy.id())
            .detail("policy_sha256", Hex(self.policy.digest()))
            .detail("effective_from", self.policy.effective_from)
    }
}
