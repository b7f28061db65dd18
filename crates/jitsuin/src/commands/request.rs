//! `request`: what the staff does with requests for servers' certificates and for their end.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use web::desk::service_requests::{IssueServiceRequest, ReceiveServiceRequest};

use super::client::CommandClient;
use crate::answer::Answer;
use crate::cli::{IntakeArguments, RequestCommand};

pub(super) fn run(client: &CommandClient<'_>, command: &RequestCommand) -> Result<Answer> {
    match command {
        RequestCommand::Issue { id } => {
            issued(client.json::<IssueServiceRequest>(json!({ "id": id }))?)
        }
        RequestCommand::Receive(arguments) => {
            client.ask::<ReceiveServiceRequest>(intake(arguments)?)
        }
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
