//! `request`: what the staff does with requests for servers' certificates and for their end.

use anyhow::{Context, Result};
use web::wire::{FindingsBody, RefusalBody, ServiceIntakeBody, ServiceRequestBody};

use super::Office;
use crate::answer::Answer;
use crate::cli::{IntakeArguments, RequestCommand};

/// The newest requests that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(office: &Office, command: &RequestCommand) -> Result<Answer> {
    use RequestCommand as C;
    let Office { desk, act } = office;
    Answer::of(&match command {
        C::List { state } => {
            return Answer::of(&desk.service_requests(act, state.as_deref(), SHOWN)?);
        }
        C::Issue { id } => return issued(&desk.issue_service_request(act, id)?),
        C::Receive(arguments) => desk.receive_service_request(act, &intake(arguments)?)?,
        C::Examine { id, findings } => {
            desk.examine_service_request(act, id, &FindingsBody { findings: findings.clone() })?
        }
        C::Approve { id } => desk.approve_service_request(act, id)?,
        C::Release { id } => desk.release_service_request(act, id)?,
        C::Revoke { id } => desk.revoke_service_request(act, id)?,
        C::Refuse { id, reason } => {
            desk.refuse_service_request(act, id, &RefusalBody { reason: reason.clone() })?
        }
        C::Withdraw { id } => desk.withdraw_service_request(act, id)?,
        C::Show { id } => desk.service_request(act, id)?,
    })
}

/// People want the certificate itself.
fn issued(request: &ServiceRequestBody) -> Result<Answer> {
    let pem = request.certificate_pem.as_deref().context("the certificate is not issued yet")?;
    Ok(Answer::new(pem.trim_end(), serde_json::to_value(request)?))
}

fn intake(arguments: &IntakeArguments) -> Result<ServiceIntakeBody> {
    let purpose = match (&arguments.renews, &arguments.revokes) {
        (_, Some(_)) => "revoke",
        (Some(_), None) => "renew",
        (None, None) => "issue",
    };
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).with_context(|| path.display().to_string())
    };
    Ok(ServiceIntakeBody {
        ca: arguments.ca.clone(),
        purpose: purpose.to_owned(),
        applicant: arguments.applicant.clone(),
        documents: arguments.documents.clone(),
        kind: arguments.kind.clone(),
        request_pem: arguments.request.as_ref().map(read).transpose()?,
        common_name: arguments.common_name.clone(),
        serial: arguments.renews.clone().or_else(|| arguments.revokes.clone()),
        cause: arguments.cause.clone(),
    })
}
