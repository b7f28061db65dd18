//! The six steps as types: skipping or repeating one does not compile.

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateState};
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::rule::Hex;
use domain::service_request::{Request, RequestStep};
use jiff::Timestamp;
use keys::Sign;
use store::{Change, Entry, IntentRow, Unit};
use x509::digest::sha256;
use x509::read::{Certificate, TbsCertificate};

use super::draft::{Draft, Order, PROGRAM};
use super::expect;
use super::vouch::Redrafted;
use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::key_ends::while_kept;
use crate::ledger::Ledger;
use crate::observer::{IssuanceStep, Observer};
use crate::random;
use crate::request_record::{Moved, handled};

/// The rule by which a key is refused that has a certificate already.
pub(crate) const CERTIFIED_ONCE: &str = "a public key is certified once, ever";

/// A certificate that was issued: step 6 is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The serial.
    pub serial: SerialNumber,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// What the steps reach. Beside the writer of lists, nobody else signs with a CA's key.
pub(super) struct StepHands {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    keys: Arc<dyn Sign>,
    observer: Observer,
}

/// After step 1: a serial.
pub(super) struct Reserved<'a> {
    hands: &'a StepHands,
    serial: SerialNumber,
}

/// After step 2: a draft.
pub(super) struct Drafted<'a> {
    hands: &'a StepHands,
    draft: Draft,
}

/// After step 3: a draft that other code has read and found to conform.
pub(super) struct Linted<'a>(Drafted<'a>);

/// After step 4: the right to one signature over exactly the committed bytes.
pub(super) struct Intended<'a> {
    hands: &'a StepHands,
    serial: SerialNumber,
    tbs: Vec<u8>,
    /// The request that asked for it, confirmed with the intent.
    request: Option<Request>,
}

/// After step 5: a certificate that nobody has seen.
pub(super) struct Signed<'a> {
    hands: &'a StepHands,
    serial: SerialNumber,
    certificate: Vec<u8>,
    request: Option<Request>,
}

impl<'a> Reserved<'a> {
    pub(super) fn new(hands: &'a StepHands) -> Result<Self> {
        let serial = random::serial()?;
        hands.observer.reached(IssuanceStep::Reserved);
        Ok(Self { hands, serial })
    }

    /// The serial, which nobody knows but whoever issues it.
    pub(super) fn serial(&self) -> SerialNumber {
        self.serial
    }

    pub(super) fn draft(self, order: Order, signer: &Generation) -> Result<Drafted<'a>> {
        let draft = Draft::new(&self.hands.policy, self.serial, order, signer)?;
        self.hands.observer.reached(IssuanceStep::Drafted);
        Ok(Drafted { hands: self.hands, draft })
    }
}

impl<'a> Drafted<'a> {
    pub(super) fn lint(self) -> Result<Linted<'a>> {
        expect::check(&self.hands.policy, &self.draft)?;
        self.hands.observer.reached(IssuanceStep::Linted);
        Ok(Linted(self))
    }
}

impl<'a> Linted<'a> {
    pub(super) fn commit_intent(
        self,
        act: &Act,
        request: Option<Request>,
        signer: &Generation,
    ) -> Result<Intended<'a>> {
        let Drafted { hands, draft } = self.0;
        let (serial, key) = (draft.template.serial, draft.order.key.spki_sha256());
        let confirm = |request| Moved::by(act, request, RequestStep::Confirm { serial });
        let confirmed = request.map(confirm).transpose()?;
        let tbs = draft.tbs.clone();
        let entry = intended(act, &hands.policy, &draft);
        let row = draft.into_row(&hands.policy, act.at);
        let request = confirmed.as_ref().map(|moved| moved.request().clone());
        let unit = Unit::new(handled(entry, request.as_ref()));
        let unit = unit.change(Change::AddIntent(Box::new(row)));
        let unit = while_kept(Moved::join(confirmed, act, unit)?, [&signer.label])?;
        let committed = hands.ledger.commit(unit);
        committed.or_else(|fault| hands.refused_intent(fault, signer, &key))?;
        hands.observer.reached(IssuanceStep::Intended);
        Ok(Intended { hands, serial, tbs, request })
    }
}

impl<'a> Intended<'a> {
    /// The right to sign an intent that a crash left behind: the same bytes, no others, and only
    /// after the journal vouched for them and they were drafted and linted once more.
    pub(super) fn again(hands: &'a StepHands, vouched: Redrafted) -> Self {
        let Redrafted { draft, request } = vouched;
        Self { hands, serial: draft.template.serial, tbs: draft.tbs, request }
    }

