//! `request`: what the staff does with requests for servers' certificates and for their end.

use anyhow::{Context, Result};
use domain::service_request::PurposeName;
use web::desk::service_requests::{
    ApproveServiceRequest, ExamineServiceRequest, IssueServiceRequest, ListServiceRequests,
    ReceiveServiceRequest, RefuseServiceRequest, ReleaseServiceRequest, RevokeServiceRequest,
    ServiceRequestBody, ShowServiceRequest, WithdrawServiceRequest,
};

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
            let state = state.as_deref().map(str::parse).transpose()?;
            return Answer::of(&desk.ask(act, ListServiceRequests { state, limit: SHOWN })?);
        }
        C::Issue { id } => {
            return issued(&desk.ask(act, IssueServiceRequest { id: id.parse()? })?);
        }
        C::Receive(arguments) => desk.ask(act, intake(arguments)?)?,
        C::Examine { id, findings } => {
            let (id, findings) = (id.parse()?, findings.clone());
            desk.ask(act, ExamineServiceRequest { id, findings })?
        }
        C::Approve { id } => desk.ask(act, ApproveServiceRequest { id: id.parse()? })?,
        C::Release { id } => desk.ask(act, ReleaseServiceRequest { id: id.parse()? })?,
        C::Revoke { id } => desk.ask(act, RevokeServiceRequest { id: id.parse()? })?,
        C::Refuse { id, reason } => {
            let (id, reason) = (id.parse()?, reason.clone());
            desk.ask(act, RefuseServiceRequest { id, reason })?
        }
        C::Withdraw { id } => desk.ask(act, WithdrawServiceRequest { id: id.parse()? })?,
        C::Show { id } => desk.ask(act, ShowServiceRequest { id: id.parse()? })?,
    })
}

/// People want the certificate itself.
fn issued(request: &ServiceRequestBody) -> Result<Answer> {
    let pem = request.certificate_pem.as_deref().context("the certificate is not issued yet")?;
    Ok(Answer::new(pem.trim_end(), serde_json::to_value(request)?))
}

fn intake(arguments: &IntakeArguments) -> Result<ReceiveServiceRequest> {
    let (purpose, serial) = match (&arguments.renews, &arguments.revokes) {
        (_, Some(serial)) => (PurposeName::Revoke, Some(serial)),
        (Some(serial), None) => (PurposeName::Renew, Some(serial)),
        (None, None) => (PurposeName::Issue, None),
    };
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).with_context(|| path.display().to_string())
    };
    Ok(ReceiveServiceRequest {
        ca: arguments.ca.parse()?,
        purpose,
        applicant: arguments.applicant.clone(),
        documents: arguments.documents.clone(),
        kind: arguments.kind.as_deref().map(str::parse).transpose()?,
        request_pem: arguments.request.as_ref().map(read).transpose()?,
        common_name: arguments.common_name.clone(),
        serial: serial.map(|serial| serial.parse()).transpose()?,
        cause: arguments.cause.as_deref().map(str::parse).transpose()?,
    })
}
