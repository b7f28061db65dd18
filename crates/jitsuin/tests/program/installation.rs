//! An installation whose server runs as a real one does: started, awakened by custodians, killed.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Output, run};

use crate::demo::PROGRAM;
use crate::https::{Https, Kept};

/// A bound for what takes seconds, so that what hangs is told from what is slow.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The options that bring two custodians to a command in an installation.
pub(crate) const CUSTODIANS: [&str; 2] = [
    "--custodian=custodian-1=data/handed-out/custodian-1.passphrase",
    "--custodian=custodian-2=data/handed-out/custodian-2.passphrase",
];

/// A directory that was set up as the demo is, and works without the demo.
pub(crate) struct Installation {
    scratch: TempDir,
}

/// Its server while it runs; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) client: Client,
    pub(crate) api: SocketAddr,
    pub(crate) repository: SocketAddr,
    pub(crate) ldap: SocketAddr,
    pub(crate) holder: SocketAddr,
}

/// Whoever asks the API, with the tokens of everybody.
#[derive(Clone)]
pub(crate) struct Client {
    api: Https,
    handed_out: PathBuf,
}

impl Installation {
    /// The copy that `prepare` makes of something in an empty directory.
    pub(crate) fn made_by(prepare: impl FnOnce(&Path)) -> Self {
        let scratch = TempDir::new().unwrap();
        prepare(scratch.path());
        Self { scratch }
    }

    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Runs a command as somebody who was handed a token.
    pub(crate) fn command(&self, who: &str, words: &[&str]) -> Output {
        command(self.path(), who, words)
    }

    /// Begins to start the server, and does not wait for it.
    pub(crate) fn begin(&self, environment: &[(&str, &str)]) -> Child {
        self.spawn(Command::new(PROGRAM).args(["serve"]).envs(environment.iter().copied()))
    }

    fn spawn(&self, command: &mut Command) -> Child {
        let output = File::create(self.log()).unwrap();
        command
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap()
    }

    /// Starts the server; returns once it answers.
    ///
    /// # Errors
    /// What the program said when it ended in place of serving.
    pub(crate) fn serve(&self, environment: &[(&str, &str)]) -> Result<Server, String> {
        self.served(self.begin(environment))
    }

    /// Starts the server where it may open so many files at once and no more.
    ///
    /// # Errors
    /// As of [`Self::serve`].
    pub(crate) fn serve_with_files(&self, files: u32) -> Result<Server, String> {
        let line = format!("ulimit -n {files} && exec '{PROGRAM}' serve");
        self.served(self.spawn(Command::new("sh").args(["-c", &line])))
    }

    fn served(&self, mut child: Child) -> Result<Server, String> {
        let begun = Instant::now();
        loop {
            let said = fs::read_to_string(self.log()).unwrap_or_default();
            if let Some([api, repository, ldap, holder]) = addresses(&said) {
                let certificate = self.path().join("data/tls/server.pem");
                let https = match Https::new(api, &certificate) {
                    Ok(https) => https,
                    Err(said) => {
                        let _ = child.kill();
                        let _ = child.wait();
                        return Err(said);
                    }
                };
                let handed_out = self.path().join("data/handed-out");
                let client = Client { api: https, handed_out };
                return Ok(Server { child, client, api, repository, ldap, holder });
            }
            if let Some(status) = child.try_wait().unwrap() {
                return Err(format!("{status}: {}", fs::read_to_string(self.log()).unwrap()));
            }
            if begun.elapsed() > TIMEOUT {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it neither serves nor ends: {said}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the server says beside its answers.
    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("serve.log")
    }
}

/// Runs a command of the program in `directory` as somebody who was handed a token.
pub(crate) fn command(directory: &Path, who: &str, words: &[&str]) -> Output {
    let token = format!("data/handed-out/{who}.token");
    run(directory, PROGRAM, &[&["--json", "--as", &token], words].concat())
}

/// The addresses of the API, the repository, the directory and the holders' page, once the server has
/// told all.
pub(crate) fn addresses(said: &str) -> Option<[SocketAddr; 4]> {
    let find = |before: &str, after: char| {
        let (_, rest) = said.split_once(before)?;
        rest.split_once(after)?.0.parse().ok()
    };
    Some([
        find("api https://", '/')?,
        find("repository and OCSP http://", '/')?,
        find("\nldap://", ' ')?,
        find("holders' page https://", '/')?,
    ])
}

impl Client {
    /// Asks as somebody who was handed a token.
    ///
    /// # Errors
    /// There is no whole answer.
    pub(crate) fn ask(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        more: &[(&str, &str)],
    ) -> io::Result<(u16, Value)> {
        let bearer = format!("Bearer {}", self.token(who));
        let headers = [&[("Authorization", bearer.as_str())], more].concat();
        self.api.ask(method, &format!("/api/v1/{path}"), &headers, body, TIMEOUT)
    }

    /// A connection to the API that stays, and waits so long for each answer.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn keep(&self, timeout: Duration) -> io::Result<Kept> {
        self.api.keep(timeout)
    }

    /// How it speaks TLS with the server.
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.api.config()
    }

    /// Asks as somebody whose token nobody was ever handed.
    ///
    /// # Errors
    /// There is no whole answer.
    pub(crate) fn ask_as_stranger(&self, path: &str) -> io::Result<(u16, Value)> {
        let bearer = [("Authorization", "Bearer 0123456789abcdef0123456789abcdef")];
        self.api.ask("GET", &format!("/api/v1/{path}"), &bearer, None, TIMEOUT)
    }

    /// The token that somebody was handed.
    pub(crate) fn token(&self, who: &str) -> String {
        let token = fs::read_to_string(self.handed_out.join(format!("{who}.token")));
        token.unwrap_or_else(|error| panic!("{who}: {error}")).trim().to_owned()
    }

    /// Two custodians come and wake the keys.
    pub(crate) fn awaken(&self) -> io::Result<(u16, Value)> {
        let mut last = Ok((0, Value::Null));
        for custodian in ["custodian-1", "custodian-2"] {
            let file = self.handed_out.join(format!("{custodian}.passphrase"));
            let passphrase = fs::read_to_string(file).unwrap();
            let body = json!({ "passphrase": passphrase.trim() });
            last = Ok(self.ask(custodian, "POST", "keys/activation", Some(&body), &[])?);
        }
        last
    }
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it has ended by itself, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Ends it without a chance to tidy up.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Tells it to stop and waits until it did; whether it did in good order.
    pub(crate) fn stop(mut self) -> bool {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.is_ok_and(|status| status.success()));
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
