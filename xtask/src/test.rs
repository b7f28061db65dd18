//! The tests: what they need first, then doctests, then nextest, whose summary is the last word.

use std::process::Command;

use anyhow::Result;

use crate::{machine, process, tools, workspace};

/// Provides what the tests need and runs those whose name contains a filter; all, if there is none.
///
/// # Errors
/// Something is missing that cannot be installed, the build fails, or a test does.
pub(crate) fn run(filters: &[&str]) -> Result<()> {
    machine::provide(machine::FOR_READERS)?;
    machine::provide(machine::FOR_TESTS)?;
    let python = machine::python()?;
    let nextest = tools::NEXTEST.path()?;
    if filters.is_empty() {
        let mut doctests = process::cargo();
        doctests.args(["test", "--doc", "--workspace", "--quiet"]).args(workspace::FEATURES);
        process::run(doctests.env("JITSUIN_PYTHON", &python))?;
    }
    let mut tests = Command::new(nextest);
    tests.args(["nextest", "run", "--workspace"]).args(workspace::FEATURES);
    tests.args(filters).current_dir(workspace::root());
    process::run(tests.env("JITSUIN_PYTHON", &python))
}
