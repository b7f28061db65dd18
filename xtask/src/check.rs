//! Everything that must hold before the tests run; each step is tried, and all failures are told.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{advisories, layering, machine, process, requirements, tables, tidy, tools, workspace};

type Step = fn() -> Result<()>;

/// The steps by their names, the quick ones first.
const STEPS: &[(&str, Step)] = &[
    ("fmt", formatting),
    ("tidy", tidy::run),
    ("requirements", || requirements::run(false)),
    ("tables", tables::check),
    ("layering", layering::run),
    ("advisories", advisories::run),
    ("deny", deny),
    ("clippy", clippy),
    ("doc", documentation),
];

/// Runs every step.
///
/// # Errors
/// Names the steps that failed; why stands above, in their own output.
pub(crate) fn run() -> Result<()> {
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        eprintln!("== {name}");
        if let Err(error) = step() {
            eprintln!("{name} failed: {error:#}");
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

fn formatting() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    process::run(process::cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn clippy() -> Result<()> {
    machine::provide(machine::FOR_READERS)?;
    let mut clippy = process::cargo();
    clippy.args(["clippy", "--workspace", "--all-targets"]).args(workspace::FEATURES);
    process::run(clippy.args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = process::cargo();
    doc.args(["doc", "--no-deps", "--workspace", "--quiet"]).args(workspace::FEATURES);
    process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<()> {
    let mut deny = Command::new(tools::DENY.path()?);
    // Its advisory database needs the network; the reviewed list stands in for it.
    deny.args(["check", "bans", "licenses", "sources"]).current_dir(workspace::root());
    process::run(&mut deny)
}
