//! The contract of a directory as checks that every implementation runs in its tests.

use std::collections::HashSet;

use super::attribute::AttributeDescription;
use super::directory::{BindRefusal, Directory, DirectoryError, Entry, Identity};
use super::dn::{Dn, NameValue};
use super::message::Scope;
use crate::verifier_auth::Attempt;

/// Checks `directory` as `caller` sees it and returns what breaks the contract of [`Directory`], in
/// words; an empty list is what a test wants to see.
pub fn directory_findings(directory: &dyn Directory, caller: &Identity) -> Vec<String> {
    match all_findings(directory, caller) {
        Ok(findings) => findings,
        Err(error) => vec![format!("it does not answer: {error}")],
    }
}

fn all_findings(
    directory: &dyn Directory,
    caller: &Identity,
) -> Result<Vec<String>, DirectoryError> {
    let everything = directory.search(&Dn::root(), Scope::Subtree, caller)?.entries;
    let mut findings = Vec::new();
    if everything.is_empty() {
        findings.push("it holds no entry, so nothing was checked".to_owned());
    }
    let mut seen = HashSet::from([Dn::root()]);
    for entry in &everything {
        if !entry.dn.parent().is_some_and(|above| seen.contains(&above)) {
            findings.push(format!("{}: the entry above it is missing or comes later", entry.dn));
        }
        if !seen.insert(entry.dn.clone()) {
            findings.push(format!("{}: it is there twice", entry.dn));
        }
        findings.extend(entry_findings(entry));
        findings.extend(scope_findings(directory, caller, entry, &everything)?);
    }
    findings.extend(context_findings(directory, &everything)?);
    findings.extend(refusal_findings(directory, caller, &everything));
    Ok(findings)
}

/// What an entry must hold: classes, the attributes of its relative name, values, known types.
fn entry_findings(entry: &Entry) -> Vec<String> {
    let mut findings = Vec::new();
    let mut report = |words: String| findings.push(format!("{}: {words}", entry.dn));
    let names = entry.dn.rdns().first().into_iter().flat_map(|rdn| rdn.attributes());
    let kinds = names.filter(|name| matches!(name.value, NameValue::Text(_)));
    for wanted in kinds.map(|name| name.kind.as_str()).chain(["objectClass"]) {
        let wanted = AttributeDescription::parse(wanted);
        let is_wanted =
            |held: &AttributeDescription| wanted.as_ref().is_some_and(|w| held.is_asked_by(w));
        if !entry.attributes.iter().any(|held| is_wanted(&held.description)) {
            report(format!("it lacks {wanted:?}"));
        }
    }
    for attribute in &entry.attributes {
        if attribute.description.attribute_type().is_none() {
            report(format!("the schema lacks {}", attribute.description));
        }
        if attribute.values.load().is_ok_and(|values| values.is_empty()) {
            report(format!("{} has no value", attribute.description));
        }
    }
    findings
}

/// Every scope at an entry must give what the whole tree shows there.
fn scope_findings(
    directory: &dyn Directory,
    caller: &Identity,
    entry: &Entry,
    everything: &[Entry],
) -> Result<Vec<String>, DirectoryError> {
    let mut findings = Vec::new();
    for scope in [Scope::Base, Scope::OneLevel, Scope::Subtree] {
        let expected = everything.iter().map(|other| &other.dn).filter(|other| match scope {
            Scope::Base => **other == entry.dn,
            Scope::OneLevel => other.is_child_of(&entry.dn),
            Scope::Subtree => other.is_within(&entry.dn),
        });
        let found = directory.search(&entry.dn, scope, caller)?.entries;
        if found.iter().map(|other| &other.dn).collect::<HashSet<_>>() != expected.collect() {
            findings.push(format!("{}: scope {scope} differs from the whole tree", entry.dn));
        }
    }
    Ok(findings)
}

fn context_findings(
    directory: &dyn Directory,
    everything: &[Entry],
) -> Result<Vec<String>, DirectoryError> {
    let contexts = directory.naming_contexts()?;
    let outside = everything.iter().filter(|entry| !contexts.iter().any(|c| entry.dn.is_within(c)));
    Ok(outside.map(|entry| format!("{}: it lies in no naming context", entry.dn)).collect())
}

/// Names that do not exist must be refused, naming the nearest entry above.
fn refusal_findings(
    directory: &dyn Directory,
    caller: &Identity,
    everything: &[Entry],
) -> Vec<String> {
    let mut findings = Vec::new();
    for above in everything.iter().map(|entry| &entry.dn) {
        let Ok(absent) = format!("CN=no such entry,CN=nor this,{above}").parse::<Dn>() else {
            continue;
        };
        match directory.search(&absent, Scope::Subtree, caller) {
            Err(DirectoryError::NoSuchObject { matched }) if matched == *above => {}
            other => findings.push(format!("{absent}: it should not exist, but: {other:?}")),
        }
        let attempt =
            Attempt { from: std::net::Ipv4Addr::LOCALHOST.into(), at: jiff::Timestamp::UNIX_EPOCH };
        match directory.authenticate(&absent, b"no such password", attempt) {
            Err(BindRefusal::InvalidCredentials) => {}
            other => findings.push(format!("{absent}: it should not bind, but: {other:?}")),
        }
    }
    findings
}
