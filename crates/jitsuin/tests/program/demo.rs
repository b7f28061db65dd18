//! A populated demo: made once for each build of the program, and copied for every test.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;
use testkit::{Output, run, run_long, run_with};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_jitsuin");

/// A bound for what takes seconds, so that a program that hangs is told from one that is slow.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A demo that runs on a copy of its own; it is stopped when this is dropped.
pub(crate) struct Demo {
    child: Child,
    scratch: TempDir,
    /// What the program was told beside the usual.
    more: Vec<&'static str>,
    pub(crate) ready: Ready,
}

/// The ready file, as far as tests read it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ready {
    pub(crate) ocsp_url: String,
    pub(crate) ldap_url: String,
    pub(crate) ldaps_url: String,
    pub(crate) repository_url: String,
    pub(crate) holder_url: String,
    pub(crate) tls_ca_pem: String,
    pub(crate) audit_public_key: String,
    pub(crate) cas: Vec<Ca>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) verifier: Verifier,
    pub(crate) card: Option<CardPlace>,
    pub(crate) hsm: Option<Token>,
    pub(crate) pid: u32,
}

/// The demo's token, if it has one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Token {
    pub(crate) conf: String,
}

/// The demo's card, in the first of two readers.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CardPlace {
    pub(crate) id: String,
    pub(crate) pcsc_socket: String,
    pub(crate) reader: String,
    pub(crate) empty_reader: String,
    pub(crate) empty_reader_address: String,
    pub(crate) auth_pin: String,
    pub(crate) sign_password: String,
    pub(crate) auth_certificate_pem: String,
    pub(crate) sign_certificate_pem: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ca {
    pub(crate) id: String,
    pub(crate) certificate_pem: String,
    pub(crate) crl_dns: Vec<String>,
    pub(crate) arl_dn: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) ca: String,
    pub(crate) kind: String,
    pub(crate) serial_hex: String,
    pub(crate) status: String,
    pub(crate) certificate_pem: String,
    pub(crate) municipality: Option<String>,
    pub(crate) crl_dn: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Verifier {
    pub(crate) id: String,
    pub(crate) password: String,
    pub(crate) bind_dn: String,
    pub(crate) client_certificate_pem: String,
    pub(crate) client_key_pem: String,
}

