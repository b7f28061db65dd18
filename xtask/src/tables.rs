//! Tables that the code prints and a person reviews, checked in under `docs/tables`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use domain::certificate::CertificateKind;
use domain::policy::Policy;
use domain::revocation::{RevocationCause, RevocationReason};
use domain::{application, ceremony, certificate, crl_series, service_request, staff};

use crate::{process, workspace};

const DIRECTORY: &str = "docs/tables";

/// The table that only a running API can print: a test of `web` asks it and compares, and writes where it
/// is told to.
const ACCESS: &str = "access.txt";

/// Every table of this program: the file's name under `docs/tables`, and its content.
fn tables() -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("application-transitions.txt", application::TRANSITIONS.to_string()),
        ("ceremony-transitions.txt", ceremony::TRANSITIONS.to_string()),
        ("certificate-transitions.txt", certificate::TRANSITIONS.to_string()),
        ("credentials.txt", credentials()),
        ("excluded-roles.txt", excluded_roles()),
        ("interface.txt", printed("interface")?),
        ("list-series-transitions.txt", crl_series::TRANSITIONS.to_string()),
        ("permissions.txt", printed("permissions")?),
        ("person-transitions.txt", staff::TRANSITIONS.to_string()),
        ("revocation-causes.txt", revocation_causes()),
        ("revocation-reasons.txt", revocation_reasons()),
        ("service-request-people.txt", service_request_people()),
        ("service-request-transitions.txt", service_request::TRANSITIONS.to_string()),
    ])
}

/// What an example of `web` prints: operation × role, or the API's interface. This program must not be
/// built with `web`: it installs what that needs.
fn printed(example: &'static str) -> Result<String> {
    let mut print = Command::new(env!("CARGO"));
    print.args(["run", "--quiet", "--package", "jitsuin-web", "--example", example]);
    let printed = print.current_dir(workspace::root()).output().context("cargo run")?;
    if !printed.status.success() {
        bail!("the table {example}: {}", String::from_utf8_lossy(&printed.stderr));
    }
    String::from_utf8(printed.stdout).with_context(|| format!("the table {example}"))
}

/// Which roles nobody may hold together.
fn excluded_roles() -> String {
    table(
        staff::EXCLUSIONS
            .iter()
            .map(|row| [row.one.name(), row.other.name(), row.rule].map(str::to_owned).to_vec()),
    )
}

/// What each role may prove itself with.
fn credentials() -> String {
    table(staff::Role::ALL.iter().map(|role| {
        let staff::CredentialRule { kinds, rule } = staff::credential_rule(*role);
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        vec![role.name().to_owned(), kinds.join(", "), rule.to_owned()]
    }))
}

/// Which two steps of one request are two people's.
fn service_request_people() -> String {
    table(
        service_request::SEPARATIONS.iter().map(|pair| {
            [pair.one.name(), pair.other.name(), pair.rule].map(str::to_owned).to_vec()
        }),
    )
}

/// Cause × requester of every shipped policy: who may end a certificate, and with which reason.
fn revocation_causes() -> String {
    let policies = ["jpki-auth", "saitama-sign", "bridge"].map(shipped_policy);
    let mut rows = Vec::new();
    let kinds = [CertificateKind::User, CertificateKind::SelfSigned];
    for (kind, cause) in
        kinds.iter().flat_map(|kind| RevocationCause::ALL.map(|cause| (*kind, cause)))
    {
        for policy in &policies {
            let row = match policy.revocation_of(kind, cause) {
                None => [String::from("-"), String::from("-"), String::from("no row: refused")],
                Some(rule) => {
                    let by: Vec<&str> = rule.requested_by.iter().map(|one| one.name()).collect();
                    let second = if rule.second_approval { " + second person" } else { "" };
                    let online = if rule.online { " (online too)" } else { "" };
                    [
                        rule.reason.code().to_string(),
                        by.join(", ") + second + online,
                        rule.clause.to_string(),
                    ]
                }
            };
            let subjects = if kind == CertificateKind::User { "users" } else { "others" };
            let mut line =
                vec![subjects.to_owned(), cause.name().to_owned(), policy.ca.to_string()];
            line.extend(row);
            rows.push(line);
        }
    }
    table(rows.into_iter())
}

