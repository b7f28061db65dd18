//! Key renewal: a new key of the same name, linked to the old one in both ways (A 5.6, S 4-13).

mod model;
mod path;
mod rehearsal;
mod samples;

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::CertificateKind;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{ColonHex, OfTheInstallation, Rule};
use domain::validity::{self, whole_second};
use jiff::Timestamp;
use keys::KeyStore;
use store::{Entry, GenerationPlan, Unit};

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::own_period;
use crate::ledger::Ledger;
use crate::making::{KeyMaking, MakeKey, Own, plan, put_plan};
use crate::responder::{Responder, Responders};

pub use path::{RehearsedPath, Trust};
pub use rehearsal::{Finding, Rehearsal, Rehearsals, Weight};

/// A renewal within so many months of its last day needs no reason: an assumption, since the CPS
/// name only the last day (A 6.3.2.1, S 6-3-1-2).
const REGULAR_MONTHS: u8 = 6;

/// What a renewal is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// From when on the new key signs new certificates; the old one does until then.
    pub issues_from: Timestamp,
    /// Why it comes before its time, if it does (A 6.3.2.1: 暗号方式が脆弱になったと判断した場合).
    pub early: Option<String>,
}

/// A renewed key.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The new generation.
    pub generation: Arc<Generation>,
    /// Its self-signed certificate, DER.
    pub self_signed: Vec<u8>,
    /// Both links; none where the old key counts as compromised, which nobody may vouch for.
    pub links: Option<Links>,
    /// Who answers for it.
    pub responder: Responder,
    /// Whether all of it existed before.
    pub no_op: bool,
}

/// The links between two generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The old key certified with the new, DER.
    pub old_with_new: Vec<u8>,
    /// The new key certified with the old, DER.
    pub new_with_old: Vec<u8>,
}

/// Where a renewal stands when it is asked for.
enum Standing {
    /// It was completed before.
    Completed { old: Arc<Generation>, new: Arc<Generation> },
    /// It was begun before.
    Begun { old: Arc<Generation>, plan: GenerationPlan },
    /// It may begin.
    New { old: Arc<Generation>, plan: GenerationPlan },
}

/// The renewal of a CA's key.
pub struct KeyRenewals {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    making: Arc<KeyMaking>,
    responders: Arc<Responders>,
    rehearsals: Arc<Rehearsals>,
}

