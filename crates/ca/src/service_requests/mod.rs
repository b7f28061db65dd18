//! Requests for servers' certificates and for their end, from the intake to the CA's key (L13).
//!
//! Every step is checked against the tables of [`domain::service_request`] and against policy and
//! key as they are then; the CA's key is used only with the second senior operator's confirmation,
//! which stands in the commit of the intent.

mod certification;

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateState};
use domain::id::{SerialNumber, ServiceRequestId};
use domain::journal::EventKind;
use domain::revocation::{Requester, RevocationCause};
use domain::rule;
use domain::service_request::{
    Certification, Done, Purpose, Request, RequestState, RequestStep, RequestStepName,
};
use store::{Along, Unit};
use x509::digest::sha256;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::Issuance;
use crate::ledger::Ledger;
use crate::life::{LifeCycle, RevocationOrder};
use crate::request_record::{Moved, RequestRecord, add, entry, member_of_staff};
use crate::service_certificates::ServiceCertificates;
use domain::hexadecimal::hex;

pub use certification::{certification, service_request};

const KIND: EventKind = EventKind::ServiceRequestChanged;

/// The requests of the CA's staff. It issues by the six steps and ends by the life cycle; it has no key.
pub struct ServiceRequests {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    record: RequestRecord,
    life: Arc<LifeCycle>,
    issuance: Arc<Issuance>,
    services: Arc<ServiceCertificates>,
}

