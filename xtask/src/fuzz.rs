//! The fuzz targets: built once, then run two at a time from their seeds.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};

use crate::{machine, process, tools, workspace};

/// How many run at once: the machines that run this have two cores.
const AT_ONCE: usize = 2;
/// A decoder that thinks longer than this about one input has hung.
const INPUT_SECONDS: u32 = 10;
/// A decoder that takes more memory than this has no bound.
const MEMORY_MEBIBYTES: u32 = 2048;

/// What to run, and for how long.
pub(crate) struct Options {
    seconds: u32,
    targets: Vec<String>,
}

impl Options {
    /// Reads `[--seconds N] [TARGET…]`; `None` when that is not what stands there.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let (seconds, targets) = match words {
            ["--seconds", number, targets @ ..] => (number.parse().ok()?, targets),
            targets => (60, targets),
        };
        let is_option = targets.iter().any(|target| target.starts_with('-'));
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        (!is_option).then_some(Self { seconds, targets })
    }
}

/// Runs the chosen targets, or all of them.
///
/// # Errors
/// A target is unknown, does not build, or found an input that it crashes, hangs or swells on; the
/// input's path is told.
pub(crate) fn run(options: Options) -> Result<()> {
    let Options { seconds, targets } = options;
    let targets = chosen(targets, all_targets()?)?;
    machine::provide(machine::FOR_FUZZING)?;
    let cargo_fuzz = tools::FUZZ.path()?;
    // All are built before the first runs, so that each has its full time.
    process::run(&mut fuzz_command(&cargo_fuzz, "build"))?;
    let failed = run_all(&cargo_fuzz, targets, seconds);
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// The names of the files in `fuzz/targets`.
fn all_targets() -> Result<Vec<String>> {
    let files = workspace::files()?;
    let names = files.iter().filter_map(|file| {
        Some(file.strip_prefix("fuzz/targets/")?.strip_suffix(".rs")?.to_owned())
    });
    Ok(names.collect())
}

fn chosen(wanted: Vec<String>, all: Vec<String>) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|target| !all.contains(target)) {
        bail!("no target `{unknown}`; there are: {}", all.join(", "));
    }
    Ok(if wanted.is_empty() { all } else { wanted })
}

/// Runs the targets on as many threads as run at once; returns what failed.
fn run_all(cargo_fuzz: &Path, targets: Vec<String>, seconds: u32) -> Vec<String> {
    let queue = Mutex::new(VecDeque::from(targets));
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(target) = next else { break };
            if let Err(error) = run_one(cargo_fuzz, &target, seconds) {
                let line = format!("{target}: {error:#}");
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn run_one(cargo_fuzz: &Path, target: &str, seconds: u32) -> Result<()> {
    let fuzz = workspace::root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&artifacts)?;
    let log = workspace::target_dir().join(format!("fuzz-{target}.log"));
    let mut command = fuzz_command(cargo_fuzz, "run");
    // libFuzzer writes to the first directory and only reads the others.
    command.arg(target).arg(&corpus);
    command.args(Some(fuzz.join("seeds").join(target)).filter(|seeds| seeds.is_dir()));
    command.args(["--", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-timeout={INPUT_SECONDS}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MEBIBYTES}"));
    let output = File::create(&log)?;
    command.stdout(output.try_clone()?).stderr(output);
    let result = process::run(&mut command);
    let report = std::fs::read_to_string(&log).with_context(|| log.display().to_string())?;
    match result {
        Ok(()) => {
            eprintln!("{target}: clean, {}", inputs_tried(&report));
            Ok(())
        }
        Err(error) => Err(error.context(advice(&report, &log))),
    }
}

/// How many inputs libFuzzer says it tried.
fn inputs_tried(report: &str) -> String {
    let count =
        report.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    format!("{} inputs", count.map_or("an unknown number of", str::trim))
}

/// What a person needs to look into a failure: the input's path, and where the rest stands.
fn advice(report: &str, log: &Path) -> String {
    let input: Option<PathBuf> =
        report.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1.into()));
    match input {
        Some(path) => format!("fails on {} (log: {})", path.display(), log.display()),
        None => format!("see {}", log.display()),
    }
}

fn fuzz_command(cargo_fuzz: &Path, verb: &str) -> Command {
    let mut command = Command::new(cargo_fuzz);
    command.args(["fuzz", verb, "--target-dir"]).arg(workspace::target_dir().join("fuzz"));
    // libFuzzer's instrumentation is behind flags that the stable compiler takes only so.
    command.env("RUSTC_BOOTSTRAP", "1").current_dir(workspace::root());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_seconds_and_targets() {
        let options = Options::parse(&["--seconds", "5", "a", "b"]).expect("options");
        assert_eq!((options.seconds, options.targets.len()), (5, 2));
        assert_eq!(Options::parse(&[]).expect("options").seconds, 60);
        assert!(Options::parse(&["--seconds", "soon"]).is_none());
        assert!(Options::parse(&["--fast"]).is_none());
    }

    #[test]
    fn an_unknown_target_is_refused_and_none_means_all() {
        let all = || vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(chosen(vec![], all()).expect("all"), all());
        assert_eq!(chosen(vec!["b".into()], all()).expect("one"), ["b"]);
        assert!(chosen(vec!["c".into()], all()).is_err());
    }

    #[test]
    fn a_failure_tells_the_input() {
        let report = "x\nartifact_prefix='a/'; Test unit written to fuzz/artifacts/a/crash-1\ny\n";
        assert!(advice(report, Path::new("l")).contains("fuzz/artifacts/a/crash-1 (log: l)"));
        assert_eq!(advice("nothing", Path::new("l")), "see l");
        assert_eq!(inputs_tried("stat::number_of_executed_units: 42\n"), "42 inputs");
    }
}
