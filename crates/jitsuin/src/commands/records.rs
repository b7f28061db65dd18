//! `ca`, `cert`, `crl`, `revoke` and `check`: certificates, lists, and whether all agree.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use web::desk::Approvable;
use web::desk::authorities::{ListAuthorities, ShowAuthority};
use web::desk::certificates::{ListCertificates, RevokeCertificate, ShowCertificate};
use web::desk::check::CheckConsistency;
use web::desk::lists::{FetchList, ListForm, ListSeries, PublishAllLists, PublishDueLists};

use super::Office;
use crate::answer::Answer;
use crate::cli::{CaCommand, CertCommand, CrlCommand, RevokeArguments};
use crate::system::System;

pub(super) fn authorities(office: &Office, command: &CaCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CaCommand::List => Answer::of(&desk.ask(act, ListAuthorities {})?),
        CaCommand::Show { ca } => Answer::of(&desk.ask(act, ShowAuthority { ca: ca.parse()? })?),
    }
}

pub(super) fn certificates(office: &Office, command: &CertCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CertCommand::List { ca, limit } => {
            let asked = ListCertificates { ca: ca.parse()?, after: None, limit: *limit };
            Answer::of(&desk.ask(act, asked)?)
        }
        CertCommand::Show { ca, serial, pem: false } => {
            let mut body = serde_json::to_value(desk.ask(act, shown(ca, serial)?)?)?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("certificate_pem");
            }
            Answer::of(&body)
        }
        CertCommand::Show { ca, serial, pem: true } => {
            let body = serde_json::to_value(desk.ask(act, shown(ca, serial)?)?)?;
            let pem = body["certificate_pem"]
                .as_str()
                .context("it was never issued")?
                .trim_end()
                .to_owned();
            Ok(Answer::new(pem, body))
        }
    }
}

fn shown(ca: &str, serial: &str) -> Result<ShowCertificate> {
    Ok(ShowCertificate { ca: ca.parse()?, serial: serial.parse()? })
}

pub(super) fn lists(office: &Office, command: &CrlCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    match command {
        CrlCommand::Publish { ca: None } => {
            published(&serde_json::to_value(desk.ask(act, PublishDueLists {})?)?)
        }
        CrlCommand::Publish { ca: Some(ca) } => {
            published(&serde_json::to_value(desk.ask(act, PublishAllLists { ca: ca.parse()? })?)?)
        }
        CrlCommand::List { ca } => Answer::of(&desk.ask(act, ListSeries { ca: ca.parse()? })?),
        CrlCommand::Show { ca, partition, number, generation } => {
            let (ca, partition) = (ca.parse()?, partition.parse()?);
            let (generation, number, format) = (*generation, *number, ListForm::Pem);
            let asked = FetchList { ca, generation, partition, number, format };
            let pem = String::from_utf8(desk.ask(act, asked)?.octets).context("PEM is text")?;
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
    let asked = RevokeCertificate {
        ca: ca.parse()?,
        serial: serial.parse()?,
        cause: cause.parse()?,
        requester: requester.parse()?,
        approver: second.approver.as_deref().map(str::parse).transpose()?,
    };
    Answer::of(&office.desk.ask(&office.act, asked)?)
}

/// Everything agrees with everything else, or the command fails with what does not.
pub(super) fn check(office: &Office, system: &System) -> Result<Answer> {
    system.look_around();
    system.hear_server()?;
    let mut report = serde_json::to_value(office.desk.ask(&office.act, CheckConsistency {})?)?;
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
