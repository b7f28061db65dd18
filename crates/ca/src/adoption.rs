//! Which policy a CA works by: the one that people adopted, whatever the file says.

use std::ops::Deref;
use std::sync::Arc;

use domain::act::Act;
use domain::hexadecimal::hex;
use domain::id::CaId;
use domain::journal::EventKind;
use domain::policy::Policy;
use domain::rule::{Hex, Rule};
use store::reads::{ReadAuthorities, ReadGenerations};
use store::{Change, Entry, Store, Unit};
use x509::digest::sha256;

use crate::error::{Error, Result};

/// The policy that a CA works by; every part of the CA has it, and none can change it.
pub(crate) struct PolicyInEffect {
    policy: Policy,
    digest: [u8; 32],
}

impl PolicyInEffect {
    /// Reads a policy that people adopted, or that of a CA that is being founded.
    ///
    /// # Errors
    /// [`Error::Refused`] for a text that is no policy; [`Error::NotAdopted`]; [`Error::Store`].
    pub(crate) fn read(text: &str, authorities: &dyn ReadAuthorities) -> Result<Self> {
        let policy = Policy::from_toml(text).map_err(unreadable)?;
        let digest = sha256(text.as_bytes());
        expect_adopted(authorities, &policy.ca, &digest)?;
        Ok(Self { policy, digest })
    }

    /// The CA's id.
    pub(crate) fn id(&self) -> &CaId {
        &self.policy.ca
    }

    /// The SHA-256 of the policy's text, as every intent records it.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl Deref for PolicyInEffect {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

/// Refuses a policy that is not the one in effect; a CA that is being founded has none yet.
///
/// # Errors
/// [`Error::NotAdopted`]; [`Error::Store`].
fn expect_adopted(authorities: &dyn ReadAuthorities, ca: &CaId, digest: &[u8; 32]) -> Result<()> {
    let rows = authorities.cas()?;
    match rows.iter().find(|row| row.id == *ca) {
        Some(row) if row.policy_digest != *digest => Err(Error::NotAdopted {
            ca: ca.to_string(),
            found: hex(digest),
            adopted: hex(&row.policy_digest),
        }),
        _ => Ok(()),
    }
}

/// The rule by which policies are adopted: it reads CAs and the plans of their keys, commits refusals, and drafts
/// what adopts a policy.
pub struct Adoption {
    authorities: Arc<dyn ReadAuthorities>,
    plans: Arc<dyn ReadGenerations>,
    refusals: Refusals,
}

impl Adoption {
    /// The rule over a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { authorities: store.clone(), plans: store.clone(), refusals: Refusals(store) }
    }

    /// What adopts a policy in the place of the one in effect, by two people who both still stand as they
    /// did when they were let in, and its CA: from the next opening after the commit on, the CA works by it.
    /// A policy that is in effect already is left so, under an entry that says it.
    ///
    /// # Errors
    /// [`Error::Refused`] for a text that is no policy, and where one person would decide alone
    /// (A 5.2.2, S 5-2-2); [`Error::Unknown`] for a CA that was never set up; [`Error::Store`].
    pub fn adopt(&self, act: &Act, policy_text: &str) -> Result<(Unit, CaId)> {
        let policy = Policy::from_toml(policy_text).map_err(unreadable)?;
        let to = sha256(policy_text.as_bytes());
        let entry = Entry::new(EventKind::PolicyAdopted, act)
            .ca(&policy.ca)
            .detail("effective_from", policy.effective_from);
        let refused = |entry: Entry, error: Error| {
            self.refusals.commit(Unit::new(entry.refused(error.rule())))?;
            Err(error)
        };
        let (Some(first), Some(approver)) = (act.standing.as_deref(), act.second.as_deref()) else {
            return refused(
                entry,
                Error::refused("person", "people of the registry adopt a policy"),
            );
        };
        let entry = entry.detail("approver", &approver.person);
        if first.person == approver.person {
            let rule = "whoever adopts a policy does not approve it as well (A 5.2.2, S 5-2-2)";
            return refused(entry, Error::refused("approver", rule));
        }
        let rows = self.authorities.cas()?;
        let Some(row) = rows.into_iter().find(|row| row.id == policy.ca) else {
            let value = policy.ca.to_string();
            return refused(entry, Error::Unknown { field: "ca", value });
        };
        let entry = entry.detail("policy_sha256", Hex(&to));
        let from = row.policy_digest;
        if from != to && self.plans.generation_plan(&policy.ca)?.is_some() {
            // Its root was, or will be, drafted by the policy in effect.
            let rule = "a key of this CA is being made: its ceremony comes to its end first";
            return refused(entry, Error::refused("policy", rule));
        }
        let unit = if from == to {
            Unit::new(entry.no_op())
        } else {
            let entry = entry.detail("policy_sha256_before", Hex(&from));
            Unit::new(entry).change(Change::AdoptPolicy { ca: row.id, from, to })
        };
        Ok((unit, policy.ca))
    }
}

/// The hand that commits the refusals of whoever adopts a policy of any CA, and reads nothing.
struct Refusals(Arc<dyn Store>);

impl Refusals {
    fn commit(&self, unit: Unit) -> Result<()> {
        self.0.commit(unit)?;
        Ok(())
    }
}

/// A text that is no policy; what it says is told to the caller alone.
fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::refused("policy", Rule::from("it is no policy").telling(error))
}
