//! Lengths: nothing grows past its limit, and what is past it today may only shrink.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// The length of something, in lines.
pub(super) struct Measure {
    /// What was measured: a file's path, or `path::function`.
    pub(super) what: String,
    /// Its lines.
    pub(super) lines: usize,
    /// The most it may have.
    pub(super) limit: usize,
}

/// The lengths that are excused, by what was measured.
pub(super) struct Ratchet {
    excused: BTreeMap<String, usize>,
}

impl Ratchet {
    /// Reads lines `WHAT LINES`; `#` begins a comment.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| -> Result<(String, usize)> {
            let (what, lines) = line.rsplit_once(' ').context("a line is `WHAT LINES`")?;
            Ok((what.to_owned(), lines.parse()?))
        };
        let excused = lines.map(|line| entry(line).with_context(|| line.to_owned()));
        Ok(Self { excused: excused.collect::<Result<_>>()? })
    }

    /// What is too long, what grew, and excuses that are larger than they need to be.
    pub(super) fn complaints(mut self, measures: &[Measure]) -> Vec<String> {
        let mut found = Vec::new();
        for Measure { what, lines, limit } in measures.iter().filter(|m| m.lines > m.limit) {
            match self.excused.remove(what) {
                Some(excused) if *lines == excused => {}
                Some(excused) if *lines < excused => found.push(format!(
                    "{what} shrank to {lines} lines: lower its excuse from {excused}"
                )),
                _ => found.push(format!("{what} has {lines} lines, more than {limit}")),
            }
        }
        let idle = self.excused.into_keys();
        found.extend(idle.map(|what| format!("{what} needs its excuse no longer: remove it")));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(excuses: &str, lines: usize) -> String {
        let measure = Measure { what: "a.rs::f".into(), lines, limit: 70 };
        Ratchet::parse(excuses).expect("excuses").complaints(&[measure]).join("\n")
    }

    #[rstest::rstest]
    #[case::within("", 70, "")]
    #[case::too_long("", 71, "more than 70")]
    #[case::excused("# why\na.rs::f 80\n", 80, "")]
    #[case::grown("a.rs::f 80", 81, "81 lines, more than 70")]
    #[case::shrunk("a.rs::f 80", 79, "lower its excuse")]
    #[case::idle("a.rs::f 80", 60, "no longer")]
    fn lengths_only_shrink(#[case] excuses: &str, #[case] lines: usize, #[case] expected: &str) {
        let found = complaint(excuses, lines);
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found}");
    }

    #[test]
    fn an_unreadable_excuse_is_an_error() {
        assert!(Ratchet::parse("a.rs::f many").is_err());
        assert!(Ratchet::parse("a.rs::f").is_err());
    }
}
