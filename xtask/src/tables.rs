//! Tables that the code prints and a person reviews, checked in under `docs/tables`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use domain::reason::RevocationReason;

use crate::workspace;

const DIRECTORY: &str = "docs/tables";

/// Every table: the file's name under `docs/tables`, and its content.
fn tables() -> Vec<(&'static str, String)> {
    vec![("revocation-reasons.txt", revocation_reasons())]
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
    let tables = tables();
    for (name, content) in &tables {
        std::fs::write(directory.join(name), content).with_context(|| (*name).to_owned())?;
        println!("{DIRECTORY}/{name}");
    }
    for name in checked_in()?.into_keys().filter(|name| !is_table(&tables, name)) {
        std::fs::remove_file(directory.join(&name))?;
        println!("{DIRECTORY}/{name} removed");
    }
    Ok(())
}

/// Compares every table with its file.
///
/// # Errors
/// Tells line by line what the code prints and the file does not have, and the other way round.
pub(crate) fn check() -> Result<()> {
    let differences = differences(&tables(), &checked_in()?);
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
    tables.iter().any(|(table, _)| *table == name)
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
