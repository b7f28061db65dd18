//! `key`: the CAs' keys in their custodians' hands, and public keys that should not be certified.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use domain::hexadecimal::hex;
use domain::id::ActorId;
use serde_json::{Map, Value, json};
use web::desk::keys::{CompromiseKey, PlanCompromise, RehearseRenewal};
use web::desk::weak_keys::{FindWeakKeys, MOST_KEYS};

use super::client::CommandClient;
use crate::answer::Answer;
use crate::cli::{Cli, Second};
use crate::config::{Config, read_weak_keys};

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

/// Finds the certificates whose key is on a list of weak keys, as it is now: the server knows the one that the
/// configuration names as it was when it started. As many keys at a time as one search takes.
pub(super) fn weak(cli: &Cli, client: &CommandClient<'_>, list: Option<&Path>) -> Result<Answer> {
    let weak_keys = match list {
        Some(path) => Arc::new(read_weak_keys(path)?),
        None if cli.server.is_some() => {
            bail!(
                "--list: it is named where another machine is asked, whose configuration is not here"
            )
        }
        None => Config::read(&cli.config)?.weak_keys,
    };
    anyhow::ensure!(!weak_keys.is_empty(), "the list of weak keys is empty");
    let keys: Vec<String> = weak_keys.iter().map(|key| hex(key)).collect();
    let mut found = Vec::new();
    for some in keys.chunks(MOST_KEYS) {
        let mut part = client.json::<FindWeakKeys>(json!({ "keys": some }))?;
        found.extend(part["found"].as_array_mut().map(std::mem::take).unwrap_or_default());
    }
    Answer::of(&json!({ "listed": keys.len(), "found": found }))
}
