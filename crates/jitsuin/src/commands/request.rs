//! `request`: what the staff does with requests for servers' certificates and for their end.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use web::desk::service_requests::{
    ApproveServiceRequest, ExamineServiceRequest, IssueServiceRequest, ListServiceRequests,
    ReceiveServiceRequest, RefuseServiceRequest, ReleaseServiceRequest, RevokeServiceRequest,
    ShowServiceRequest, WithdrawServiceRequest,
};

use super::client::CommandClient;
use crate::answer::Answer;
use crate::cli::{IntakeArguments, RequestCommand};

/// The newest requests that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(client: &CommandClient<'_>, command: &RequestCommand) -> Result<Answer> {
    use RequestCommand as C;
    match command {
        C::List { state, after } => client
            .ask::<ListServiceRequests>(json!({ "state": state, "after": after, "limit": SHOWN })),
        C::Issue { id } => issued(client.json::<IssueServiceRequest>(json!({ "id": id }))?),
        C::Receive(arguments) => client.ask::<ReceiveServiceRequest>(intake(arguments)?),
        C::Examine { id, findings } => {
            client.ask::<ExamineServiceRequest>(json!({ "id": id, "findings": findings }))
        }
        C::Approve { id } => client.ask::<ApproveServiceRequest>(json!({ "id": id })),
        C::Release { id } => client.ask::<ReleaseServiceRequest>(json!({ "id": id })),
        C::Revoke { id } => client.ask::<RevokeServiceRequest>(json!({ "id": id })),
        C::Refuse { id, reason } => {
            client.ask::<RefuseServiceRequest>(json!({ "id": id, "reason": reason }))
        }
        C::Withdraw { id } => client.ask::<WithdrawServiceRequest>(json!({ "id": id })),
        C::Show { id } => client.ask::<ShowServiceRequest>(json!({ "id": id })),
    }
}

/// People want the certificate itself.
fn issued(request: Value) -> Result<Answer> {
    let pem = request["certificate_pem"].as_str().context("the certificate is not issued yet")?;
    Ok(Answer::new(pem.trim_end().to_owned(), request))
}

fn intake(arguments: &IntakeArguments) -> Result<Value> {
    let (purpose, serial) = match (&arguments.renews, &arguments.revokes) {
        (_, Some(serial)) => ("revoke", Some(serial)),
        (Some(serial), None) => ("renew", Some(serial)),
        (None, None) => ("issue", None),
    };
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).with_context(|| path.display().to_string())
    };
    Ok(json!({
        "ca": arguments.ca,
        "purpose": purpose,
        "applicant": arguments.applicant,
        "documents": arguments.documents,
        "kind": arguments.kind,
        "request_pem": arguments.request.as_ref().map(read).transpose()?,
        "common_name": arguments.common_name,
        "serial": serial,
        "cause": arguments.cause,
    }))
}
