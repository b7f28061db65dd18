//! Requests for servers' certificates and for their end, from the intake to the CA's key (L13).

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::certificate::CertificateKind;
use domain::id::ServiceRequestId;
use domain::rule;
use domain::rule::Rule;
use domain::service_request::{Certification, Done, Purpose, PurposeName, Request};
use domain::service_request::{RequestState, RequestStep};
use serde::{Deserialize, Serialize};
use store::Along;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use x509::pem;

use super::certificates::certificate_pem;
use super::permission::Operation as Permitted;
use super::{MAX_PAGE, usual_page};
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::{Problem, parse_id};

const GROUP: &str = "service-requests";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<ReceiveServiceRequest>(),
    Listed::of::<ExamineServiceRequest>(),
    Listed::of::<ApproveServiceRequest>(),
    Listed::of::<ReleaseServiceRequest>(),
    Listed::of::<IssueServiceRequest>(),
    Listed::of::<RevokeServiceRequest>(),
    Listed::of::<RefuseServiceRequest>(),
    Listed::of::<WithdrawServiceRequest>(),
    Listed::of::<ShowServiceRequest>(),
    Listed::of::<ListServiceRequests>(),
];

type Outcome = Result<ServiceRequestBody, Problem>;

/// The kinds of certificates that are issued by request, as the OpenAPI document has them.
enum ServiceKinds {}

impl PartialSchema for ServiceKinds {
    fn schema() -> RefOr<Schema> {
        let kinds = CertificateKind::ALL.into_iter().filter(|kind| kind.is_service());
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.enum_values(Some(kinds.map(CertificateKind::name))).into()
    }
}

impl ToSchema for ServiceKinds {}

/// Takes a request in; a PKCS#10 that does not prove its key is refused at once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceIntakeBody)]
pub struct ReceiveServiceRequest {
    /// The CA.
    pub ca: text::Ca,
    /// issue, renew or revoke.
    pub purpose: text::Purpose,
    /// Who asks: the organisation and the person who speaks for it.
    pub applicant: String,
    /// The documents that were handed in and checked.
    pub documents: Vec<String>,
    /// To issue or renew: tls-server, ocsp-responder, verification-server or code-signing.
    #[schema(value_type = Option<ServiceKinds>, inline)]
    pub kind: Option<text::Kind>,
    /// To issue or renew: the PKCS#10 request, PEM; it is its own proof of possession.
    pub request_pem: Option<String>,
    /// To issue or renew: the common name; the first DNS name of the request when left out.
    pub common_name: Option<String>,
    /// To renew or revoke: the certificate.
    pub serial: Option<text::Serial>,
    /// To revoke: the event, as the policy's table names it.
    pub cause: Option<text::Cause>,
}

impl Operation for ReceiveServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::ReceiveServiceRequest,
        "/api/v1/service-requests",
        GROUP,
        "It is received.",
    )
    .creating();

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        let authority = call.authority(&self.ca)?;
        let purpose = call.checked(self.told_purpose())?;
        let id = call.once_along(id_of, |kept| {
            let act = Along::new(call.act(), kept);
            Ok(authority.service_requests().receive(
                act,
                purpose,
                &self.applicant,
                &self.documents,
            )?)
        })?;
        as_it_stands(authority, &id)
    }
}

impl ReceiveServiceRequest {
    /// The purpose with all that it needs.
    fn told_purpose(&self) -> Result<Purpose, Problem> {
        self.refuse_foreign_fields()?;
        Ok(match *self.purpose {
            PurposeName::Issue => Purpose::Issue(self.certification()?),
            PurposeName::Renew => {
                let certification = self.certification()?;
                Purpose::Renew { certification, old: *needed("serial", self.serial)? }
            }
            PurposeName::Revoke => {
                let cause = *needed("cause", self.cause)?;
                Purpose::Revoke { serial: *needed("serial", self.serial)?, cause }
            }
        })
    }

