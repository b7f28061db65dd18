//! `ca`, `cert`, `crl`, `revoke` and `check`: certificates, lists, and whether all agree.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use web::desk::certificates::ShowCertificate;
use web::desk::check::CheckConsistency;
use web::desk::lists::{FetchList, PublishAllLists, PublishDueLists};

use super::client::CommandClient;
use super::office::Office;
use crate::answer::{Amiss, Answer};
use crate::cli::{CertCommand, CrlCommand};
use crate::system::System;

/// A certificate's state, or the certificate itself.
pub(super) fn certificate(client: &CommandClient<'_>, command: &CertCommand) -> Result<Answer> {
    let CertCommand::Show { ca, serial, pem } = command;
    let mut body = client.json::<ShowCertificate>(json!({ "ca": ca, "serial": serial }))?;
    if *pem {
        let pem = body["certificate_pem"].as_str().context("it was never issued")?;
        return Ok(Answer::new(pem.trim_end().to_owned(), body));
    }
    if let Some(fields) = body.as_object_mut() {
        fields.remove("certificate_pem");
    }
    Answer::of(&body)
}

pub(super) fn lists(client: &CommandClient<'_>, command: &CrlCommand) -> Result<Answer> {
    match command {
        CrlCommand::Publish { ca: None } => published(&client.json::<PublishDueLists>(json!({}))?),
        CrlCommand::Publish { ca: Some(ca) } => {
            published(&client.json::<PublishAllLists>(json!({ "ca": ca }))?)
        }
        CrlCommand::Show { ca, partition, number, generation } => {
            let pem = client.text::<FetchList>(json!({
                "ca": ca, "partition": partition, "number": number, "generation": generation,
                "format": "pem",
            }))?;
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
        .map(|list| in_words(list, &["ca", "partition"], "problems"))
        .collect();
    if !failed.is_empty() {
        let (count, failed) = (failed.len(), failed.join("; "));
        let told = format!("{count} of {} lists not published: {failed}", lists.len());
        return Err(Amiss::new(told, round.clone()).into());
    }
    Answer::of(round)
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
    agreed(report)
}

/// The same of a server elsewhere, as it looks at itself.
pub(super) fn check_elsewhere(client: &CommandClient<'_>) -> Result<Answer> {
    agreed(client.json::<CheckConsistency>(json!({}))?)
}

/// The report, where nothing was found; else what was.
fn agreed(report: Value) -> Result<Answer> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !findings.is_empty() {
        let told = |finding| in_words(finding, &["rule", "ca", "subject"], "detail");
        let told: Vec<String> = findings.iter().map(told).collect();
        let told = format!("{} finding(s): {}", told.len(), told.join("; "));
        return Err(Amiss::new(told, report).into());
    }
    Answer::of(&report)
}

/// What a row says, in words: its names, those that there are, and what is to be said of them.
fn in_words(row: &Value, names: &[&str], said: &str) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names = names.iter().map(|name| word(&row[*name])).filter(|name| !name.is_empty());
    let said = match &row[said] {
        Value::Array(all) => all.iter().map(word).collect::<Vec<_>>().join("; "),
        one => word(one),
    };
    format!("{}: {said}", names.collect::<Vec<_>>().join(" "))
}
