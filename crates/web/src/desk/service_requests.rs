//! Requests for servers' certificates and for their end, from the intake to the CA's key (L13).

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::id::ServiceRequestId;
use domain::service_request::{Purpose, Request, RequestState};
use store::Along;

use super::certificates::certificate_pem;
use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, MAX_PAGE, reading};
use crate::problem::Problem;
use crate::wire::{
    FindingsBody, RefusalBody, ServiceIntakeBody, ServiceRequestBody, ServiceRequestPage,
};

type Answer = Result<ServiceRequestBody, Problem>;

impl Desk {
    /// Takes a request in; a PKCS#10 that does not prove its key is refused at once.
    ///
    /// # Errors
    /// 422 with the field and its rule; 404 for no such CA.
    pub fn receive_service_request(&self, act: &Principal, body: &ServiceIntakeBody) -> Answer {
        let operation = Operation::ReceiveServiceRequest;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, &body.ca)?;
        let purpose = self.checked(act, operation, Purpose::try_from(body))?;
        let asked = serde_json::to_string(body).map_err(|error| Problem::broke(&error))?;
        let id = self.once_along(act, operation, &[&asked], id_of, |kept| {
            let act = Along::new(act, kept);
            Ok(authority.receive_request(act, purpose, &body.applicant, &body.documents)?)
        })?;
        as_it_stands(authority, &id)
    }

    /// Records that the examiner has no doubt.
    ///
    /// # Errors
    /// 422 by the tables of steps and people, policy or key; 404 for no such request.
    pub fn examine_service_request(
        &self,
        act: &Principal,
        id: &str,
        body: &FindingsBody,
    ) -> Answer {
        let text = &body.findings;
        self.request_step(act, Operation::ExamineServiceRequest, id, text, |ca, act, id| {
            ca.examine_request(act, id, text)
        })
    }

    /// Records that the approver agrees.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request).
    pub fn approve_service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::ApproveServiceRequest;
        self.request_step(act, operation, id, "", |ca, act, id| ca.approve_request(act, id))
    }

    /// Releases a request as the first senior operator.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request).
    pub fn release_service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::ReleaseServiceRequest;
        self.request_step(act, operation, id, "", |ca, act, id| ca.release_request(act, id))
    }

    /// Issues the certificate as the second senior operator; the answer has it.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request); 503 while the CA's key sleeps.
    pub fn issue_service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::IssueServiceRequest;
        self.admit(act, operation)?;
        let (authority, id) = self.request_named(act, operation, id)?;
        // Two units, and the answer has what the second one brings: asked again after a cut, the request
        // itself says that its last step was this person's.
        let id = self.once(act, operation, &[id.as_str(), ""], || {
            id_of(&authority.issue_request(act, &id)?)
        })?;
        as_it_stands(authority, &id)
    }

    /// Revokes the certificate as the second senior operator.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request).
    pub fn revoke_service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::RevokeServiceRequest;
        self.request_step(act, operation, id, "", |ca, act, id| ca.revoke_request(act, id))
    }

    /// Refuses a request for a reason.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request).
    pub fn refuse_service_request(&self, act: &Principal, id: &str, body: &RefusalBody) -> Answer {
        let text = &body.reason;
        self.request_step(act, Operation::RefuseServiceRequest, id, text, |ca, act, id| {
            ca.refuse_request(act, id, text)
        })
    }

    /// Notes that the applicant withdrew.
    ///
    /// # Errors
    /// As [`examine_service_request`](Self::examine_service_request).
    pub fn withdraw_service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::WithdrawServiceRequest;
        self.request_step(act, operation, id, "", |ca, act, id| ca.withdraw_request(act, id))
    }

    /// Shows a request with everything that was done to it.
    ///
    /// # Errors
    /// 404; the reading is journaled first.
    pub fn service_request(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::ShowServiceRequest;
        self.admit(act, operation)?;
        let (authority, id) = self.request_named(act, operation, id)?;
        let request = authority.service_request(&id)?;
        self.journal_reading(reading(act, operation).ca(authority.id()).subject(&id))?;
        whole(authority, &request)
    }

    /// The newest requests of every CA, in one state or in all: at most `limit`.
    ///
    /// # Errors
    /// 422 for a state that there is none of; the reading is journaled first.
    pub fn service_requests(
        &self,
        act: &Principal,
        state: Option<&str>,
        limit: usize,
    ) -> Result<ServiceRequestPage, Problem> {
        let operation = Operation::ListServiceRequests;
        self.admit(act, operation)?;
        let known = |name| {
            let none = || Problem::refused("state", "no request is ever in such a state");
            RequestState::from_name(name).ok_or_else(none)
        };
        let state = self.checked(act, operation, state.map(known).transpose())?;
        let limit = limit.clamp(1, MAX_PAGE);
        let mut requests = Vec::new();
        for authority in self.authorities.values() {
            let left = limit - requests.len();
            if left > 0 {
                requests.extend(authority.service_requests(state, left)?);
            }
        }
        self.journal_reading(reading(act, operation).detail("rows", requests.len()))?;
        let body = |request: &Request| ServiceRequestBody::of(request, false);
        Ok(ServiceRequestPage { requests: requests.iter().map(body).collect::<Result<_, _>>()? })
    }

    /// One step of a request, and the request as it stands after it.
    fn request_step(
        &self,
        act: &Principal,
        operation: Operation,
        id: &str,
        text: &str,
        step: impl FnOnce(
            &CertificationAuthority,
            Along<'_, Request>,
            &ServiceRequestId,
        ) -> ca::Result<Request>,
    ) -> Answer {
        self.admit(act, operation)?;
        let (authority, id) = self.request_named(act, operation, id)?;
        let id = self.once_along(act, operation, &[id.as_str(), text], id_of, |kept| {
            Ok(step(authority, Along::new(act, kept), &id)?)
        })?;
        as_it_stands(authority, &id)
    }

    /// The request's id, and the CA it is made to.
    fn request_named(
        &self,
        act: &Principal,
        operation: Operation,
        id: &str,
    ) -> Result<(&Arc<CertificationAuthority>, ServiceRequestId), Problem> {
        let id: ServiceRequestId = self.id(act, operation, "service request", id)?;
        let row = self.store.service_request(&id)?;
        let found = row.and_then(|row| self.authorities.get(&row.ca));
        let found = found.ok_or_else(|| Problem::unknown("service request"));
        Ok((self.checked(act, operation, found)?, id))
    }
}

/// What is kept of an answer: whose request it was. What was typed is in the request alone.
fn id_of(request: &Request) -> Result<String, Problem> {
    Ok(request.id().to_string())
}

/// The request with this id as it stands now.
fn as_it_stands(authority: &CertificationAuthority, id: &str) -> Answer {
    let id: ServiceRequestId = crate::problem::parse_id("service request", id)?;
    whole(authority, &authority.service_request(&id)?)
}

/// The whole request, with its certificate once there is one.
fn whole(authority: &CertificationAuthority, request: &Request) -> Answer {
    let body = ServiceRequestBody::of(request, true)?;
    let issued = request.serial().filter(|_| request.state() == RequestState::Issued);
    let Some(serial) = issued else { return Ok(body) };
    let row = authority.certificate(&serial)?;
    let signer =
        authority.generations().into_iter().find(|one| one.number == row.intent.generation);
    let signer = signer.ok_or_else(|| Problem::unknown("generation"))?;
    let root = authority.self_signed_certificate(&signer)?;
    Ok(ServiceRequestBody {
        certificate_pem: row.der.as_deref().map(certificate_pem).transpose()?,
        authority_certificate_pem: Some(certificate_pem(&root)?),
        ..body
    })
}
