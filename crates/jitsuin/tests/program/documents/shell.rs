//! The reader's shell: one bash into which the commands of a document are typed, one after the other.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use testkit::run;

use super::blocks::Typed;

/// A bound for what takes seconds, so that a command that hangs is told from one that is slow.
const TIMEOUT: Duration = Duration::from_secs(200);

/// A bash in a directory of its own, without a terminal: nothing that is typed may ask for more.
pub(super) struct Shell {
    child: Child,
    script: ChildStdin,
    statuses: Receiver<i32>,
    directory: PathBuf,
}

impl Shell {
    /// Starts it there; a program of the directory goes before one of the machine.
    pub(super) fn start(directory: &Path) -> Self {
        let path = std::env::var("PATH").unwrap();
        let mut child = Command::new("setsid")
            .args(["bash", "--noprofile", "--norc", "-u", "-o", "pipefail"])
            .env("PATH", format!("{}:{path}", directory.display()))
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("shell.log")).unwrap())
            .spawn()
            .unwrap();
        let (script, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, statuses) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(told).lines().map_while(Result::ok);
            // Whoever listened may have gone.
            lines.filter_map(|line| line.parse().ok()).all(|status| send.send(status).is_ok())
        });
        Self { child, script, statuses, directory: directory.to_owned() }
    }

    /// Types a command; returns its status and all that it said.
    ///
    /// # Panics
    /// The command does not end, or ends the shell.
    pub(super) fn types(&mut self, command: &Typed) -> (i32, String) {
        let place = |name: &str| self.directory.join(name);
        let line = format!("{{\n{}}} < /dev/null > shell.out 2>&1; echo $?\n", command.text);
        self.script.write_all(line.as_bytes()).unwrap();
        let ended = self.statuses.recv_timeout(TIMEOUT);
        let said = fs::read(place("shell.out")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        match ended {
            Ok(status) => (status, said),
            Err(why) => {
                let log = fs::read_to_string(place("shell.log")).unwrap();
                panic!("line {}: {why}: {}\n{said}\n{log}", command.line, command.text)
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // With whatever hangs in it: the session is its own process group.
        let group = format!("-{}", self.child.id());
        run(&self.directory, "kill", &["-KILL", "--", &group]);
        let _ = self.child.wait();
    }
}