impl Demo {
    /// Copies the populated demo and runs it; returns once everything answers.
    pub(crate) fn start() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        copy_populated(&scratch.path().join("demo"));
        let (child, ready) = launch(scratch.path(), &[]);
        Self { child, scratch, more: Vec::new(), ready }
    }

    /// Sets a demo up as a newcomer does, and runs it.
    pub(crate) fn start_in_an_empty_directory() -> Self {
        Self::set_up(Vec::new())
    }

    /// Sets a demo up on a token of SoftHSM2, and runs it.
    pub(crate) fn start_on_a_token() -> Self {
        Self::set_up(vec!["--hsm", "softhsm"])
    }

    fn set_up(more: Vec<&'static str>) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let (child, ready) = launch(scratch.path(), &more);
        Self { child, scratch, more, ready }
    }

    /// The directory that clients work in; the demo's own is `demo` below it.
    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// What the demo keeps under this name.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.path().join("demo").join(name)
    }

    /// The ready file's text.
    pub(crate) fn ready_text(&self) -> String {
        fs::read_to_string(self.path().join("ready.json")).unwrap()
    }

    /// Tells the program to stop and waits until it did.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        signal("-TERM", &self.child);
        wait(&mut self.child).expect("the program stops when it is told to")
    }

    /// Ends the program without a chance to tidy up, and starts it again.
    pub(crate) fn restart_after_a_kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.ready) = launch(self.scratch.path(), &self.more);
    }

    /// Starts the program again after it was stopped.
    pub(crate) fn start_again(&mut self) {
        (self.child, self.ready) = launch(self.scratch.path(), &self.more);
    }

    /// Runs the program itself with other arguments, in the demo's scratch directory.
    pub(crate) fn jitsuin(&self, arguments: &[&str]) -> Output {
        run(self.path(), PROGRAM, arguments)
    }

    /// Writes the journal of a demo that was stopped into `export`, as the internal auditor.
    pub(crate) fn export(&self) -> Output {
        let who = ["--as", "demo/data/handed-out/auditor-1.token"];
        let what = ["--config", "demo/jitsuin.toml", "audit", "export", "export"];
        // It is written over nothing.
        let _ = fs::remove_file(self.path().join("export"));
        self.jitsuin(&[&who[..], &what].concat())
    }

    /// The card in the demo's reader, with the PC/SC service that has both readers.
    pub(crate) fn card(&self) -> &CardPlace {
        self.ready.card.as_ref().expect("the demo put a card into its reader")
    }

    /// Runs a program that nobody here wrote and that asks the demo's readers.
    pub(crate) fn card_client(&self, program: &str, arguments: &[&str]) -> Output {
        let socket = self.card().pcsc_socket.as_str();
        run_with(&[("PCSCLITE_CSOCK_NAME", socket)], self.path(), program, arguments)
    }

    /// The CA of this id.
    pub(crate) fn ca(&self, id: &str) -> &Ca {
        self.ready.cas.iter().find(|ca| ca.id == id).expect("a CA of the demo")
    }

    /// The certificates of a CA, of a kind, in a state.
    pub(crate) fn certificates(&self, ca: &str, kind: &str, status: &str) -> Vec<&Certificate> {
        let wanted = |one: &&Certificate| one.ca == ca && one.kind == kind && one.status == status;
        let found: Vec<_> = self.ready.certificates.iter().filter(wanted).collect();
        assert!(!found.is_empty(), "the demo has no {kind} certificate of {ca} that is {status}");
        found
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        signal("-TERM", &self.child);
        if wait(&mut self.child).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").arg(name).arg(child.id().to_string()).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill {name} {}", child.id());
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < TIMEOUT {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

fn launch(scratch: &Path, more: &[&str]) -> (Child, Ready) {
    let (ready, log) = (scratch.join("ready.json"), scratch.join("log"));
    let _ = fs::remove_file(&ready);
    let output = File::create(&log).unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["demo", "--dir", "demo", "--base-port", "0", "--ready-file", "ready.json"])
        .args(more)
        .current_dir(scratch)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !ready.exists() {
        let ended = child.try_wait().unwrap();
        if ended.is_some() || begun.elapsed() > TIMEOUT {
            let _ = child.kill();
            panic!("the demo is not ready ({ended:?}): {}", fs::read_to_string(&log).unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = fs::read_to_string(&ready).unwrap();
    (child, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// Copies the populated demo of this build to `target`.
pub(crate) fn copy_populated(target: &Path) {
    copy_prepared("demo", target, |directory| {
        let arguments = ["demo", "--dir", ".", "--base-port", "0", "--once"];
        let told = run_long(directory, PROGRAM, &arguments);
        assert!(told.success, "{}", told.text);
    });
}

/// The same on a token of SoftHSM2, which comes to `tokens`, the place where a process that uses it looks.
pub(crate) fn copy_populated_on_a_token(target: &Path, tokens: &Path) {
    copy_prepared("on-a-token", target, |directory| {
        let arguments = ["demo", "--dir", ".", "--base-port", "0", "--once", "--hsm", "softhsm"];
        let told = run_long(directory, PROGRAM, &arguments);
        assert!(told.success, "{}", told.text);
    });
    let (from, to) = ("softhsm/tokens/.", tokens.to_str().unwrap());
    assert!(run(target, "cp", &["-a", from, to]).success, "the tokens come along");
}

/// Copies what `prepare` makes in an empty directory to `target`: it is made once for each build of
/// the program; who comes first makes it, the others wait.
pub(crate) fn copy_prepared(kind: &str, target: &Path, prepare: impl FnOnce(&Path)) {
    let program = fs::metadata(PROGRAM).unwrap();
    let name = format!("{kind}-{}-{}-{}", program.len(), program.mtime(), program.mtime_nsec());
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(home.join(format!("{kind}.lock"))).unwrap();
    lock.lock().unwrap();
    let prepared = home.join(&name);
    if !prepared.exists() {
        remove_older(home, kind);
        let unfinished = home.join(format!("{kind}-unfinished"));
        fs::create_dir(&unfinished).unwrap();
        prepare(&unfinished);
        fs::rename(&unfinished, &prepared).unwrap();
    }
    fs::create_dir_all(target).unwrap();
    let from = format!("{name}/.");
    assert!(run(home, "cp", &["-a", &from, target.to_str().unwrap()]).success, "a copy of {name}");
}

fn remove_older(home: &Path, kind: &str) {
    let entries = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let prefix = format!("/{kind}-");
    for old in entries.filter(|path| path.is_dir() && path.to_string_lossy().contains(&prefix)) {
        fs::remove_dir_all(old).unwrap();
    }
}
