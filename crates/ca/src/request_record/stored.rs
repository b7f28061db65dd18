//! The stored shape of a service request; reading it back takes every step through the tables again.

use domain::certificate::CertificateKind;
use domain::revocation::RevocationCause;
use domain::service_request::{
    Certification, Done, Purpose, PurposeName, Request, RequestStep, RequestStepName,
};
use serde::{Deserialize, Serialize};
use store::ServiceRequestRow;
use x509::pem;

use crate::error::{Error, Result};

/// The only version of the shape so far.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRequest {
    version: u8,
    purpose: String,
    certification: Option<StoredCertification>,
    /// The certificate that is renewed or revoked.
    serial: Option<String>,
    cause: Option<String>,
    steps: Vec<StoredStep>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCertification {
    kind: String,
    request_pem: String,
    common_name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredStep {
    step: String,
    by: String,
    at: String,
    /// Applicant, findings or reason.
    text: Option<String>,
    documents: Option<Vec<String>>,
    serial: Option<String>,
}

/// The row of a request as it is now.
pub(super) fn row(request: &Request) -> Result<ServiceRequestRow> {
    let (serial, cause) = match request.purpose() {
        Purpose::Issue(_) => (None, None),
        Purpose::Renew { old, .. } => (Some(old.to_string()), None),
        Purpose::Revoke { serial, cause } => (Some(serial.to_string()), Some(cause.to_string())),
    };
    let stored = StoredRequest {
        version: VERSION,
        purpose: request.purpose().name().to_string(),
        certification: request.purpose().certification().map(store_certification).transpose()?,
        serial,
        cause,
        steps: request.steps().iter().map(store_step).collect(),
    };
    let record = serde_json::to_vec(&stored).map_err(unreadable)?;
    let (id, ca) = (request.id().clone(), request.ca().clone());
    Ok(ServiceRequestRow { id, ca, state: request.state(), record })
}

/// The request of a row.
///
/// # Errors
/// [`Error::Unreadable`] when the row is not what [`row`] makes: a history that the tables refuse,
/// or that leads to another state, is none.
pub(super) fn decode(row: &ServiceRequestRow) -> Result<Request> {
    let stored: StoredRequest = serde_json::from_slice(&row.record).map_err(unreadable)?;
    if stored.version != VERSION {
        return Err(unreadable(format!("version {} is not known", stored.version)));
    }
    let purpose = restore_purpose(&stored)?;
    let mut steps = stored.steps.into_iter().map(restore_step);
    let first = steps.next().ok_or_else(|| unreadable("it was never received"))??;
    let first = Request::received(row.id.clone(), row.ca.clone(), purpose, first);
    let take = |request: Request, done: Result<Done>| request.after(done?).map_err(unreadable);
    let request = steps.try_fold(first.map_err(unreadable)?, take)?;
    if request.state() != row.state {
        return Err(unreadable(format!("its steps lead to {}", request.state())));
    }
    Ok(request)
}

fn store_certification(certification: &Certification) -> Result<StoredCertification> {
    Ok(StoredCertification {
        kind: certification.kind.to_string(),
        request_pem: pem::encode(pem::CERTIFICATE_REQUEST, &certification.request)?,
        common_name: certification.common_name.clone(),
    })
}

fn store_step(done: &Done) -> StoredStep {
    let (text, documents, serial) = match &done.step {
        RequestStep::Receive { applicant, documents } => (Some(applicant), Some(documents), None),
        RequestStep::Examine { findings } => (Some(findings), None, None),
        RequestStep::Refuse { reason } => (Some(reason), None, None),
        RequestStep::Confirm { serial } => (None, None, Some(serial)),
        RequestStep::Approve
        | RequestStep::Release
        | RequestStep::Issue
        | RequestStep::Revoke
        | RequestStep::Withdraw => (None, None, None),
    };
    StoredStep {
        step: done.step.name().to_string(),
        by: done.by.to_string(),
        at: done.at.to_string(),
        text: text.cloned(),
        documents: documents.cloned(),
        serial: serial.map(ToString::to_string),
    }
}

fn restore_purpose(stored: &StoredRequest) -> Result<Purpose> {
    let name = named(Some(&stored.purpose), PurposeName::from_name)?;
    let certification = || -> Result<Certification> {
        let stored = stored.certification.as_ref().ok_or_else(|| unreadable("no certification"))?;
        Ok(Certification {
            kind: named(Some(&stored.kind), CertificateKind::from_name)?,
            request: pem::decode(pem::CERTIFICATE_REQUEST, &stored.request_pem)?,
            common_name: stored.common_name.clone(),
        })
    };
    let serial = || read(stored.serial.as_deref());
    Ok(match name {
        PurposeName::Issue => Purpose::Issue(certification()?),
        PurposeName::Renew => Purpose::Renew { certification: certification()?, old: serial()? },
        PurposeName::Revoke => Purpose::Revoke {
            serial: serial()?,
            cause: named(stored.cause.as_ref(), RevocationCause::from_name)?,
        },
    })
}

fn restore_step(stored: StoredStep) -> Result<Done> {
    let text = || stored.text.clone().ok_or_else(|| unreadable("a step without its text"));
    let step = match named(Some(&stored.step), RequestStepName::from_name)? {
        RequestStepName::Receive => RequestStep::Receive {
            applicant: text()?,
            documents: stored.documents.clone().unwrap_or_default(),
        },
        RequestStepName::Examine => RequestStep::Examine { findings: text()? },
        RequestStepName::Approve => RequestStep::Approve,
        RequestStepName::Release => RequestStep::Release,
        RequestStepName::Confirm => {
            RequestStep::Confirm { serial: read(stored.serial.as_deref())? }
        }
        RequestStepName::Issue => RequestStep::Issue,
        RequestStepName::Revoke => RequestStep::Revoke,
        RequestStepName::Refuse => RequestStep::Refuse { reason: text()? },
        RequestStepName::Withdraw => RequestStep::Withdraw,
    };
    Ok(Done { step, by: read(Some(&stored.by))?, at: read(Some(&stored.at))? })
}

/// One of a closed set of names.
fn named<T>(text: Option<&String>, find: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let text = text.ok_or_else(|| unreadable("a name is missing"))?;
    find(text).ok_or_else(|| unreadable(format!("{text:?} is not known")))
}

/// Something that was written by its `Display` and is read by its `FromStr`.
fn read<T: std::str::FromStr<Err: ToString>>(text: Option<&str>) -> Result<T> {
    let text = text.ok_or_else(|| unreadable("a value is missing"))?;
    text.parse().map_err(|error: T::Err| unreadable(error.to_string()))
}

fn unreadable(problem: impl ToString) -> Error {
    Error::Unreadable(problem.to_string())
}