    /// A field that this purpose does not read would be believed to have counted.
    fn refuse_foreign_fields(&self) -> Result<(), Problem> {
        let purpose = *self.purpose;
        let (issues, renews) = (purpose.issues(), purpose == PurposeName::Renew);
        for (field, given, read) in [
            ("kind", self.kind.is_some(), issues),
            ("request_pem", self.request_pem.is_some(), issues),
            ("common_name", self.common_name.is_some(), issues),
            ("serial", self.serial.is_some(), renews || !issues),
            ("cause", self.cause.is_some(), !issues),
        ] {
            if given && !read {
                return Err(Problem::refused(field, rule!("it has no place in {}", purpose)));
            }
        }
        Ok(())
    }

    fn certification(&self) -> Result<Certification, Problem> {
        let kind = *needed("kind", self.kind)?;
        if !kind.is_service() {
            let rule = "it must be tls-server, ocsp-responder, verification-server or code-signing";
            return Err(Problem::refused("kind", rule));
        }
        let text = needed("request_pem", self.request_pem.as_deref())?;
        let der = pem::decode(pem::CERTIFICATE_REQUEST, text).map_err(|error| {
            let rule = Rule::from("it is no request in PEM").telling(error);
            Problem::refused("request_pem", rule)
        })?;
        Ok(ca::certification(kind, der, self.common_name.clone())?)
    }
}

/// Lists the newest requests, in one state or in all.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListServiceRequests {
    /// The state.
    pub state: Option<text::RequestState>,
    /// The request after which the page begins, from the answer before.
    pub after: Option<text::Request>,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl Operation for ListServiceRequests {
    const SPEC: Spec = Spec::get(
        Permitted::ListServiceRequests,
        "/api/v1/service-requests",
        GROUP,
        "The requests.",
    );

    type Answer = ServiceRequestPage;

    /// Of every CA, one after the other, at most so many of all.
    fn run(self, call: &Call<'_>) -> Result<ServiceRequestPage, Problem> {
        let limit = self.limit.clamp(1, MAX_PAGE);
        let begins_at = match &self.after {
            Some(after) => Some(authority_of(call, after)?.id()),
            None => None,
        };
        let authorities = call.authorities()?.values();
        let mut requests = Vec::new();
        for authority in authorities.filter(|one| begins_at.is_none_or(|ca| *ca <= *one.id())) {
            let left = limit - requests.len();
            // The place within its own CA; of each later CA it is the beginning.
            let after = self.after.as_deref().filter(|_| begins_at == Some(authority.id()));
            if left > 0 {
                requests.extend(authority.service_requests().some(
                    self.state.as_deref().copied(),
                    after,
                    left,
                )?);
            }
        }
        call.read(|entry| entry.detail("rows", requests.len()))?;
        let next = requests.last().filter(|_| requests.len() == limit);
        let next = next.map(|request| request.id().to_string());
        let body = |request: &Request| ServiceRequestBody::of(request, false);
        let requests = requests.iter().map(body).collect::<Result<_, _>>()?;
        Ok(ServiceRequestPage { requests, next })
    }
}

/// Shows a request with everything that was done to it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for ShowServiceRequest {
    const SPEC: Spec = Spec::get(
        Permitted::ShowServiceRequest,
        "/api/v1/service-requests/{id}",
        GROUP,
        "The request.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        let authority = authority_of(call, &self.id)?;
        let request = authority.service_requests().one(&self.id)?;
        call.read(|entry| entry.ca(authority.id()).subject(&self.id))?;
        whole(authority, &request)
    }
}

/// Records that the examiner has no doubt.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FindingsBody)]
pub struct ExamineServiceRequest {
    /// The request.
    pub id: text::Request,
    /// What was examined, and how it was found.
    pub findings: String,
}

impl Operation for ExamineServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::ExamineServiceRequest,
        "/api/v1/service-requests/{id}/examination",
        GROUP,
        "It is examined.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().examine(act, &self.id, &self.findings))
    }
}

/// Records that the approver agrees.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for ApproveServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::ApproveServiceRequest,
        "/api/v1/service-requests/{id}/approval",
        GROUP,
        "It is approved.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().approve(act, &self.id))
    }
}

