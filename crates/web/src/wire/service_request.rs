//! Requests for servers' certificates and for their end, on the wire.

use domain::certificate::CertificateKind;
use domain::id::SerialNumber;
use domain::identity::RevocationCause;
use domain::rule;
use domain::rule::Rule;
use domain::service_request::{Done, Purpose, PurposeName, Request, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use x509::pem;

use crate::problem::{Problem, parse_id};

/// What an intake clerk takes in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceIntakeBody {
    /// The CA.
    pub ca: String,
    /// issue, renew or revoke.
    pub purpose: String,
    /// Who asks: the organisation and the person who speaks for it.
    pub applicant: String,
    /// The documents that were handed in and checked.
    pub documents: Vec<String>,
    /// To issue or renew: tls-server, ocsp-responder, verification-server or code-signing.
    #[serde(default)]
    pub kind: Option<String>,
    /// To issue or renew: the PKCS#10 request, PEM; it is its own proof of possession.
    #[serde(default)]
    pub request_pem: Option<String>,
    /// To issue or renew: the common name; the first DNS name of the request when left out.
    #[serde(default)]
    pub common_name: Option<String>,
    /// To renew or revoke: the certificate.
    #[serde(default)]
    pub serial: Option<String>,
    /// To revoke: the event, as the policy's table names it.
    #[serde(default)]
    pub cause: Option<String>,
}

/// What an examiner found.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingsBody {
    /// What was examined, and how it was found.
    pub findings: String,
}

/// A request with everything that was done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceRequestBody {
    /// Its id.
    pub id: String,
    /// The CA.
    pub ca: String,
    /// issue, renew or revoke.
    pub purpose: String,
    /// received, examined, approved, released, confirmed, issued, revoked, refused or withdrawn.
    pub state: String,
    /// What the certificate is to be for.
    pub kind: Option<String>,
    /// The common name that was asked for.
    pub common_name: Option<String>,
    /// The PKCS#10 request; absent in lists.
    pub request_pem: Option<String>,
    /// The certificate that is to be renewed or revoked.
    pub about: Option<String>,
    /// Why it is to be revoked.
    pub cause: Option<String>,
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
    pub step: String,
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
}

impl TryFrom<&ServiceIntakeBody> for Purpose {
    type Error = Problem;

    fn try_from(body: &ServiceIntakeBody) -> Result<Self, Problem> {
        let name = PurposeName::from_name(&body.purpose)
            .ok_or_else(|| Problem::refused("purpose", "it must be issue, renew or revoke"))?;
        refuse_foreign_fields(body, name)?;
        Ok(match name {
            PurposeName::Issue => Self::Issue(certification(body)?),
            PurposeName::Renew => {
                Self::Renew { certification: certification(body)?, old: serial(body)? }
            }
            PurposeName::Revoke => {
                let cause = needed("cause", body.cause.as_deref())?;
                let none = || Problem::refused("cause", "the table of no policy has such a row");
                let cause = RevocationCause::from_name(cause).ok_or_else(none)?;
                Self::Revoke { serial: serial(body)?, cause }
            }
        })
    }
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
            purpose: request.purpose().name().to_string(),
            state: request.state().to_string(),
            kind: certification.map(|wanted| wanted.kind.to_string()),
            common_name: certification.map(|wanted| wanted.common_name.clone()),
            request_pem: pem.transpose().map_err(|error| Problem::broke(&error))?,
            about: about.map(ToString::to_string),
            cause: cause.map(ToString::to_string),
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
            Step::Receive { applicant, documents } => (Some(applicant), documents.clone()),
            Step::Examine { findings: text } | Step::Refuse { reason: text } => {
                (Some(text), Vec::new())
            }
            _ => (None, Vec::new()),
        };
        Self {
            step: done.step.name().to_string(),
            by: done.by.to_string(),
            at: done.at.to_string(),
            text: text.cloned(),
            documents,
        }
    }
}

/// A field that this purpose does not read would be believed to have counted.
fn refuse_foreign_fields(body: &ServiceIntakeBody, purpose: PurposeName) -> Result<(), Problem> {
    let (issues, renews) = (purpose.issues(), purpose == PurposeName::Renew);
    for (field, given, read) in [
        ("kind", body.kind.is_some(), issues),
        ("request_pem", body.request_pem.is_some(), issues),
        ("common_name", body.common_name.is_some(), issues),
        ("serial", body.serial.is_some(), renews || !issues),
        ("cause", body.cause.is_some(), !issues),
    ] {
        if given && !read {
            return Err(Problem::refused(field, rule!("it has no place in {}", purpose)));
        }
    }
    Ok(())
}

fn certification(
    body: &ServiceIntakeBody,
) -> Result<domain::service_request::Certification, Problem> {
    let kind = CertificateKind::from_name(needed("kind", body.kind.as_deref())?);
    let kind = kind.filter(|kind| kind.is_service()).ok_or_else(|| {
        let rule = "it must be tls-server, ocsp-responder, verification-server or code-signing";
        Problem::refused("kind", rule)
    })?;
    let text = needed("request_pem", body.request_pem.as_deref())?;
    let der = pem::decode(pem::CERTIFICATE_REQUEST, text).map_err(|error| {
        let rule = Rule::from("it is no request in PEM").telling(error);
        Problem::refused("request_pem", rule)
    })?;
    Ok(ca::certification(kind, der, body.common_name.clone())?)
}

fn serial(body: &ServiceIntakeBody) -> Result<SerialNumber, Problem> {
    parse_id("serial", needed("serial", body.serial.as_deref())?)
}

fn needed<'a>(field: &'static str, given: Option<&'a str>) -> Result<&'a str, Problem> {
    given.ok_or_else(|| Problem::refused(field, "it is needed for this purpose"))
}
