//! Programs that come as crates: taken where they are, or installed under the target directory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// A program that `cargo install` can provide.
pub(crate) struct Tool {
    /// Its name, as a crate and as a program.
    pub(crate) name: &'static str,
    /// The version to install where none is there.
    pub(crate) version: &'static str,
}

/// Runs the tests.
pub(crate) const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "0.9.143" };
/// Checks licences, bans and sources.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Builds and runs fuzz targets.
pub(crate) const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// The path of the program; installs it first where it is neither under the target directory
    /// nor on the search path.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let home = workspace::target_dir().join("tools");
        let installed = home.join("bin").join(self.name);
        if answers(&installed) {
            return Ok(installed);
        }
        let found = PathBuf::from(self.name);
        if answers(&found) {
            return Ok(found);
        }
        let mut install = process::cargo();
        install.args(["install", self.name, "--version", self.version, "--locked", "--root"]);
        // Without a target directory of its own the build goes to a temporary one and is removed.
        process::run(install.arg(&home).env_remove("CARGO_TARGET_DIR"))?;
        Ok(installed)
    }
}

fn answers(program: &PathBuf) -> bool {
    process::succeeds(Command::new(program).arg("--version"))
}
