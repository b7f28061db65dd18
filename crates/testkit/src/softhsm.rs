//! A software token of a test's own: SoftHSM2 with its configuration and tokens in a scratch
//! directory.
//!
//! SoftHSM2 reads the environment variable `SOFTHSM2_CONF` when it is initialised, once for the
//! process. A test of the program sets it on the command it runs; a test that loads the module
//! itself runs as a child of itself, with [`SoftHsm::in_child`].

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The variable that SoftHSM2 reads.
const VARIABLE: &str = "SOFTHSM2_CONF";

/// What a body writes at its end, so that a child that ran no test is not taken for success.
const DONE: &str = "done";

/// A scratch directory with a configuration of SoftHSM2 and room for its tokens.
#[derive(Debug)]
pub struct SoftHsm {
    directory: TempDir,
}

impl SoftHsm {
    /// The module of Debian's package softhsm2.
    pub const MODULE: &'static str = "/usr/lib/softhsm/libsofthsm2.so";

    /// A new directory without any token.
    ///
    /// # Panics
    /// Where SoftHSM2 is not installed.
    pub fn new() -> Self {
        assert!(
            Path::new(Self::MODULE).exists(),
            "{} is missing: cargo xtask test installs it",
            Self::MODULE
        );
        let directory = tempfile::tempdir().expect("a temporary directory");
        let tokens = directory.path().join("tokens");
        std::fs::create_dir(&tokens).expect("a directory can be made");
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        let hsm = Self { directory };
        std::fs::write(hsm.configuration(), configuration).expect("a file can be written");
        hsm
    }

    /// The environment variable for a process that is to use these tokens, and its value.
    pub fn environment(&self) -> (&'static str, PathBuf) {
        (VARIABLE, self.configuration())
    }

    /// The directory in which SoftHSM2 keeps its tokens.
    pub fn tokens(&self) -> PathBuf {
        self.directory.path().join("tokens")
    }

    /// Runs `body` in a process of its own that sees the tokens of a new directory, and hands it
    /// the directory of the tokens.
    ///
    /// `test` is the full name of the calling test, as `cargo test -- --list` has it. Called in the
    /// child, this runs the body; otherwise it runs that test, and nothing else, in a child.
    ///
    /// # Panics
    /// Where the child fails or there is no such test.
    pub fn in_child(test: &str, body: impl FnOnce(&Path)) {
        const CHILD: &str = "JITSUIN_SOFTHSM_CHILD";
        if let Some(directory) = std::env::var_os(CHILD) {
            let directory = PathBuf::from(directory);
            body(&directory.join("tokens"));
            std::fs::write(directory.join(DONE), "").expect("a file can be written");
            return;
        }
        let hsm = Self::new();
        let (variable, configuration) = hsm.environment();
        let program = std::env::current_exe().expect("a test has a program");
        let output = Command::new(program)
            .args([test, "--exact", "--nocapture"])
            .env(variable, configuration)
            .env(CHILD, hsm.directory.path())
            .output()
            .expect("a test can run itself");
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{test} failed:\n{text}{errors}");
        assert!(hsm.directory.path().join(DONE).exists(), "there is no test {test}:\n{text}");
        print!("{text}");
    }

    fn configuration(&self) -> PathBuf {
        self.directory.path().join("softhsm2.conf")
    }
}

impl Default for SoftHsm {
    fn default() -> Self {
        Self::new()
    }
}
