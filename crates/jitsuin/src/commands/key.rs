//! `key`: the CAs' keys in their custodians' hands, and public keys that should not be certified.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use domain::id::{ActorId, CaId};
use domain::journal::EventKind;
use serde_json::{Map, Value, json};
use store::{CertificateRow, Entry, Sequence, Store, Unit};
use web::desk::Desk;
use web::desk::keys::{CompromiseKey, PlanCompromise, RehearseRenewal};
use web::desk::permission::Operation;
use x509::key_check::{Blocklist, WeakKeys};

use super::Office;
use super::client::CommandClient;
use crate::answer::Answer;
use crate::cli::{Cli, KeyCommand, Second};
use crate::config::read_weak_keys;
use crate::system::System;

/// How many certificates are read at a time: a few megabytes.
const PAGE: usize = 1000;

/// What a compromise means, its declaration, or its approval.
pub(super) fn compromise(
    client: &CommandClient<'_>,
    (ca, generation): (&str, u32),
    carry_out: bool,
    second: &Second,
) -> Result<Answer> {
    let mut fields = Map::from_iter([
        ("ca".to_owned(), json!(ca)),
        ("generation".to_owned(), json!(generation)),
    ]);
    match (&second.approves, carry_out) {
        (Some(operation), _) => client.approve(operation, "compromise", fields),
        (None, true) => {
            fields.insert(
                "approver".to_owned(),
                json!(second.approver.as_ref().map(ActorId::as_str)),
            );
            client.ask::<CompromiseKey>(fields.into())
        }
        (None, false) => client.ask::<PlanCompromise>(fields.into()),
    }
}

pub(super) fn renew(
    client: &CommandClient<'_>,
    ca: &str,
    dry_run: bool,
    issues_from: Option<&str>,
) -> Result<Answer> {
    anyhow::ensure!(
        dry_run,
        "a CA's key is renewed in a ceremony: `jitsuin ceremony run` with a script like \
         docs/ceremonies/renewal.toml; --dry-run rehearses it (A 5.6, 6.2.2.1)"
    );
    let asked = json!({ "ca": ca, "issues_from": issues_from });
    let rehearsal = client.json::<RehearseRenewal>(asked)?;
    let told = |field: &str| rehearsal[field].as_array().into_iter().flatten();
    let lines: Vec<_> = told("paths").chain(told("findings")).filter_map(Value::as_str).collect();
    let text = lines.join("\n");
    anyhow::ensure!(
        rehearsal["sound"] == true,
        "the renewal would break paths: {}",
        lines.join("; ")
    );
    Ok(Answer::new(text, rehearsal))
}

/// How a procedure tells how far it is: on standard error, as standard output is the answer's.
pub(super) fn telling(desk: Desk, command: &KeyCommand) -> Desk {
    let KeyCommand::Compromise { ca, .. } = command else { return desk };
    let ca = ca.clone();
    desk.with_progress(Box::new(move |step: &str| eprintln!("jitsuin: {ca}: {step}")))
}

/// Finds the certificates whose key is on a list of weak keys.
pub(super) fn weak(cli: &Cli, system: &System, list: Option<&Path>) -> Result<Answer> {
    let weak_keys = match list {
        Some(path) => Arc::new(read_weak_keys(path)?),
        None => system.config.weak_keys.clone(),
    };
    anyhow::ensure!(!weak_keys.is_empty(), "the list of weak keys is empty");
    let office = Office::new(cli, system)?;
    office.desk.admit(&office.act, Operation::FindWeakKeys)?;
    let mut found = Vec::new();
    for ca in system.authorities.keys() {
        found.extend(search(system.store.as_ref(), ca, &weak_keys)?);
    }
    // The records of every holder were read: that is in the journal before it is told (E1).
    let entry = Entry::new(EventKind::RecordsRead, &office.act)
        .subject("weak keys")
        .detail("listed", weak_keys.len())
        .detail("found", found.len());
    system.store.commit(Unit::new(entry))?;
    let lines: Vec<String> = found.iter().map(told).collect();
    let bodies: Vec<Value> = found.iter().map(body).collect();
    let text = match lines.len() {
        0 => format!("none of {} listed keys was ever certified", weak_keys.len()),
        _ => lines.join("\n"),
    };
    Ok(Answer::new(text, json!({ "listed": weak_keys.len(), "found": bodies })))
}

/// Every certificate of a CA, or intent to make one, whose key is on the list.
fn search(store: &dyn Store, ca: &CaId, weak_keys: &WeakKeys) -> Result<Vec<CertificateRow>> {
    let mut found = Vec::new();
    let mut after: Option<Sequence> = None;
    loop {
        let rows = store.certificates(ca, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = Some(last.issued);
        found.extend(rows.into_iter().filter(|row| weak_keys.known_weak(&row.intent.spki_sha256)));
    }
}

fn told(row: &CertificateRow) -> String {
    format!("{} {} {}", row.intent.ca, row.intent.serial, row.state.name())
}

fn body(row: &CertificateRow) -> Value {
    json!({
        "ca": row.intent.ca.as_str(),
        "serial": row.intent.serial.to_string(),
        "state": row.state.name().to_string(),
    })
}
