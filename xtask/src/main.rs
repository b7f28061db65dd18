//! Every chore of the project: `cargo xtask` alone lists them.

mod advisories;
mod bench;
mod check;
mod circles;
mod fuzz;
mod imports;
mod layering;
mod machine;
mod process;
mod requirements;
mod size;
mod suites;
mod tables;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
cargo xtask CHORE

  test [FILTER…]                 install what the tests need, then run them (doctests unless filtered)
  check                          everything before the tests: the chores below, and fmt, clippy, deny, doc
  layering                       the crates see only the rings to their left, the rooms in them not each other
  tidy                           the rules of the text: sizes, purposes, links, names, circles of files
  circles [CRATE]                the files that name each other in a ring, and which names do it
  size                           lines by crate and kind, what is longest, and what an operation costs
  requirements [-v]              which requirement rows have a test that bears their id
  advisories                     the locked dependencies against the reviewed advisories
  tables [--check]               write the checked-in tables, or say how they differ from the code
  bench [FILTER…]                run the benchmarks, each beside its limit; never fails for slowness
  torture [--kills N] [--seed S] [--seconds N] [--hsm softhsm]
                                 kill the program at work, restart it, and compare what it said
  tamper [--rounds N] [--seed S] change every column and file of an installation; all must be found
  load [--times N] [--seconds N] do what strangers do, many times over, while others work; prints figures
                                 these three take --release first, for a program as it is released
  fuzz [--seconds N] [TARGET…]   run the fuzz targets, two at a time, 60 seconds each unless told
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((chore, rest)) = arguments.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(chore, rest) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("xtask {chore}: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprint!("xtask: no such chore or option: {}\n\n{USAGE}", arguments.join(" "));
            ExitCode::from(2)
        }
    }
}

/// Runs one chore; `None` where there is no such chore or it takes no such arguments.
fn run(chore: &str, arguments: &[String]) -> Option<Result<()>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Some(match (chore, words.as_slice()) {
        ("test", filters) => test::run(filters),
        ("check", []) => check::run(),
        ("layering", []) => layering::run(),
        ("tidy", []) => tidy::run(),
        ("circles", []) => circles::run(None),
        ("circles", [name]) => circles::run(Some(name)),
        ("size", []) => size::run(),
        ("requirements", []) => requirements::run(false),
        ("requirements", ["-v"]) => requirements::run(true),
        ("advisories", []) => advisories::run(),
        ("tables", []) => tables::write(),
        ("tables", ["--check"]) => tables::check(),
        ("bench", filters) => bench::run(filters),
        ("torture", rest) => suites::TORTURE.run(suites::TORTURE.parse(rest)?),
        ("tamper", rest) => suites::TAMPER.run(suites::TAMPER.parse(rest)?),
        ("load", rest) => suites::LOAD.run(suites::LOAD.parse(rest)?),
        ("fuzz", rest) => fuzz::run(fuzz::Options::parse(rest)?),
        _ => return None,
    })
}
