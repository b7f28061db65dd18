//! Setting a CA up: its key, its self-signed certificate.

use std::sync::Arc;

use domain::act::Act;
use domain::journal::EventKind;
use jiff::Timestamp;
use keys::KeyStore;
use store::{CaRow, Change, Entry, GenerationPlan, Store, Unit};

use crate::authority::CertificationAuthority;
use crate::error::Result;
use crate::issuance::hex;
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
        let authority = Self::without_keys(policy_text, store, keys)?;
        if !authority.store.authorities(authority.id())?.is_empty() {
            return Self::open(policy_text, authority.store, authority.keys);
        }
        authority.add_ca(act)?;
        let plan = authority.first_plan(act)?;
        let generation = authority.make_generation(act, plan, make_key)?;
        let own = authority.self_signed_certificate(&generation)?;
        let entry = Entry::new(EventKind::CaCreated, act)
            .ca(authority.id())
            .subject(generation.self_signed)
            .detail("generation", 1)
            .detail("certificate_sha256", x509::fingerprint::sha256_colon_hex(&own));
        authority.complete_generation(entry, generation)?;
        Ok(authority)
    }

    fn add_ca(&self, act: &Act) -> Result<()> {
        if self.store.cas()?.iter().any(|row| row.id == *self.id()) {
            return Ok(());
        }
        let row =
            CaRow { id: self.id().clone(), policy_digest: self.policy_digest, created_at: act.at };
        let unit = Unit::new(self.created(act)).change(Change::AddCa(row));
        self.store.commit(unit.change(self.put_plan(self.plan(1, Timestamp::UNIX_EPOCH))))?;
        Ok(())
    }

    /// The plan of the first key; a CA that an earlier program began to set up may lack it.
    fn first_plan(&self, act: &Act) -> Result<GenerationPlan> {
        if let Some(plan) = self.store.generation_plan(self.id())? {
            return Ok(plan);
        }
        // The first generation issues always: there is none before it.
        let plan = self.plan(1, Timestamp::UNIX_EPOCH);
        let entry = self.created(act).no_op();
        self.store.commit(Unit::new(entry).change(self.put_plan(plan.clone())))?;
        Ok(plan)
    }

    fn created(&self, act: &Act) -> Entry {
        Entry::new(EventKind::CaCreated, act)
            .ca(self.id())
            .detail("policy_sha256", hex(&self.policy_digest))
            .detail("effective_from", self.policy.effective_from)
    }
}
