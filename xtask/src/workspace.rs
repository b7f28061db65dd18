//! Where the project lies, and which files are its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// What checks and tests build beyond the default: card readers, which need a library to link, and the
/// moments at which the torture suite ends the program.
pub(crate) const FEATURES: &[&str] = &["--features", "jitsuin/pcsc,jitsuin/torture"];

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The directory of build products, where tools and the Python environment go too.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// Every file of the project, relative to the root: tracked, or new and not ignored.
///
/// A link to a directory counts as one file, as it does for git.
pub(crate) fn files() -> Result<Vec<String>> {
    let mut command = Command::new("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listing = process::output(command.current_dir(root()))?;
    let mut files: Vec<String> = listing.split_terminator('\0').map(str::to_owned).collect();
    files.retain(|file| root().join(file).exists());
    files.sort();
    files.dedup();
    Ok(files)
}

/// The text of a file given relative to the root.
pub(crate) fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))
}
