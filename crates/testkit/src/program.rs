//! Programs nobody here wrote, run with a bound on their time.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a program said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Whether it exited with status 0.
    pub success: bool,
    /// The exit status; none if a signal ended it, 124 if its minute was over.
    pub status: Option<i32>,
    /// Standard output followed by standard error.
    pub text: String,
    /// Standard output as bytes.
    pub stdout: Vec<u8>,
}

/// Runs `program` in `directory`.
///
/// The program is killed after a minute: a client that hangs must not hang the suite.
pub fn run(directory: &Path, program: &str, arguments: &[&str]) -> Output {
    run_with(&[], directory, program, arguments)
}

/// As [`run`], with five minutes: for what is made once and takes a busy machine more than one.
pub fn run_long(directory: &Path, program: &str, arguments: &[&str]) -> Output {
    run_for("300", &[], directory, program, arguments)
}

/// As [`run`], with more environment variables.
pub fn run_with(
    environment: &[(&str, &str)],
    directory: &Path,
    program: &str,
    arguments: &[&str],
) -> Output {
    run_for("60", environment, directory, program, arguments)
}

fn run_for(
    seconds: &str,
    environment: &[(&str, &str)],
    directory: &Path,
    program: &str,
    arguments: &[&str],
) -> Output {
    let output = Command::new("timeout")
        .arg(seconds)
        .arg(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| {
            panic!("{program} cannot be run ({error}): cargo xtask test installs it")
        });
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Output {
        success: output.status.success(),
        status: output.status.code(),
        text,
        stdout: output.stdout,
    }
}
