//! The long forms of the suites whose short forms are tests of the program: torture, tamper and load.

use anyhow::Result;

use crate::{machine, process, workspace};

/// A suite: where its tests are, and the options that reach them as environment variables.
pub(crate) struct Suite {
    module: &'static str,
    /// Options that take a number.
    options: &'static [(&'static str, &'static str)],
    /// Options that take one word and no other.
    words: &'static [(&'static str, &'static str, &'static str)],
}

/// Work under kills.
pub(crate) const TORTURE: Suite = Suite {
    module: "torture::",
    options: &[
        ("--kills", "JITSUIN_TORTURE_KILLS"),
        ("--seed", "JITSUIN_TORTURE_SEED"),
        ("--seconds", "JITSUIN_TORTURE_SECONDS"),
        ("--life", "JITSUIN_TORTURE_LIFE"),
    ],
    words: &[("--hsm", "softhsm", "JITSUIN_TORTURE_HSM")],
};

/// Changes by somebody who has the disk.
pub(crate) const TAMPER: Suite = Suite {
    module: "tamper::",
    options: &[("--rounds", "JITSUIN_TAMPER_ROUNDS"), ("--seed", "JITSUIN_TAMPER_SEED")],
    words: &[],
};

/// What strangers do, many times over.
pub(crate) const LOAD: Suite = Suite {
    module: "load::",
    options: &[("--times", "JITSUIN_LOAD_TIMES"), ("--seconds", "JITSUIN_LOAD_SECONDS")],
    words: &[],
};

/// What is asked of a suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether the program is built as it is released.
    is_release: bool,
    environment: Vec<(&'static str, String)>,
}

impl Suite {
    /// What `[--release] [--OPTION N]… [--OPTION WORD]…` asks for; `None` when that is not what stands there.
    pub(crate) fn parse(&self, words: &[&str]) -> Option<Asked> {
        let (is_release, words) = match words {
            ["--release", rest @ ..] => (true, rest),
            all => (false, all),
        };
        let (pairs, []) = words.as_chunks::<2>() else { return None };
        let known = |[name, number]: &[&str; 2]| {
            let is_word = |one: &&(&str, &str, &str)| (one.0, one.1) == (*name, *number);
            if let Some((_, word, variable)) = self.words.iter().find(is_word) {
                return Some((*variable, (*word).to_owned()));
            }
            let (_, variable) = self.options.iter().find(|(option, _)| option == name)?;
            number.parse::<u64>().ok().map(|number| (*variable, number.to_string()))
        };
        Some(Asked { is_release, environment: pairs.iter().map(known).collect::<Option<_>>()? })
    }

    /// Runs the suite's tests one after the other, with their figures on the terminal.
    ///
    /// # Errors
    /// Something is missing, the build fails, or the suite found something.
    pub(crate) fn run(&self, asked: Asked) -> Result<()> {
        machine::provide(machine::FOR_READERS)?;
        machine::provide(machine::FOR_TESTS)?;
        let mut command = process::cargo();
        command.args(["test", "--workspace"]).args(workspace::FEATURES);
        command.args(asked.is_release.then_some("--release"));
        command.args(["--test", "program", self.module, "--", "--nocapture", "--test-threads=1"]);
        command.env("JITSUIN_PYTHON", machine::python()?).envs(asked.environment);
        process::run(&mut command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suites_options_are_numbers_by_their_names() {
        let asked = TORTURE.parse(&["--kills", "5000", "--seed", "7"]).expect("options");
        let expected = [("JITSUIN_TORTURE_KILLS", "5000"), ("JITSUIN_TORTURE_SEED", "7")];
        let environment = expected.map(|(name, number)| (name, number.to_owned())).to_vec();
        assert_eq!(asked, Asked { is_release: false, environment });
        for (words, is_release) in [(&[][..], false), (&["--release"], true)] {
            let environment = Vec::new();
            assert_eq!(TORTURE.parse(words), Some(Asked { is_release, environment }));
        }
        let environment = vec![("JITSUIN_TORTURE_HSM", "softhsm".to_owned())];
        let on_a_token = Some(Asked { is_release: false, environment });
        assert_eq!(TORTURE.parse(&["--hsm", "softhsm"]), on_a_token);
        assert_eq!(LOAD.parse(&["--hsm", "softhsm"]), None);
        for wrong in [
            &["--kills"][..],
            &["--kills", "many"],
            &["--rounds", "1"],
            &["5000"],
            &["--kills", "1", "--release"],
            &["--hsm", "nshield"],
        ] {
            assert_eq!(TORTURE.parse(wrong), None, "{wrong:?}");
        }
    }
}