impl ServiceRequests {
    pub(crate) fn new(
        hands: &Hands,
        life: &Arc<LifeCycle>,
        issuance: &Arc<Issuance>,
        services: &Arc<ServiceCertificates>,
    ) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            record: RequestRecord::new(hands),
            life: life.clone(),
            issuance: issuance.clone(),
            services: services.clone(),
        }
    }

    /// Takes a request in: the PKCS#10's proof, its key and its names are checked at once.
    ///
    /// The request's id follows from the operation's; repeated, it answers as before.
    ///
    /// # Errors
    /// [`Error::Refused`] by policy, key or record, journaled.
    pub fn receive<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        purpose: Purpose,
        applicant: &str,
        documents: &[String],
    ) -> Result<Request> {
        let act = &act.into();
        let subject = request_id(act)?;
        let step =
            RequestStep::Receive { applicant: applicant.to_owned(), documents: documents.to_vec() };
        let result = self.receive_unrecorded(act, &subject, purpose, step);
        self.ledger.recording(act, KIND, subject, result)
    }

    fn receive_unrecorded(
        &self,
        act: &Along<'_, Request>,
        id: &ServiceRequestId,
        purpose: Purpose,
        step: RequestStep,
    ) -> Result<Request> {
        let by = member_of_staff(act)?;
        if let Some(request) = self.record.with_id(id)? {
            if *request.purpose() != purpose || !request.has(&step, &by) {
                return Err(Error::refused("operation", "the id was used for another request"));
            }
            return self.nothing_to_do(act, request);
        }
        self.check_purpose(act, &purpose)?;
        let first = Done { step, by, at: act.at };
        let request = Request::received(id.clone(), self.policy.id().clone(), purpose, first)?;
        let unit = Unit::new(entry(act, &request));
        let unit = unit.change(add(&request)?);
        self.ledger.commit(act.unit(unit, &request)?)?;
        Ok(request)
    }

    /// Records that the examiner has no doubt (A 4.2.1.2).
    ///
    /// # Errors
    /// [`Error::Refused`] by the tables, policy or key, journaled; as of all further steps.
    pub fn examine<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
        findings: &str,
    ) -> Result<Request> {
        self.take_step(&act.into(), id, RequestStep::Examine { findings: findings.to_owned() })
    }

    /// Records that the approver agrees (A 4.2.2.2).
    ///
    /// # Errors
    /// As [`examine`](Self::examine).
    pub fn approve<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
    ) -> Result<Request> {
        self.take_step(&act.into(), id, RequestStep::Approve)
    }

    /// Releases a request as the first senior operator.
    ///
    /// # Errors
    /// As [`examine`](Self::examine).
    pub fn release<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
    ) -> Result<Request> {
        self.take_step(&act.into(), id, RequestStep::Release)
    }

    /// Issues the certificate as the second senior operator; it is in force at once (A 4.3.1.2).
    ///
    /// # Errors
    /// As [`examine`](Self::examine), and what keys and store say. After a cut
    /// between intent and issue, start-up finishes the request with its certificate.
    pub fn issue(&self, act: &Act, id: &ServiceRequestId) -> Result<Request> {
        let result = self.issue_unrecorded(act, id);
        self.ledger.recording(act, KIND, id, result)
    }

    fn issue_unrecorded(&self, act: &Act, id: &ServiceRequestId) -> Result<Request> {
        let (request, by) = (self.record.one(id)?, member_of_staff(act)?);
        if request.by(RequestStepName::Confirm) == Some(&by) {
            match request.state() {
                RequestState::Issued => return self.nothing_to_do(&act.into(), request),
                RequestState::Confirmed => return self.finish_request(act, request),
                _ => {}
            }
        }
        request.check(RequestStepName::Confirm, &by)?;
        self.check_purpose(act, request.purpose())?;
        let wanted = request.purpose().certification();
        let none = || Error::refused("purpose", "no certificate comes out of a revocation");
        let order =
            self.services.order(act, &certification::service_request(wanted.ok_or_else(none)?)?)?;
        let signer = self.generations.current_at(act.at)?;
        // A key that sleeps is found out before an intent waits for it.
        self.generations.expect_awake(&signer)?;
        self.issuance.issue_for(
            act,
            order,
            &signer,
            CertificateEvent::IssueInForce,
            Some(request),
        )?;
        self.record.one(id)
    }

    /// Signs what was confirmed and not signed, over the committed bytes, as start-up would.
    fn finish_request(&self, act: &Act, request: Request) -> Result<Request> {
        let id = request.id().clone();
        let serial = request.serial().ok_or_else(|| Error::Unreadable("no serial".to_owned()))?;
        let row = self.certificates.one(&serial)?;
        let signer = self.generations.signer_of(&row.intent)?;
        let signer = signer.filter(|_| row.state == CertificateState::Intended);
        let gone = || Error::refused("state", "its serial was revoked before it was signed");
        let signer = signer.ok_or_else(gone)?;
        self.issuance.finish(act, &row, &signer, CertificateEvent::IssueInForce)?;
        self.record.one(&id)
    }

    /// Revokes the certificate as the second senior operator (A 4.9.3.2).
    ///
    /// # Errors
    /// As [`examine`](Self::examine).
    pub fn revoke<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
    ) -> Result<Request> {
        let act = &act.into();
        let result = self.revoke_unrecorded(act, id);
        self.ledger.recording(act, KIND, id, result)
    }

    fn revoke_unrecorded(
        &self,
        act: &Along<'_, Request>,
        id: &ServiceRequestId,
    ) -> Result<Request> {
        let request = self.record.one(id)?;
        if request.has(&RequestStep::Revoke, &member_of_staff(act)?) {
            return self.nothing_to_do(act, request);
        }
        let moved = Moved::by(act, request, RequestStep::Revoke)?;
        self.check_purpose(act, moved.request().purpose())?;
        let Purpose::Revoke { serial, cause } = *moved.request().purpose() else {
            return Err(Error::refused("purpose", "it asks for a certificate, not for an end"));
        };
        let row = self.certificates.one(&serial)?;
        let (requester, approver) =
            (Requester::Authority, moved.request().by(RequestStepName::Release));
        let order = RevocationOrder { cause, requester, approver: approver.cloned() };
        self.life.check_order(act, row.intent.kind, &order)?;
        let (unit, _) = self.life.ending(act, &row, cause, Some(&order))?;
        let revoked = moved.request().clone();
        let unit = Moved::join(Some(moved), act, unit)?;
        self.ledger.commit(act.unit(unit, &revoked)?)?;
        Ok(revoked)
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// [`Error::Refused`] by the tables, or while its certificate may be signed; journaled.
    pub fn refuse<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
        reason: &str,
    ) -> Result<Request> {
        self.take_step(&act.into(), id, RequestStep::Refuse { reason: reason.to_owned() })
    }

    /// Notes that the applicant withdrew.
    ///
    /// # Errors
    /// [`Error::Refused`] by the tables, journaled.
    pub fn withdraw<'a>(
        &self,
        act: impl Into<Along<'a, Request>>,
        id: &ServiceRequestId,
    ) -> Result<Request> {
        self.take_step(&act.into(), id, RequestStep::Withdraw)
    }

    /// A request made to this CA.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Unreadable`].
    pub fn one(&self, id: &ServiceRequestId) -> Result<Request> {
        self.record.one(id)
    }

    /// Requests made to this CA, in one state or in all, newest first, at most `limit` after the one of the
    /// id `after`.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Unreadable`].
    pub fn some(
        &self,
        state: Option<RequestState>,
        after: Option<&ServiceRequestId>,
        limit: usize,
    ) -> Result<Vec<Request>> {
        self.record.some(state, after, limit)
    }

    /// A step that changes nothing but the request.
    fn take_step(
        &self,
        act: &Along<'_, Request>,
        id: &ServiceRequestId,
        step: RequestStep,
    ) -> Result<Request> {
        let result = self.take_step_unrecorded(act, id, step);
        self.ledger.recording(act, KIND, id, result)
    }

    fn take_step_unrecorded(
        &self,
        act: &Along<'_, Request>,
        id: &ServiceRequestId,
        step: RequestStep,
    ) -> Result<Request> {
        let request = self.record.one(id)?;
        if request.has(&step, &member_of_staff(act)?) {
            return self.nothing_to_do(act, request);
        }
        let ends = matches!(step.name(), RequestStepName::Refuse | RequestStepName::Withdraw);
        let moved = Moved::by(act, request, step)?;
        match ends {
            true => self.refuse_half_signed(&moved)?,
            false => self.check_purpose(act, moved.request().purpose())?,
        }
        let after = moved.request().clone();
        let unit = Unit::new(entry(act, &after)).change(moved.change()?);
        self.ledger.commit(act.unit(unit, &after)?)?;
        Ok(after)
    }

    /// A confirmed request ends otherwise only if its serial was revoked without a certificate.
    fn refuse_half_signed(&self, moved: &Moved) -> Result<()> {
        let Some(serial) = moved.request().serial() else { return Ok(()) };
        let row = self.certificates.one(&serial)?;
        match (row.state, row.der) {
            (CertificateState::Revoked { .. }, None) => Ok(()),
            _ => Err(Error::refused("state", "its certificate may be signed by now")),
        }
    }

    /// Whether policy, key and the certificates that exist allow what is asked, as of now.
    fn check_purpose(&self, act: &Act, purpose: &Purpose) -> Result<()> {
        match purpose {
            Purpose::Issue(wanted) => self.check_certification(act, wanted),
            Purpose::Renew { certification, old } => {
                self.check_certification(act, certification)?;
                self.check_renewed(act, certification, old)
            }
            Purpose::Revoke { serial, cause } => self.check_revocable(serial, *cause),
        }
    }

    fn check_certification(&self, act: &Act, wanted: &Certification) -> Result<()> {
        if !wanted.kind.is_service() {
            let rule = rule!("{} is not issued by a request of the staff", wanted.kind);
            return Err(Error::refused("kind", rule));
        }
        self.services.order(act, &certification::service_request(wanted)?).map(drop)
    }

    fn check_renewed(&self, act: &Act, wanted: &Certification, old: &SerialNumber) -> Result<()> {
        let row = self.certificates.one(old)?;
        let in_force = row.state == CertificateState::Good && row.intent.not_after >= act.at;
        if row.intent.kind != wanted.kind || !in_force {
            let rule = "only a certificate in force is renewed, by one of its kind (A 4.7.1.2)";
            return Err(Error::refused("serial", rule));
        }
        Ok(())
    }

    fn check_revocable(&self, serial: &SerialNumber, cause: RevocationCause) -> Result<()> {
        let row = self.certificates.one(serial)?;
        let kind = row.intent.kind;
        if !kind.is_service() {
            let rule = rule!("a certificate of the kind {} is not revoked by such a request", kind);
            return Err(Error::refused("kind", rule));
        }
        if matches!(row.state, CertificateState::Revoked { .. }) {
            return Err(Error::refused("state", "it is revoked already (A 4.9.5)"));
        }
        let rule = self.life.rule(kind, cause)?;
        if !rule.requested_by.contains(&Requester::Authority) {
            let text = rule!("{} is not the authority's to ask for ({})", cause, rule.clause);
            return Err(Error::refused("cause", text));
        }
        Ok(())
    }

    fn nothing_to_do(&self, act: &Along<'_, Request>, request: Request) -> Result<Request> {
        let unit = Unit::new(entry(act, &request).no_op());
        self.ledger.commit(act.unit(unit, &request)?)?;
        Ok(request)
    }
}

/// The id of the request that this operation takes in: a repetition finds the same one.
fn request_id(act: &Act) -> Result<ServiceRequestId> {
    let digest = sha256(format!("service request {}", act.operation).as_bytes());
    let id = format!("sr-{}", hex(&digest[..12]));
    id.parse().map_err(|error: domain::id::InvalidId| Error::Unreadable(error.to_string()))
}
