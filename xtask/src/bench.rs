//! The benchmarks: run one after the other, their figures collected into a file and a table.

mod program;
mod table;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{machine, process, workspace};

/// Each benchmark with the package whose speed it measures.
const BENCHMARKS: &[(&str, &str)] = &[
    ("jitsuin-ca", "issuance"),
    ("jitsuin-ca", "revocation_list"),
    ("jitsuin-ca", "compromise"),
    ("jitsuin-status", "ocsp"),
    ("jitsuin-keys", "token"),
    ("jitsuin-keys", "user_keys"),
    ("jitsuin-card", "personalisation"),
];

/// Where the figures go; git ignores the directory.
const RESULTS: &str = "bench-results/latest.json";

/// Runs the benchmarks whose name contains a filter; all, if there is none.
///
/// # Errors
/// A benchmark cannot be built or ends early. A figure that misses its aim is no error.
pub(crate) fn run(filters: &[&str]) -> Result<()> {
    machine::provide(machine::FOR_BENCHMARKS)?;
    let chosen = |name: &str| filters.is_empty() || filters.iter().any(|f| name.contains(f));
    let load_before = load();
    let mut figures = Vec::new();
    for (package, name) in BENCHMARKS.iter().filter(|(_, name)| chosen(name)) {
        figures.extend(figures_of(package, name)?);
    }
    if chosen(program::NAME) {
        figures.push(program::figure()?);
    }
    let results = json!({
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "load_before": load_before,
        "load_after": load(),
        "figures": figures,
    });
    let file = workspace::root().join(RESULTS);
    file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::write(&file, serde_json::to_string_pretty(&results)? + "\n")?;
    println!("{}", table::render(&figures));
    println!("load of the machine (1, 5, 15 minutes): {load_before} before, {} after", load());
    println!("{RESULTS} has every round");
    Ok(())
}

/// Builds and runs one benchmark: every line of JSON that it prints.
fn figures_of(package: &str, name: &str) -> Result<Vec<Value>> {
    let mut command = process::cargo();
    command.args(["bench", "--quiet", "--package", package, "--bench", name]);
    let mut running = spawned(command.stdout(Stdio::piped()))?;
    let output = running.stdout.take().context("a benchmark without output")?;
    let mut figures = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        match serde_json::from_str(&line) {
            Ok(figure) => figures.push(figure),
            Err(_) => eprintln!("{line}"),
        }
    }
    let status = running.wait()?;
    ensure!(status.success(), "the benchmark {name} ended with {status}");
    Ok(figures)
}

fn spawned(command: &mut Command) -> Result<std::process::Child> {
    eprintln!("$ cargo bench {:?}", command.get_args().last().unwrap_or_default());
    command.spawn().context("cannot start cargo")
}

/// The machine's load averages, without which figures of a shared machine say little.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