/// A shipped policy; one that cannot be read prints as a difference in every table.
fn shipped_policy(name: &str) -> Policy {
    let path = workspace::root().join("policy").join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    Policy::from_toml(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows in columns, separated by `|`.
fn table(rows: impl Iterator<Item = Vec<String>>) -> String {
    rows.map(|row| row.join(" | ") + "\n").collect()
}

fn revocation_reasons() -> String {
    let lines = RevocationReason::ALL.map(|reason| format!("{} {reason}\n", reason.code()));
    lines.concat()
}

/// Writes every table and removes files that are none.
///
/// # Errors
/// A file cannot be written or removed.
pub(crate) fn write() -> Result<()> {
    let directory = workspace::root().join(DIRECTORY);
    std::fs::create_dir_all(&directory)?;
    let tables = tables()?;
    for (name, content) in &tables {
        std::fs::write(directory.join(name), content).with_context(|| (*name).to_owned())?;
        println!("{DIRECTORY}/{name}");
    }
    for name in checked_in()?.into_keys().filter(|name| !is_table(&tables, name)) {
        std::fs::remove_file(directory.join(&name))?;
        println!("{DIRECTORY}/{name} removed");
    }
    write_access()
}

fn write_access() -> Result<()> {
    let mut test = process::cargo();
    test.args(["test", "--quiet", "--workspace"]).args(workspace::FEATURES);
    test.args(["--test", "main", "access_table::"]).env("JITSUIN_WRITE_TABLES", "1");
    process::run(&mut test)?;
    println!("{DIRECTORY}/{ACCESS}");
    Ok(())
}

/// Compares every table with its file.
///
/// # Errors
/// Tells line by line what the code prints and the file does not have, and the other way round.
pub(crate) fn check() -> Result<()> {
    let differences = differences(&tables()?, &checked_in()?);
    if differences.is_empty() {
        return Ok(());
    }
    bail!("`cargo xtask tables` would change these; review what it writes:\n{differences}")
}

fn checked_in() -> Result<BTreeMap<String, String>> {
    let directory = workspace::root().join(DIRECTORY);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&directory).context(DIRECTORY)? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, std::fs::read_to_string(&path).context(path.display().to_string())?);
    }
    Ok(files)
}

fn is_table(tables: &[(&str, String)], name: &str) -> bool {
    name == ACCESS || tables.iter().any(|(table, _)| *table == name)
}

fn differences(tables: &[(&str, String)], files: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, wanted) in tables {
        match files.get(*name) {
            None => text += &format!("{name}: missing\n"),
            Some(found) if found == wanted => {}
            Some(found) => text += &format!("{name}:\n{}", line_difference(found, wanted)),
        }
    }
    for name in files.keys().filter(|name| !is_table(tables, name)) {
        text += &format!("{name}: no table prints this file\n");
    }
    text
}

/// The lines between the common beginning and the common end, old ones first.
fn line_difference(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let marked = |mark: &str, lines: &[&str]| -> String {
        let line = |line: &&str| format!("  {mark} {}\n", line.trim_end_matches('\n'));
        lines.iter().map(line).collect()
    };
    let removed = marked("-", &old[..old.len() - tail]);
    let added = marked("+", &new[..new.len() - tail]);
    format!("  from line {}\n{removed}{added}", head + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_shows_only_the_changed_lines() {
        let found = line_difference("a\nb\nc\nd\n", "a\nB\nc\nc\nd\n");
        assert_eq!(found, "  from line 2\n  - b\n  + B\n  + c\n");
        assert_eq!(line_difference("a\n", "a\nb\n"), "  from line 2\n  + b\n");
        assert_eq!(line_difference("a\na\n", "a\n"), "  from line 2\n  - a\n");
    }

    #[test]
    fn missing_changed_and_orphaned_tables_are_told() {
        let tables = [("a", "1\n".to_owned()), ("b", "1\n".to_owned()), ("c", "1\n".to_owned())];
        let files = [("b", "2\n"), ("c", "1\n"), ("d", "1\n")];
        let files = files.map(|(name, content)| (name.to_owned(), content.to_owned())).into();
        let text = differences(&tables, &files);
        let expected =
            "a: missing\nb:\n  from line 1\n  - 2\n  + 1\nd: no table prints this file\n";
        assert_eq!(text, expected);
    }
}
