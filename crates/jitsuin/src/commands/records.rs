//! `ca`, `cert`, `crl`, `revoke` and `check`: certificates, lists, and whether all agree.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use web::desk::{Approvable, ListEncoding};
use web::wire::RevocationBody;

use super::Office;
use crate::answer::Answer;
use crate::cli::{CaCommand, CertCommand, CrlCommand, RevokeArguments};
use crate::system::System;

pub(super) fn authorities(office: &Office, command: &CaCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CaCommand::List => Answer::of(&desk.authorities(act)?),
        CaCommand::Show { ca } => Answer::of(&desk.show_authority(act, ca)?),
    }
}

pub(super) fn certificates(office: &Office, command: &CertCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CertCommand::List { ca, limit } => Answer::of(&desk.certificates(act, ca, None, *limit)?),
        CertCommand::Show { ca, serial, pem: false } => {
            let mut body = serde_json::to_value(desk.certificate(act, ca, serial)?)?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("certificate_pem");
            }
            Answer::of(&body)
        }
        CertCommand::Show { ca, serial, pem: true } => {
            let body = serde_json::to_value(desk.certificate(act, ca, serial)?)?;
            let pem = body["certificate_pem"]
                .as_str()
                .context("it was never issued")?
                .trim_end()
                .to_owned();
            Ok(Answer::new(pem, body))
        }
    }
}

pub(super) fn lists(office: &Office, command: &CrlCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CrlCommand::Publish { ca: None } => {
            published(&serde_json::to_value(desk.publish_due(act)?)?)
        }
        CrlCommand::Publish { ca: Some(ca) } => {
            published(&serde_json::to_value(desk.publish_all(act, ca)?)?)
        }
        CrlCommand::List { ca } => Answer::of(&desk.series(act, ca)?),
        CrlCommand::Show { ca, partition, number, generation } => {
            let list = desk.list(act, ca, (*generation, partition), *number, ListEncoding::Pem)?;
            let pem = String::from_utf8(list).context("PEM is text")?;
            Ok(Answer::new(pem.trim_end(), json!({ "crl_pem": pem })))
        }
    }
}

/// What a round published; a list that was not published makes the command fail, and is named.
fn published(round: &Value) -> Result<Answer> {
    let lists = round["lists"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failed: Vec<String> = lists
        .iter()
        .filter(|list| list["outcome"] != "published")
        .map(|list| format!("{} {}: {}", list["ca"], list["partition"], list["problems"]))
        .collect();
    if !failed.is_empty() {
        bail!("{} of {} lists not published: {}", failed.len(), lists.len(), failed.join("; "));
    }
    Answer::of(round)
}

pub(super) fn revoke(office: &Office, arguments: &RevokeArguments) -> Result<Answer> {
    let RevokeArguments { ca, serial, cause, requester, second } = arguments;
    if let Some(operation) = &second.approves {
        return office.approve(operation, Approvable::Revocation { ca, serial, cause, requester });
    }
    let body = RevocationBody {
        cause: cause.clone(),
        requester: requester.clone(),
        approver: second.approver.clone(),
    };
    Answer::of(&office.desk.revoke(&office.act, ca, serial, &body)?)
}

/// Everything agrees with everything else, or the command fails with what does not.
pub(super) fn check(office: &Office, system: &System) -> Result<Answer> {
    system.look_around();
    system.hear_server()?;
    let mut report = serde_json::to_value(office.desk.check(&office.act)?)?;
    let clock = system.trusted.watch.report();
    if let Some(rule) = &clock.rule {
        bail!("clock: {rule} (A 6.8)");
    }
    if let Some(fields) = report.as_object_mut() {
        fields.insert("clock".to_owned(), serde_json::to_value(&clock)?);
    }
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !findings.is_empty() {
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        bail!("{} finding(s): {}", told.len(), told.join("; "));
    }
    Answer::of(&report)
}
