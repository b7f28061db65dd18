//! The way through the six steps, and what goes before them.

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::revocation::RevocationCause;
use domain::rule;
use domain::service_request::Request;
use domain::validity;
use store::{CertificateRow, Entry};

use super::broken_off::BrokenOff;
use super::draft::Order;
use super::steps::{Intended, Issued, Reserved, Signed, StepHands};
use super::vouch::Voucher;
use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::life::LifeCycle;

/// The six steps, and the word of the journal for an intent that a cut left. Only here, and for lists, a
/// CA's key signs.
pub(crate) struct Issuance {
    policy: Arc<PolicyInEffect>,
    certificates: Certificates,
    generations: Arc<Generations>,
    life: Arc<LifeCycle>,
    steps: StepHands,
    voucher: Voucher,
    broken_off: BrokenOff,
}

/// An intent of this CA that a cut left behind, for which the journal vouches.
pub(crate) struct Vouched<'a>(Intended<'a>);

impl Vouched<'_> {
    /// Steps 5 and 6, the last with an entry that tells why.
    ///
    /// # Errors
    /// What keys and store say.
    pub(crate) fn finish(
        self,
        act: &Act,
        signer: &Generation,
        into: CertificateEvent,
        why: Option<Entry>,
    ) -> Result<Issued> {
        self.0.sign(signer)?.commit_issue(act, into, why)
    }
}

impl Issuance {
    pub(crate) fn new(hands: &Hands, life: &Arc<LifeCycle>) -> Self {
        Self {
            policy: hands.policy.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            life: life.clone(),
            steps: StepHands::new(hands),
            voucher: Voucher::new(hands),
            broken_off: BrokenOff::default(),
        }
    }

    /// The six steps. What breaks off between 4 and 6 leaves a serial that may have been signed: start-up
    /// finds it after a crash, and [`take_broken_off`](Self::take_broken_off) while the program runs.
    pub(crate) fn issue(
        &self,
        act: &Act,
        order: Order,
        signer: &Generation,
        into: CertificateEvent,
    ) -> Result<Issued> {
        self.issue_for(act, order, signer, into, None)
    }

    /// The same, by which a released request is confirmed in step 4 and done in step 6.
    pub(crate) fn issue_for(
        &self,
        act: &Act,
        order: Order,
        signer: &Generation,
        into: CertificateEvent,
        request: Option<Request>,
    ) -> Result<Issued> {
        self.refuse_before_effect(act)?;
        if signer.ends < act.at {
            let rule = rule!("its root ended at {}: renew the key first (A 5.6)", signer.ends);
            return Err(Error::refused("ca key", rule));
        }
        self.refuse_after_use(act, order.kind, signer)?;
        let order = order.within(signer)?;
        // A key that sleeps must not leave an intent behind.
        self.generations.expect_awake(signer)?;
        let reserved = Reserved::new(&self.steps)?; // 1: a serial nobody can predict
        let underway = self.broken_off.begin(reserved.serial());
        let drafted = reserved.draft(order, signer)?; // 2: the TBS, from the policy as it is now
        let linted = drafted.lint()?; // 3: read again by other code, before any signature exists
        let intended = linted.commit_intent(act, request, signer)?; // 4: serial and TBS on disk
        let signed = self.sign_or_discard(act, intended, signer)?; // 5: signed, verified, compared
        let issued = signed.commit_issue(act, into, None)?; // 6: on disk; only now does anything leave
        underway.arrive();
        Ok(issued)
    }

    /// The intents of this process that came to no issue, of which nobody has the right to the signature any
    /// more. Each is told once: whoever takes them settles them.
    ///
    /// # Errors
    /// What the store says; nothing was taken then.
    pub(crate) fn take_broken_off(&self) -> Result<Vec<CertificateRow>> {
        let serials = self.broken_off.take();
        let rows = serials.iter().map(|serial| self.certificates.find(serial));
        let rows = rows.collect::<Result<Vec<_>>>().inspect_err(|_| {
            serials.iter().for_each(|serial| self.broken_off.add(*serial));
        })?;
        let is_open = |row: &CertificateRow| row.state == CertificateState::Intended;
        Ok(rows.into_iter().flatten().filter(is_open).collect())
    }

    /// Signs, or ends the intent of a resident's certificate at once: their next application must not
    /// wait for a restart because the token failed or the clock jumped just then.
    fn sign_or_discard<'a>(
        &'a self,
        act: &Act,
        intended: Intended<'a>,
        signer: &Generation,
    ) -> Result<Signed<'a>> {
        let serial = intended.serial();
        intended.sign(signer).inspect_err(|_| {
            let discarded = self.certificates.one(&serial).and_then(|row| match row.intent.kind {
                CertificateKind::User => self
                    .life
                    .end(act, &row, RevocationCause::DestroyedBeforeDelivery, None)
                    .map(drop),
                _ => Ok(()),
            });
            // What cannot be settled now, is settled later; the first error is the one to tell.
            drop(discarded);
        })
    }

    /// Holds an intent that a cut left behind against the sealed journal, as [`Voucher::vouch`] says.
    pub(crate) fn vouch(&self, row: &CertificateRow, signer: &Generation) -> Result<Vouched<'_>> {
        Ok(Vouched(Intended::again(&self.steps, self.voucher.vouch(row, signer)?)))
    }

    /// Steps 5 and 6 for an intent that a cut left behind.
    ///
    /// # Errors
    /// As [`Voucher::vouch`]; what keys and store say.
    pub(crate) fn finish(
        &self,
        act: &Act,
        row: &CertificateRow,
        signer: &Generation,
        into: CertificateEvent,
    ) -> Result<Issued> {
        self.vouch(row, signer)?.finish(act, signer, into, None)
    }

    /// A key certifies nobody after its period of use: from then on it signs lists and what these need,
    /// responders, and the links to its successor (A 6.3.2.1, S 6-3-1-2).
    pub(crate) fn refuse_after_use(
        &self,
        act: &Act,
        kind: CertificateKind,
        signer: &Generation,
    ) -> Result<()> {
        let ends = validity::renewal_due(signer.made_at, self.policy.keys.ca_renewal_years)?;
        if kind.is_authority() || kind == CertificateKind::OcspResponder || act.at <= ends {
            return Ok(());
        }
        let rule = rule!(
            "the use of its key ended at {}: the key is renewed in a ceremony first (A 5.6, \
             6.3.2.1, S 4-13, 6-3-1-2)",
            ends
        );
        Err(Error::refused("ca key", rule))
    }

    /// A policy issues nothing before the day from which it holds.
    fn refuse_before_effect(&self, act: &Act) -> Result<()> {
        let from = self.policy.effective_from;
        if validity::civil_date(act.at) < from {
            return Err(Error::refused("policy", rule!("it is in effect from {}", from)));
        }
        Ok(())
    }
}
