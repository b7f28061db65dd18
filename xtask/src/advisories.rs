//! The locked dependencies against the list of advisories that somebody reviewed.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use semver::Version;

use crate::workspace;

const LIST: &str = "docs/advisories.tsv";
const HEADER: &str = "id\tcrate\taffected\tfixed\tverdict\treviewed\treason";
/// Every lock file of the project.
const LOCK_FILES: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];

/// Checks every lock file.
///
/// # Errors
/// Names each locked crate that an advisory affects and that the list does not accept.
pub(crate) fn run() -> Result<()> {
    let list = parse(&workspace::read(LIST)?).with_context(|| LIST.to_owned())?;
    let mut refused = Vec::new();
    for file in LOCK_FILES {
        let locked = locked_crates(&workspace::read(file)?).with_context(|| (*file).to_owned())?;
        refused.extend(matches(&list, &locked).into_iter().map(|line| format!("{file}: {line}")));
    }
    if refused.is_empty() {
        return Ok(());
    }
    bail!("affected by an advisory that {LIST} does not accept:\n  {}", refused.join("\n  "))
}

/// A row of the list.
struct Advisory {
    id: String,
    name: String,
    affected: Vec<Bound>,
    fixed: String,
    accepted: bool,
}

/// One bound of a range of versions; a version is affected when all bounds hold.
enum Bound {
    Any,
    Below(Version),
    AtLeast(Version),
}

/// A crate in a lock file.
struct Locked {
    name: String,
    version: Version,
}

fn matches(list: &[Advisory], locked: &[Locked]) -> Vec<String> {
    let refused = list.iter().filter(|advisory| !advisory.accepted);
    refused
        .flat_map(|advisory| {
            let hit = locked.iter().filter(|locked| advisory.affects(locked));
            hit.map(move |locked| format!("{locked}: {}, fixed in {}", advisory.id, advisory.fixed))
        })
        .collect()
}

impl Advisory {
    fn affects(&self, locked: &Locked) -> bool {
        self.name == locked.name && self.affected.iter().all(|bound| bound.holds(&locked.version))
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Self::Any => true,
            Self::Below(bound) => version < bound,
            Self::AtLeast(bound) => version >= bound,
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let version = |text: &str| Version::parse(text.trim()).with_context(|| text.to_owned());
        if let Some(bound) = text.strip_prefix(">=") {
            return Ok(Self::AtLeast(version(bound)?));
        }
        let bound = text.strip_prefix('<').context("a range is `*`, `<VERSION` or `>=VERSION`")?;
        Ok(Self::Below(version(bound)?))
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

fn parse(text: &str) -> Result<Vec<Advisory>> {
    let mut lines = text.lines();
    ensure!(lines.next() == Some(HEADER), "the first line must be: {HEADER}");
    lines.map(|line| advisory(line).with_context(|| line.to_owned())).collect()
}

fn advisory(line: &str) -> Result<Advisory> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [id, name, affected, fixed, verdict, reviewed, reason] = columns[..] else {
        bail!("{} columns instead of 7", columns.len());
    };
    ensure!(is_date(reviewed), "reviewed is a date, YYYY-MM-DD");
    ensure!(!reason.trim().is_empty(), "a verdict needs a reason");
    let accepted = match verdict {
        "accepted" => true,
        "refused" => false,
        _ => bail!("the verdict is `accepted` or `refused`"),
    };
    let affected = affected.split(',').map(Bound::parse).collect::<Result<_>>()?;
    Ok(Advisory { id: id.into(), name: name.into(), affected, fixed: fixed.into(), accepted })
}

fn is_date(text: &str) -> bool {
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2))
}

/// The crates of a lock file: cargo writes name and version on two lines of their own.
fn locked_crates(text: &str) -> Result<Vec<Locked>> {
    let value = |line: &str, key: &str| {
        Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let mut locked = Vec::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(found) = value(line, "name") {
            name = Some(found);
        } else if let (Some(found), Some(name)) = (value(line, "version"), name.take()) {
            let version = Version::parse(&found).with_context(|| line.to_owned())?;
            locked.push(Locked { name, version });
        }
    }
    ensure!(!locked.is_empty(), "no crate found in it");
    Ok(locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_of(affected: &str, verdict: &str, version: &str) -> Vec<String> {
        let row = format!("RUSTSEC-1\tleaky\t{affected}\t2.0.0\t{verdict}\t2026-11-22\tbecause");
        let list = parse(&format!("{HEADER}\n{row}\n")).expect("a list");
        let lock =
            format!("version = 4\n\n[[package]]\nname = \"leaky\"\nversion = \"{version}\"\n");
        matches(&list, &locked_crates(&lock).expect("a lock file"))
    }

    #[rstest::rstest]
    #[case::any("*", "9.0.0-rc.1", true)]
    #[case::below("<2.0.0", "1.9.9", true)]
    #[case::a_candidate_is_below("<2.0.0", "2.0.0-rc.1", true)]
    #[case::fixed("<2.0.0", "2.0.0", false)]
    #[case::between(">=1.5.0, <2.0.0", "1.5.0", true)]
    #[case::before_it_came_in(">=1.5.0, <2.0.0", "1.4.9", false)]
    fn a_range_is_understood(#[case] range: &str, #[case] version: &str, #[case] hit: bool) {
        assert_eq!(!refused_of(range, "refused", version).is_empty(), hit);
        assert_eq!(refused_of(range, "accepted", version), Vec::<String>::new());
    }

    #[test]
    fn a_match_names_crate_version_and_fix() {
        let found = refused_of("<2.0.0", "refused", "1.0.0");
        assert_eq!(found, ["leaky 1.0.0: RUSTSEC-1, fixed in 2.0.0"]);
    }

    #[rstest::rstest]
    #[case::verdict("R\tc\t*\t-\tmaybe\t2026-11-22\twhy")]
    #[case::date("R\tc\t*\t-\trefused\tyesterday\twhy")]
    #[case::reason("R\tc\t*\t-\trefused\t2026-11-22\t ")]
    #[case::range("R\tc\t1.0.0\t-\trefused\t2026-11-22\twhy")]
    #[case::columns("R\tc\t*")]
    fn a_careless_row_is_refused(#[case] row: &str) {
        assert!(parse(&format!("{HEADER}\n{row}\n")).is_err());
    }

    #[test]
    fn the_list_of_the_project_is_readable() {
        let list = parse(&workspace::read(LIST).expect("the list")).expect("a list");
        assert!(list.iter().any(|advisory| advisory.name == "rsa" && advisory.accepted));
    }
}
