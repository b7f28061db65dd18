//! Issuance: six steps, each consuming the last, from a checked request to a certificate.

mod draft;
mod expect;
mod period;
mod sketch;
mod steps;
mod subject;
mod vouch;

pub(crate) use draft::{Order, no_key, profile};
pub(crate) use period::{own_period, years};
pub(crate) use sketch::sketch;
pub(crate) use steps::{CERTIFIED_ONCE, Intended};
pub(crate) use subject::of_user as subject_of_user;
pub(crate) use vouch::Vouched;

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind};
use domain::id::SerialNumber;
use domain::identity::RevocationCause;
use domain::rule;
use domain::service_request::Request;
use domain::validity;
use keys::Sign;
use store::reads::ReadJournal;
use x509::key_check::WeakKeys;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::life::LifeCycle;
use crate::observer::Observer;
use crate::request_record::RequestRecord;
use steps::{Reserved, Signed};

/// A certificate that was issued: step 6 is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The serial.
    pub serial: SerialNumber,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// The six steps, and the word of the journal for an intent that a cut left. Only here, and for lists, a
/// CA's key signs.
pub(crate) struct Issuance {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    life: Arc<LifeCycle>,
    record: RequestRecord,
    journal: Arc<dyn ReadJournal>,
    keys: Arc<dyn Sign>,
    weak_keys: Arc<WeakKeys>,
    observer: Observer,
}

impl Issuance {
    pub(crate) fn new(hands: &Hands, life: &Arc<LifeCycle>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            life: life.clone(),
            record: RequestRecord::new(hands),
            journal: hands.store.clone(),
            keys: hands.keys.clone(),
            weak_keys: hands.weak_keys.clone(),
            observer: hands.observer.clone(),
        }
    }

    /// The six steps. A crash between 4 and 6 leaves a serial that may have been signed; start-up
    /// finds and settles it.
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
        let reserved = Reserved::new(self)?; // 1: a serial nobody can predict
        let drafted = reserved.draft(order, signer)?; // 2: the TBS, from the policy as it is now
        let linted = drafted.lint()?; // 3: read again by other code, before any signature exists
        let intended = linted.commit_intent(act, request, signer)?; // 4: serial and TBS on disk
        let signed = self.sign_or_discard(act, intended, signer)?; // 5: signed, verified, compared
        signed.commit_issue(act, into) // 6: on disk; only now does anything leave
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
            // What cannot be settled now, start-up finds; the first error is the one to tell.
            drop(discarded);
        })
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