    /// The serial that may be signed.
    pub(super) fn serial(&self) -> SerialNumber {
        self.serial
    }

    pub(super) fn sign(self, signer: &Generation) -> Result<Signed<'a>> {
        // What was committed names its algorithm; the policy may have moved on since.
        let algorithm =
            x509::algorithm::parse(&TbsCertificate::parse(&self.tbs)?.signature_algorithm)?;
        // Others can end an intent, by a revocation, while whoever has the right to it waits for a token.
        self.hands.generations.expect_kept(signer)?;
        let signature = self.hands.keys.sign(&signer.label, algorithm, &self.tbs)?;
        let certificate = x509::certificate::assemble(&self.tbs, algorithm, &signature);
        let wrong = |_| Error::WrongSignature(self.serial.to_string());
        let read = Certificate::parse(&certificate).map_err(wrong)?;
        read.verify(signer.key.as_der()).map_err(wrong)?;
        if read.tbs.der != self.tbs {
            return Err(Error::WrongSignature(self.serial.to_string()));
        }
        self.hands.observer.reached(IssuanceStep::Signed);
        let Self { hands, serial, request, .. } = self;
        Ok(Signed { hands, serial, certificate, request })
    }
}

impl Signed<'_> {
    pub(super) fn commit_issue(
        self,
        act: &Act,
        into: CertificateEvent,
        why: Option<Entry>,
    ) -> Result<Issued> {
        let to = CertificateState::Intended.after(into, act.at)?;
        let entry = Entry::new(EventKind::CertificateIssued, act)
            .ca(self.hands.policy.id())
            .subject(self.serial)
            .detail("state", to.name())
            .detail("certificate_sha256", Hex(&sha256(&self.certificate)));
        let change = Change::CompleteIntent {
            ca: self.hands.policy.id().clone(),
            serial: self.serial,
            der: self.certificate.clone(),
            to,
        };
        let unit = Unit::new(handled(entry, self.request.as_ref())).change(change);
        let unit = why.into_iter().fold(unit, Unit::entry);
        let issue = |request| Moved::by(act, request, RequestStep::Issue);
        let issued = self.request.map(issue).transpose()?;
        self.hands.ledger.commit(Moved::join(issued, act, unit)?)?;
        self.hands.observer.reached(IssuanceStep::Issued);
        Ok(Issued { serial: self.serial, certificate: self.certificate })
    }
}

impl StepHands {
    pub(super) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            keys: hands.keys.clone(),
            observer: hands.observer.clone(),
        }
    }

    /// Why an intent could not be committed, in words for whoever asked: only here is looked up what the
    /// commit alone decides.
    fn refused_intent<T>(
        &self,
        fault: store::Error,
        signer: &Generation,
        key: &[u8; 32],
    ) -> Result<T> {
        match &fault {
            store::Error::Stale { .. } => self.generations.expect_kept(signer)?,
            store::Error::Duplicate { .. } if self.certificates.key_was_certified(key)? => {
                return Err(Error::refused("public key", CERTIFIED_ONCE));
            }
            _ => {}
        }
        Err(fault.into())
    }
}

/// The entry that tells of an intent: all that recovery needs to know the row by.
fn intended(act: &Act, policy: &PolicyInEffect, draft: &Draft) -> Entry {
    let entry = Entry::new(EventKind::CertificateIntended, act)
        .ca(policy.id())
        .subject(draft.template.serial)
        .detail("kind", draft.order.kind)
        .detail("generation", draft.generation)
        .detail("partition", draft.order.partition)
        .detail("tbs_sha256", Hex(&sha256(&draft.tbs)))
        .detail("policy_sha256", Hex(policy.digest()))
        .detail("program", PROGRAM);
    match &draft.order.application {
        Some(application) => entry.detail("application", application),
        None => entry,
    }
}

impl Draft {
    fn into_row(self, policy: &PolicyInEffect, at: Timestamp) -> IntentRow {
        IntentRow {
            ca: policy.id().clone(),
            generation: self.generation,
            serial: self.template.serial,
            kind: self.order.kind,
            partition: self.order.partition,
            subject: self.template.subject.as_der().to_vec(),
            spki_sha256: self.order.key.spki_sha256(),
            tbs: self.tbs,
            not_before: self.template.validity.not_before,
            not_after: self.template.validity.not_after,
            policy_digest: *policy.digest(),
            holder: self.order.holder,
            application: self.order.application,
            at,
        }
    }
}