impl KeyRenewals {
    pub(crate) fn new(
        hands: &Hands,
        making: &Arc<KeyMaking>,
        responders: &Arc<Responders>,
        rehearsals: &Arc<Rehearsals>,
    ) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            making: making.clone(),
            responders: responders.clone(),
            rehearsals: rehearsals.clone(),
        }
    }

    /// Renews the CA's key: a key by the present policy, its self-signed certificate, both links,
    /// its responder. Every part is made once: called again after a cut, it goes on.
    ///
    /// It is rehearsed first; a renewal that would break a path is refused before anything is made.
    /// `service_keys` holds the responders' keys.
    ///
    /// # Errors
    /// [`Error::Refused`] before its time without a reason, while another renewal is unfinished, or
    /// when the rehearsal finds that a path would break: journaled. What keys and store say.
    pub fn renew(
        &self,
        act: &Act,
        renewal: &Renewal,
        make_key: &MakeKey<'_>,
        service_keys: &dyn KeyStore,
    ) -> Result<Renewed> {
        let standing = self.standing(act.at, renewal).and_then(|standing| {
            if let Standing::New { old, .. } = &standing
                && self.generations.compromise(old.number)?.is_none()
            {
                self.rehearsals.rehearse(act.at, renewal.issues_from)?.expect_sound()?;
            }
            Ok(standing)
        });
        match self.ledger.recording(act, EventKind::KeyRenewed, self.policy.id(), standing)? {
            Standing::Completed { old, new } => self.renewed_before(act, &old, new, service_keys),
            Standing::Begun { old, plan } => {
                self.carry_out(act, &old, plan, make_key, service_keys)
            }
            Standing::New { old, plan } => {
                self.begin(act, renewal, &plan)?;
                self.carry_out(act, &old, plan, make_key, service_keys)
            }
        }
    }

    /// The parts of a renewal, each found if it exists.
    fn carry_out(
        &self,
        act: &Act,
        old: &Generation,
        plan: GenerationPlan,
        make_key: &MakeKey<'_>,
        service_keys: &dyn KeyStore,
    ) -> Result<Renewed> {
        let new = self.making.make_generation(act, plan, make_key)?; // 1: key and self-signed certificate
        let links = self.links(act, old, &new)?; // 2, 3: each key certified with the other
        let responder = self.responders.set_up(act, &new, service_keys)?; // 4: it answers from 5 on
        let (number, self_signed) = (new.number, self.generations.self_signed_certificate(&new)?);
        let mut entry = self
            .renewed(act, "completed")
            .subject(new.self_signed)
            .detail("generation", number)
            .detail("certificate_sha256", ColonHex(&x509::digest::sha256(&self_signed)));
        if let Some(links) = &links {
            entry = entry
                .detail("old_with_new_sha256", ColonHex(&x509::digest::sha256(&links.old_with_new)))
                .detail(
                    "new_with_old_sha256",
                    ColonHex(&x509::digest::sha256(&links.new_with_old)),
                );
        }
        self.making.complete_generation(entry, new)?; // 5: it stands beside the old one
        Ok(Renewed {
            generation: self.generations.numbered(number)?,
            self_signed,
            links,
            responder,
            no_op: false,
        })
    }

    /// Both links, as they exist or are made now. No key vouches for one that counts as compromised,
    /// and what such a key says of another is worth nothing: then there are none (A 5.7.3).
    fn links(&self, act: &Act, old: &Generation, new: &Generation) -> Result<Option<Links>> {
        for generation in [old, new] {
            if self.generations.compromise(generation.number)?.is_some() {
                return Ok(None);
            }
        }
        Ok(Some(Links {
            old_with_new: self.link(act, CertificateKind::LinkOldWithNew, old, new)?.certificate,
            new_with_old: self.link(act, CertificateKind::LinkNewWithOld, old, new)?.certificate,
        }))
    }

    /// One link, as it exists or is made now; the old root's end is its own.
    fn link(
        &self,
        act: &Act,
        kind: CertificateKind,
        old: &Generation,
        new: &Generation,
    ) -> Result<Own> {
        let (of, signer) = match kind {
            CertificateKind::LinkOldWithNew => (old, new),
            _ => (new, old),
        };
        let period = own_period(&self.policy, kind, act.at, Some((of.made_at, old.ends)))?;
        self.making.own_certificate(act, kind, of, signer, period)
    }

    /// Whether the renewal may begin, has begun, or is done (A 5.6, 6.3.2.1, S 4-13, 6-3-1-2).
    fn standing(&self, now: Timestamp, renewal: &Renewal) -> Result<Standing> {
        self.generations.refresh()?;
        let issues_from = whole_second(renewal.issues_from);
        let generations = self.generations.all();
        if let Some(plan) = self.generations.plan()? {
            if plan.issues_from != issues_from || plan.generation == 1 {
                let rule = rule!(
                    "generation {} is being made, to issue from {}: finish it first",
                    plan.generation,
                    plan.issues_from
                );
                return Err(Error::refused("renewal", rule));
            }
            return Ok(Standing::Begun {
                old: self.generations.numbered(plan.generation - 1)?,
                plan,
            });
        }
        match generations.as_slice() {
            [.., old, new] if new.issues_from == issues_from => {
                Ok(Standing::Completed { old: Arc::clone(old), new: Arc::clone(new) })
            }
            [.., newest] => {
                check_time(now, newest, issues_from)?;
                self.check_due(newest, issues_from, renewal.early.as_deref())?;
                let plan = plan(&self.policy, newest.number + 1, issues_from);
                Ok(Standing::New { old: Arc::clone(newest), plan })
            }
            [] => Err(Error::Unknown { field: "ca key", value: self.policy.id().to_string() }),
        }
    }

    /// Whether it is time, or a reason is given.
    fn check_due(
        &self,
        newest: &Generation,
        issues_from: Timestamp,
        early: Option<&str>,
    ) -> Result<()> {
        let years = self.policy.keys.ca_renewal_years;
        let due = validity::renewal_due(newest.made_at, years)?;
        let regular = validity::months_before(due, REGULAR_MONTHS)?;
        match early {
            None if issues_from < regular => Err(Error::refused(
                "issues_from",
                rule!(
                    "the key is due by {}; before {} a renewal needs a reason (A 6.3.2.1, S 6-3-1-2)",
                    due,
                    regular
                ),
            )),
            Some(reason)
                if reason.trim().is_empty()
                    || reason.chars().count() > 400
                    || reason.chars().any(char::is_control) =>
            {
                Err(Error::refused("early", "a reason of 1 to 400 characters"))
            }
            _ => Ok(()),
        }
    }

    fn begin(&self, act: &Act, renewal: &Renewal, plan: &GenerationPlan) -> Result<()> {
        let mut entry = self
            .renewed(act, "begun")
            .detail("generation", plan.generation)
            .detail("issues_from", plan.issues_from)
            .detail("algorithm", plan.key_algorithm)
            .detail("signature", plan.signature_algorithm);
        if let Some(reason) = &renewal.early {
            entry = entry.detail("early", OfTheInstallation(reason));
        }
        self.ledger.commit(Unit::new(entry).change(put_plan(plan.clone())))?;
        Ok(())
    }

    /// What a renewal that was completed before had left; nothing new is made but an entry.
    fn renewed_before(
        &self,
        act: &Act,
        old: &Generation,
        new: Arc<Generation>,
        service_keys: &dyn KeyStore,
    ) -> Result<Renewed> {
        let links = self.links(act, old, &new)?;
        let responder = self.responders.set_up(act, &new, service_keys)?;
        let entry = self.renewed(act, "completed").subject(new.self_signed).no_op();
        self.ledger.commit(Unit::new(entry))?;
        let self_signed = self.generations.self_signed_certificate(&new)?;
        let no_op = true;
        Ok(Renewed { generation: new, self_signed, links, responder, no_op })
    }

    fn renewed(&self, act: &Act, step: &'static str) -> Entry {
        Entry::new(EventKind::KeyRenewed, act).ca(self.policy.id()).detail("step", step)
    }
}

/// One renewal after another, none in the past, none of a key whose root has ended.
fn check_time(now: Timestamp, newest: &Generation, issues_from: Timestamp) -> Result<()> {
    let refused = |rule: Rule| Err(Error::refused("issues_from", rule));
    if newest.issues_from > now {
        let (number, from) = (newest.number, newest.issues_from);
        return refused(rule!(
            "generation {} issues from {}: one move after another",
            number,
            from
        ));
    }
    if issues_from < whole_second(now) {
        return refused("it lies in the past".into());
    }
    if newest.ends <= issues_from {
        return refused(rule!("the old root ends before, at {}: no link spans it", newest.ends));
    }
    Ok(())
}