/// Releases a request as the first senior operator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for ReleaseServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::ReleaseServiceRequest,
        "/api/v1/service-requests/{id}/release",
        GROUP,
        "It is released.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().release(act, &self.id))
    }
}

/// Issues the certificate as the second senior operator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for IssueServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::IssueServiceRequest,
        "/api/v1/service-requests/{id}/issue",
        GROUP,
        "It is issued; the answer has the certificate.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        let authority = authority_of(call, &self.id)?;
        // Two units, and the answer has what the second one brings: asked again after a cut, the request
        // itself says that its last step was this person's.
        let id = call.once(|| id_of(&authority.service_requests().issue(call.act(), &self.id)?))?;
        as_it_stands(authority, &id)
    }
}

/// Revokes the certificate as the second senior operator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for RevokeServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::RevokeServiceRequest,
        "/api/v1/service-requests/{id}/revocation",
        GROUP,
        "It is revoked.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().revoke(act, &self.id))
    }
}

/// Refuses a request for a reason.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefusalBody)]
pub struct RefuseServiceRequest {
    /// The request.
    pub id: text::Request,
    /// The reason.
    pub reason: String,
}

impl Operation for RefuseServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::RefuseServiceRequest,
        "/api/v1/service-requests/{id}/refusal",
        GROUP,
        "It is refused.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().refuse(act, &self.id, &self.reason))
    }
}

/// Notes that the applicant withdrew.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawServiceRequest {
    /// The request.
    pub id: text::Request,
}

impl Operation for WithdrawServiceRequest {
    const SPEC: Spec = Spec::post(
        Permitted::WithdrawServiceRequest,
        "/api/v1/service-requests/{id}/withdrawal",
        GROUP,
        "It is withdrawn.",
    );

    type Answer = ServiceRequestBody;

    fn run(self, call: &Call<'_>) -> Outcome {
        step(call, &self.id, |ca, act| ca.service_requests().withdraw(act, &self.id))
    }
}

/// One step of a request, and the request as it stands after it.
fn step(
    call: &Call<'_>,
    id: &ServiceRequestId,
    step: impl FnOnce(&CertificationAuthority, Along<'_, Request>) -> ca::Result<Request>,
) -> Outcome {
    let authority = authority_of(call, id)?;
    let id = call.once_along(id_of, |kept| Ok(step(authority, Along::new(call.act(), kept))?))?;
    as_it_stands(authority, &id)
}

/// The CA that a request is made to.
fn authority_of<'a>(
    call: &Call<'a>,
    id: &ServiceRequestId,
) -> Result<&'a Arc<CertificationAuthority>, Problem> {
    let (row, authorities) = (call.store().service_request(id)?, call.authorities()?);
    let found = row.and_then(|row| authorities.get(&row.ca));
    call.checked(found.ok_or_else(|| Problem::unknown("service request")))
}

/// What is kept of an answer: whose request it was. What was typed is in the request alone.
fn id_of(request: &Request) -> Result<String, Problem> {
    Ok(request.id().to_string())
}

/// The request with this id as it stands now.
fn as_it_stands(authority: &CertificationAuthority, id: &str) -> Outcome {
    let id: ServiceRequestId = parse_id("service request", id)?;
    whole(authority, &authority.service_requests().one(&id)?)
}

/// The whole request, with its certificate once there is one.
fn whole(authority: &CertificationAuthority, request: &Request) -> Outcome {
    let body = ServiceRequestBody::of(request, true)?;
    let issued = request.serial().filter(|_| request.state() == RequestState::Issued);
    let Some(serial) = issued else { return Ok(body) };
    let row = authority.certificate(&serial)?;
    let signer =
        authority.generations().all().into_iter().find(|one| one.number == row.intent.generation);
    let signer = signer.ok_or_else(|| Problem::unknown("generation"))?;
    let root = authority.generations().self_signed_certificate(&signer)?;
    Ok(ServiceRequestBody {
        certificate_pem: row.der.as_deref().map(certificate_pem).transpose()?,
        authority_certificate_pem: Some(certificate_pem(&root)?),
        ..body
    })
}

