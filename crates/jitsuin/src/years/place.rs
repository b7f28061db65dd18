//! An installation at any time: the program's own commands, with a clock that the test moves.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Result;
use ca::{Renewal, find_or_generate};
use jiff::{SignedDuration, Timestamp};
use keys::quorum::{CustodianId, Passphrase};
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::Cli;
use crate::clock::Clock;
use crate::commands;
use crate::config::ConfigFile;
use crate::custodians::{Present, passphrases};
use crate::system::{Claim, System};

/// The custodians, any two of whom open the keys.
pub(crate) const CUSTODIANS: [&str; 3] = ["custodian-1", "custodian-2", "custodian-3"];

/// A directory, with a clock that goes as clocks do, and is moved on between commands.
pub(crate) struct Place {
    scratch: Arc<TempDir>,
    begun: Instant,
    ahead: Arc<Mutex<Timestamp>>,
}

impl Place {
    /// An empty directory with the custodians' passphrases, at `now`.
    pub(crate) fn at(now: &str) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        for custodian in CUSTODIANS {
            let passphrase = format!("known to {custodian} and nobody else");
            let file = scratch.path().join(format!("{custodian}.passphrase"));
            std::fs::write(file, passphrase).expect("written");
        }
        // Ports that the system chooses.
        let config = ConfigFile::local(0);
        config.write(&scratch.path().join("jitsuin.toml")).expect("a configuration");
        let ahead = Arc::new(Mutex::new(now.parse().expect("a time")));
        Self { scratch: Arc::new(scratch), begun: Instant::now(), ahead }
    }

    /// The same directory, for somebody whose clock is `ahead`.
    pub(crate) fn beside(other: &Self, ahead: SignedDuration) -> Self {
        let ahead = *other.ahead.lock().expect("the clock") + ahead;
        Self {
            scratch: other.scratch.clone(),
            begun: other.begun,
            ahead: Arc::new(Mutex::new(ahead)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn handed_out(&self, name: &str) -> PathBuf {
        self.path().join("data/handed-out").join(name)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock())()
    }

    /// The installation, opened, with so many custodians who came.
    pub(crate) fn open(&self, custodians: usize) -> Arc<System> {
        let system = System::open(&self.path().join("jitsuin.toml"), Claim::Own, self.clock());
        let system = system.expect("an installation");
        system.let_in(&self.present()[..custodians]).expect("the custodians");
        Arc::new(system)
    }

    /// All custodians with their passphrases.
    pub(crate) fn custodians(&self) -> Vec<(CustodianId, Passphrase)> {
        passphrases(&self.present()).expect("passphrases")
    }

    fn present(&self) -> Vec<Present> {
        let present = |custodian: &&str| {
            let file = self.path().join(format!("{custodian}.passphrase")).display().to_string();
            Present { custodian: custodian.parse().expect("an id"), file }
        };
        CUSTODIANS.iter().map(present).collect()
    }

    /// Moves the clock on.
    pub(crate) fn after(&self, span: SignedDuration) {
        *self.ahead.lock().expect("the clock") += span;
    }

    /// Moves the clock to `at`.
    pub(crate) fn move_to(&self, at: Timestamp) {
        let ahead = at.duration_since(self.now());
        assert!(ahead.is_positive(), "{at} has passed");
        self.after(ahead);
    }

    pub(crate) fn after_days(&self, days: i64) {
        self.after(SignedDuration::from_hours(24 * days));
    }

    pub(crate) fn clock(&self) -> Clock {
        let (ahead, begun) = (self.ahead.clone(), self.begun);
        Arc::new(move || {
            let now = *ahead.lock().expect("the clock") + begun.elapsed();
            Timestamp::from_microsecond(now.as_microsecond()).expect("a time")
        })
    }

    /// Runs a command in this directory, with so many custodians present, as whoever has `shown`
    /// among what was handed out.
    pub(crate) fn run(&self, custodians: usize, shown: &str, command: &[&str]) -> Result<Value> {
        let at = |name: String| self.path().join(name).display().to_string();
        let mut words = vec!["jitsuin".to_owned(), "--json".to_owned()];
        words.extend(["--config".to_owned(), at("jitsuin.toml".to_owned())]);
        for custodian in &CUSTODIANS[..custodians] {
            let file = at(format!("{custodian}.passphrase"));
            words.push(format!("--custodian={custodian}={file}"));
        }
        if !shown.is_empty() {
            let file = self.handed_out(shown).display().to_string();
            words.extend(["--as".to_owned(), file]);
        }
        words.extend(command.iter().map(|word| (*word).to_owned()));
        let cli = Cli::try_parse_from(words)?;
        Ok(commands::run(&cli, self.clock())?.json)
    }

    /// A command that must be carried out.
    pub(crate) fn answer(&self, custodians: usize, shown: &str, command: &[&str]) -> Value {
        let at = self.now();
        let done = self.run(custodians, shown, command);
        done.unwrap_or_else(|error| panic!("{at} {shown} {command:?}: {error:#}"))
    }

    /// A command that must be refused; what it said.
    pub(crate) fn refusal(&self, custodians: usize, shown: &str, command: &[&str]) -> String {
        match self.run(custodians, shown, command) {
            Ok(done) => panic!("{command:?}: {done}"),
            Err(error) => format!("{error:#}"),
        }
    }
}

/// Renews every CA's key; the new one signs from the next second on.
pub(crate) fn renew_keys(system: &System) {
    for authority in system.authorities.values() {
        // Reckoned for each, since each takes its time.
        let issues_from = system.now() + SignedDuration::from_secs(1);
        let renewal = Renewal { issues_from, early: None };
        let act = system.act("ceremony").expect("an act");
        let keys = &*system.machine.keys;
        authority.renewals().renew(&act, &renewal, &find_or_generate, keys).expect("renewed");
    }
}
