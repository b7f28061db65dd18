//! Lengths and circles: nothing grows past its limit, and what is past it today may only shrink.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::circles::Circles;

/// How much there is of something.
pub(super) struct Measure {
    /// What was measured: a file's path, `path::function`, or a crate's directory.
    pub(super) what: String,
    /// How much it has.
    pub(super) amount: usize,
    /// Of what.
    pub(super) unit: &'static str,
    /// The most it may have.
    pub(super) limit: usize,
}

impl Measure {
    /// A length, in lines.
    pub(super) fn of_lines(what: String, amount: usize, limit: usize) -> Self {
        Self { what, amount, unit: "lines", limit }
    }

    /// The files of a crate that name each other in a ring; there should be none.
    pub(super) fn of_circles(circles: &Circles) -> Self {
        let unit = "files in circles (`cargo xtask circles` shows them)";
        Self { what: circles.place.clone(), amount: circles.files(), unit, limit: 0 }
    }
}

/// What is excused, by what was measured.
pub(super) struct Ratchet {
    excused: BTreeMap<String, usize>,
}

impl Ratchet {
    /// Reads lines `WHAT AMOUNT`; `#` begins a comment.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| -> Result<(String, usize)> {
            let (what, amount) = line.rsplit_once(' ').context("a line is `WHAT AMOUNT`")?;
            Ok((what.to_owned(), amount.parse()?))
        };
        let excused = lines.map(|line| entry(line).with_context(|| line.to_owned()));
        Ok(Self { excused: excused.collect::<Result<_>>()? })
    }

    /// What is too much, what grew, and excuses that are larger than they need to be.
    pub(super) fn complaints(mut self, measures: &[Measure]) -> Vec<String> {
        let mut found = Vec::new();
        let over = measures.iter().filter(|measure| measure.amount > measure.limit);
        for Measure { what, amount, unit, limit } in over {
            match self.excused.remove(what) {
                Some(excused) if *amount == excused => {}
                Some(excused) if *amount < excused => found.push(format!(
                    "{what} shrank to {amount} {unit}: lower its excuse from {excused}"
                )),
                Some(excused) => {
                    found.push(format!("{what} grew from {excused} to {amount} {unit}"))
                }
                None => found.push(format!("{what} has {amount} {unit}, more than {limit}")),
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
        let measure = Measure::of_lines("a.rs::f".into(), lines, 70);
        Ratchet::parse(excuses).expect("excuses").complaints(&[measure]).join("\n")
    }

    #[rstest::rstest]
    #[case::within("", 70, "")]
    #[case::too_long("", 71, "more than 70")]
    #[case::excused("# why\na.rs::f 80\n", 80, "")]
    #[case::grown("a.rs::f 80", 81, "grew from 80 to 81 lines")]
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