fn needed<T>(field: &'static str, given: Option<T>) -> Result<T, Problem> {
    given.ok_or_else(|| Problem::refused(field, "it is needed for this purpose"))
}

/// A request with everything that was done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceRequestBody {
    /// Its id.
    pub id: String,
    /// The CA.
    pub ca: String,
    /// issue, renew or revoke.
    pub purpose: text::Purpose,
    /// received, examined, approved, released, confirmed, issued, revoked, refused or withdrawn.
    pub state: text::RequestState,
    /// What the certificate is to be for.
    pub kind: Option<text::Kind>,
    /// The common name that was asked for.
    pub common_name: Option<String>,
    /// The PKCS#10 request; absent in lists.
    pub request_pem: Option<String>,
    /// The certificate that is to be renewed or revoked.
    pub about: Option<String>,
    /// Why it is to be revoked.
    pub cause: Option<text::Cause>,
    /// Who did what when, in order.
    pub steps: Vec<ServiceStepBody>,
    /// The serial of the new certificate, from the second operator's confirmation on.
    pub serial: Option<String>,
    /// The new certificate, once it is issued; absent in lists.
    pub certificate_pem: Option<String>,
    /// The certificate of the CA's key that signed it; absent in lists.
    pub authority_certificate_pem: Option<String>,
}

/// One step of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceStepBody {
    /// receive, examine, approve, release, confirm, issue, revoke, refuse or withdraw.
    pub step: text::RequestStep,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: String,
    /// The applicant, the findings or the reason.
    pub text: Option<String>,
    /// The documents that were checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
}

/// Requests, newest first of each CA.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceRequestPage {
    /// The requests.
    pub requests: Vec<ServiceRequestBody>,
    /// Where the next page begins (`after`); absent on the last.
    pub next: Option<String>,
}

impl ServiceRequestBody {
    /// The body of a request, with what was asked octet for octet if `whole`.
    ///
    /// # Errors
    /// The stored request cannot be written as PEM, which is ours.
    pub fn of(request: &Request, whole: bool) -> Result<Self, Problem> {
        let certification = request.purpose().certification();
        let asked = certification.filter(|_| whole);
        let pem = asked.map(|asked| pem::encode(pem::CERTIFICATE_REQUEST, &asked.request));
        let (about, cause) = match request.purpose() {
            Purpose::Issue(_) => (None, None),
            Purpose::Renew { old, .. } => (Some(old), None),
            Purpose::Revoke { serial, cause } => (Some(serial), Some(cause)),
        };
        Ok(Self {
            id: request.id().to_string(),
            ca: request.ca().to_string(),
            purpose: request.purpose().name().into(),
            state: request.state().into(),
            kind: certification.map(|wanted| wanted.kind.into()),
            common_name: certification.map(|wanted| wanted.common_name.clone()),
            request_pem: pem.transpose().map_err(|error| Problem::broke(&error))?,
            about: about.map(ToString::to_string),
            cause: cause.copied().map(Into::into),
            steps: request.steps().iter().map(ServiceStepBody::from).collect(),
            serial: request.serial().map(|serial| serial.to_string()),
            certificate_pem: None,
            authority_certificate_pem: None,
        })
    }
}

impl From<&Done> for ServiceStepBody {
    fn from(done: &Done) -> Self {
        let (text, documents) = match &done.step {
            RequestStep::Receive { applicant, documents } => (Some(applicant), documents.clone()),
            RequestStep::Examine { findings: text } | RequestStep::Refuse { reason: text } => {
                (Some(text), Vec::new())
            }
            RequestStep::Approve
            | RequestStep::Release
            | RequestStep::Confirm { .. }
            | RequestStep::Issue
            | RequestStep::Revoke
            | RequestStep::Withdraw => (None, Vec::new()),
        };
        Self {
            step: done.step.name().into(),
            by: done.by.to_string(),
            at: done.at.to_string(),
            text: text.cloned(),
            documents,
        }
    }
}
