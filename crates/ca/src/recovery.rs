//! Start-up: what a crash between steps 4 and 6 of issuance left is settled, and said so.

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::revocation::RevocationCause;
use domain::rule::{OfTheInstallation, Rule};
use store::{CertificateRow, Entry, IntentRow, Unit};

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::{Issuance, Vouched};
use crate::ledger::Ledger;
use crate::life::LifeCycle;

/// How one left-over intent was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The committed bytes were signed (again, perhaps) and the issue committed.
    Finished(SerialNumber),
    /// Nobody can use the certificate any more, so its serial was revoked: it may have been signed.
    Revoked(SerialNumber),
}

/// What is to be done about an intent that a cut left open.
enum Course<'a> {
    /// It is signed: the journal vouches for it.
    Finish(Arc<Generation>, Box<Vouched<'a>>),
    /// It is ended unsigned: nobody could use the certificate, or the rules by which it was asked for
    /// are no longer in force.
    End { superseded: Option<Rule> },
}

/// The settling of intents that a cut left open: each is signed as it was committed, or ended.
pub struct Recovery {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    life: Arc<LifeCycle>,
    issuance: Arc<Issuance>,
}

impl Recovery {
    pub(crate) fn new(hands: &Hands, life: &Arc<LifeCycle>, issuance: &Arc<Issuance>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            life: life.clone(),
            issuance: issuance.clone(),
        }
    }

    /// Settles every intent of this CA that has no issue.
    ///
    /// A certificate whose private key the CA made is revoked: the wrapped key was lost with the
    /// process, and so is one of rules that were replaced since. Every other is finished over the
    /// committed bytes, which gives one serial one TBS, once the sealed journal has vouched for them.
    ///
    /// # Errors
    /// What keys and store say of the first that cannot be settled; the others are settled all the same.
    /// [`Error::Unvouched`] for a row that the journal does not tell of: the database is in doubt then.
    pub fn recover(&self, act: &Act) -> Result<Vec<Settled>> {
        let (mut settled, mut failed) = (Vec::new(), None);
        for row in self.left_open()? {
            match self.settle(act, &row) {
                Ok(one) => settled.extend(one),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(settled), Err)
    }

    /// The intents of this CA that have no issue. Asked at start-up, before anything is issued, they
    /// are what a crash left behind.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn left_open(&self) -> Result<Vec<CertificateRow>> {
        self.certificates.left_open()
    }

    /// The intents of this process whose issue broke off: a token went away, the disk took nothing. Each is
    /// told once, and whoever asks settles it.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; nothing was told then.
    pub fn take_broken_off(&self) -> Result<Vec<CertificateRow>> {
        self.issuance.take_broken_off()
    }

    /// Settles an intent that was left open, as [`recover`](Self::recover) does: later, when the keys
    /// were asleep at start-up. Nothing is done where somebody settled it before.
    ///
    /// # Errors
    /// As `recover`.
    pub fn settle(&self, act: &Act, open: &CertificateRow) -> Result<Option<Settled>> {
        // Tried again after a failure, or overtaken by a compromise: some are settled already.
        if self.certificates.one(&open.intent.serial)?.state != CertificateState::Intended {
            return Ok(None);
        }
        self.settle_open(act, open).map(Some)
    }

    fn settle_open(&self, act: &Act, found: &CertificateRow) -> Result<Settled> {
        let row = &found.intent;
        // What was done and how it came to it are in the journal together, or neither is.
        match self.course(act, found)? {
            Course::Finish(signer, vouched) => {
                let into = match row.kind {
                    CertificateKind::User => CertificateEvent::Issue,
                    _ => CertificateEvent::IssueInForce,
                };
                vouched.finish(act, &signer, into, Some(self.recovered(act, row, "finished")))?;
                Ok(Settled::Finished(row.serial))
            }
            Course::End { superseded } => {
                let cause = match self.is_compromised(row)? {
                    true => RevocationCause::CaKeyCompromised,
                    false => RevocationCause::DestroyedBeforeDelivery,
                };
                let entry = self.recovered(act, row, "revoked");
                let entry = superseded
                    .iter()
                    .fold(entry, |entry, rule| entry.detail("superseded", rule.as_part()));
                let (unit, _) = self.life.ending(act, found, cause, None)?;
                self.ledger.commit(unit.entry(entry))?;
                Ok(Settled::Revoked(row.serial))
            }
        }
    }

    fn recovered(&self, act: &Act, row: &IntentRow, settled: &'static str) -> Entry {
        Entry::new(EventKind::IntentRecovered, act)
            .ca(self.policy.id())
            .subject(row.serial)
            .detail("kind", row.kind)
            .detail("settled", settled)
    }

    fn course(&self, act: &Act, found: &CertificateRow) -> Result<Course<'_>> {
        let row = &found.intent;
        let lost = Course::End { superseded: None };
        let Some(signer) = self.generations.signer_of(row)? else { return Ok(lost) };
        if self.key_was_lost(row) || self.is_compromised(row)? {
            return Ok(lost);
        }
        // What could not be begun now is not finished now either.
        if row.not_after <= act.at {
            return Ok(Course::End { superseded: Some("it ended before it was signed".into()) });
        }
        if let Err(refused) = self.issuance.refuse_after_use(act, row.kind, &signer) {
            return match refused {
                Error::Refused { .. } => Ok(Course::End { superseded: Some(refused.rule()) }),
                fault => Err(fault),
            };
        }
        match self.issuance.vouch(found, &signer) {
            Ok(vouched) => Ok(Course::Finish(signer, Box::new(vouched))),
            Err(Error::Superseded { reason, .. }) => {
                Ok(Course::End { superseded: Some(OfTheInstallation(&reason).into()) })
            }
            Err(error) => self.refuse_to_sign(act, row, error),
        }
    }

    /// Says in the journal that something was found that must not be signed, and puts the database in
    /// doubt: who wrote this row may have written others.
    fn refuse_to_sign<T>(&self, act: &Act, row: &IntentRow, error: Error) -> Result<T> {
        if matches!(error, Error::Unvouched { .. }) {
            let entry = Entry::new(EventKind::IntentRecovered, act).ca(self.policy.id());
            let entry = entry.subject(row.serial).detail("kind", row.kind).refused(error.rule());
            self.ledger.commit(Unit::new(entry))?;
            self.ledger.doubt(error.to_string());
        }
        Err(error)
    }

    /// Whether the private key was in the memory of the process that died.
    fn key_was_lost(&self, row: &IntentRow) -> bool {
        let made_here = self
            .policy
            .keys
            .user
            .as_ref()
            .is_some_and(|user| user.made_by == domain::policy::KeyMaker::Authority);
        row.kind == CertificateKind::User && made_here
    }

    /// Nothing more is issued under a key that counts as compromised (A 5.7.3).
    fn is_compromised(&self, row: &IntentRow) -> Result<bool> {
        let of_key = |generation: &Arc<Generation>| {
            row.kind.is_authority() && generation.key.spki_sha256() == row.spki_sha256
        };
        let certified = self.generations.all().into_iter().find(of_key);
        for number in [Some(row.generation), certified.map(|of| of.number)].into_iter().flatten() {
            if self.generations.compromise(number)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
