//! Strangers in great numbers, doing what once took from those inside what they needed: at many times the
//! size that it took then (ten in the long form), while the staff and a verifier go on with their work.
//!
//! That everybody inside is served, what strangers cost at most, and that nothing of it is left, must
//! hold. How long the staff waits depends on the machine: it is printed beside what is aimed at.

mod afterwards;
mod attacks;
mod crowd;
mod inside;
mod line;
mod messages;

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use self::afterwards::{Holding, Records};
use self::attacks::{Attack, Ports};
use self::crowd::{Crowd, Left};
use self::inside::{Answers, Inside, Served};
use crate::demo::copy_populated;
use crate::installation::{Installation, Server};
use crate::strangers::{asks_ocsp, good_users, revoke};

/// Files that the server may open: the usual soft limit of a service.
const FILES: u32 = 1024;

/// Memory that the server may ever have had, MiB.
const MOST_MEMORY_MIB: u64 = 256;

/// Entries of the journal that tell of the strangers of one attack: refusals are counted together.
const MOST_REFUSALS: u64 = 64;

/// Octets that the record of a stranger's question may have: 256 of each name that it bears.
const MOST_OF_A_RECORD: usize = 1024;

/// Strangers' questions that are records of their own in a minute (ADR 0038).
const LINES_A_MINUTE: u64 = 1_000;

/// Records in which the others of a minute are counted: those of 256 subscribers, and one of everybody else
/// for each of the few kinds of questions.
const SUMS_A_MINUTE: u64 = 256 + 32;

/// Questions whose records may come once those who asked have left.
const LATE_RECORDS: u64 = 64;

/// Octets of the log of a whole run: what strangers do is no line of it.
const MOST_OF_THE_LOG: usize = 16 << 10;

/// What is aimed at: of a hundred requests of the staff, ninety-nine are answered within it.
const AIM: Duration = Duration::from_millis(50);

/// How many strangers come, and how long they stay.
struct Settings {
    times: usize,
    stay: Duration,
}

impl Settings {
    /// From the environment, which `cargo xtask load` sets.
    fn read() -> Self {
        let number = |name: &str, otherwise| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")),
            Err(_) => otherwise,
        };
        Self {
            times: number("JITSUIN_LOAD_TIMES", 4) as usize,
            stay: Duration::from_secs(number("JITSUIN_LOAD_SECONDS", 1)),
        }
    }
}

#[test]
fn v5_v6_e1_what_strangers_do_many_times_over_keeps_nobody_inside_from_their_work() {
    let settings = Settings::read();
    allow_sockets();
    let installation = Installation::made_by(copy_populated);
    let server = installation.serve_with_files(FILES).unwrap();
    let (status, said) = server.client.awaken().unwrap();
    assert_eq!(status, 200, "{said}");
    let ports = Ports::of(&server);
    let attacks = attacks::all(&ports, &session(&server), &question(&installation, &server));
    let mut good = good_users(&server.client, attacks.len() + 1);
    let stays_good = good.pop().unwrap();
    println!("at rest: {}", Holding::of(&installation, &server));
    for (place, attack) in attacks.iter().enumerate() {
        let trial = Trial { installation: &installation, server: &server, ports: &ports };
        // Where there are fewer users than attacks, the last attacks revoke nobody.
        let revoked = good.get(place).map(String::as_str);
        println!("{}", trial.of(attack, &settings, &stays_good, revoked));
    }
    assert!(server.stop(), "it stops in good order");
    let log = fs::read_to_string(installation.log()).unwrap();
    for fault in ["could not be sealed", "Too many open files", "unable to open", "ERROR"] {
        assert!(!log.contains(fault), "{fault}: {log}");
    }
    assert!(log.len() < MOST_OF_THE_LOG, "{} octets of log: {log}", log.len());
}

/// What anybody may ask, of a responder's certificate, with a nonce: it takes a signature each time.
fn question(installation: &Installation, server: &Server) -> Vec<u8> {
    let path = "cas/jpki-auth/certificates?limit=200";
    let (status, page) = server.client.ask("operator-1", "GET", path, None, &[]).unwrap();
    assert_eq!(status, 200, "{page}");
    let mut rows = page["certificates"].as_array().unwrap().iter();
    let responder = rows.find(|one| one["kind"] == "ocsp-responder").unwrap();
    let serial = format!("0x{}", responder["serial"].as_str().unwrap());
    let issuer = ["ocsp", "-issuer", "certificates/jpki-auth.pem", "-serial", &serial];
    let asked = [&issuer[..], &["-nonce", "-reqout", "question.der"]].concat();
    let said = testkit::run(installation.path(), "openssl", &asked);
    assert!(said.success, "{}", said.text);
    fs::read(installation.path().join("question.der")).unwrap()
}

/// This process has as many sockets as all strangers need.
fn allow_sockets() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, all).expect("this process needs as many sockets");
}

/// A session that somebody opened by a password and left open.
fn session(server: &Server) -> String {
    let password = "words that no list has: 8 of them";
    let ask = |who: &str, path: &str, body| server.client.ask(who, "POST", path, Some(&body), &[]);
    let (status, said) = ask("manager-1", "me/password", json!({ "new": password })).unwrap();
    assert_eq!(status, 200, "{said}");
    let login = json!({ "id": "manager-1", "password": password });
    let (status, said) = ask("manager-1", "sessions", login).unwrap();
    assert_eq!(status, 201, "{said}");
    said["token"].as_str().unwrap().to_owned()
}

/// An installation under attack.
struct Trial<'a> {
    installation: &'a Installation,
    server: &'a Server,
    ports: &'a Ports,
}

impl Trial<'_> {
    /// One attack, while work goes on; what came of it.
    fn of(
        &self,
        attack: &Attack,
        settings: &Settings,
        stays_good: &str,
        revoked: Option<&str>,
    ) -> Figures {
        let name = attack.name;
        let before = Holding::of(self.installation, self.server);
        let (recorded, begun) = (Records::of(self.installation), Instant::now());
        let overflows = afterwards::overflows();
        let inside = Inside::begin(self.installation, self.server, stays_good);
        let crowd = Crowd::of(attack, settings.times);
        std::thread::sleep(settings.stay);
        if let Some(serial) = revoked {
            revoke(&self.server.client, serial);
            let repository = self.server.repository.to_string();
            let said = asks_ocsp(self.installation.path(), &repository, serial);
            assert!(said.contains(": revoked"), "{name}: {said}");
        }
        let (served, answers) = inside.end();
        let left = crowd.leave();
        assert!(left.came > 0, "{name}: nobody came");
        assert!(served.faults.is_empty(), "{name}: {:?}", served.faults);
        assert!(!served.kept.is_empty() && !served.anew.is_empty(), "{name}: nobody was served");
        assert!(answers.wrong.is_none(), "{name}: the verifier heard: {:?}", answers.wrong);
        assert!(answers.right > 0, "{name}: the verifier heard nothing");
        // What the kernel turned away the server never saw.
        let is_kernels = afterwards::overflows() > overflows;
        assert!(answers.lost == 0 || is_kernels, "{name}: {} questions were lost", answers.lost);
        // What the doors are asked afterwards leaves records of its own.
        let spent = Holding::of(self.installation, self.server);
        let records = Records::of(self.installation);
        let bounded = records.are_few_since(&recorded, left.asked, begun.elapsed());
        let open = afterwards::is_as_before(self.ports, self.installation, self.server, &before);
        assert_eq!(open, Ok(()), "{name}: something is shut or held still");
        let after = Holding::of(self.installation, self.server);
        let refusals = spent.refusals - before.refusals;
        assert!(refusals <= MOST_REFUSALS, "{name}: {refusals} entries for strangers");
        assert_eq!(bounded, Ok(()), "{name}: records of strangers' questions");
        assert!(after.peak_mib < MOST_MEMORY_MIB, "{name}: {after}");
        Figures { name, served, left, answers, after }
    }
}

impl Records {
    /// Whether they are as few as is promised, of so many questions within such a time: each is one record
    /// at most, and a minute has a bound of them whatever is asked.
    fn are_few_since(&self, before: &Self, asked: u64, within: Duration) -> Result<(), String> {
        // One more than have passed was begun before, and one is not over.
        let minutes = within.as_secs() / 60 + 2;
        let (lines, sums) = (self.lines - before.lines, self.sums - before.sums);
        let is_few = lines <= asked + LATE_RECORDS
            && lines <= LINES_A_MINUTE * minutes
            && sums <= SUMS_A_MINUTE * minutes
            && self.longest <= MOST_OF_A_RECORD;
        let told = || format!("{lines} lines and {sums} sums of {asked} questions; {self:?}");
        if is_few { Ok(()) } else { Err(told()) }
    }
}

/// What came of an attack.
struct Figures {
    name: &'static str,
    served: Served,
    left: Left,
    answers: Answers,
    after: Holding,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, served, left, answers, after } = self;
        write!(f, "{name}: {} connections, {} answers; ", left.came, left.answered)?;
        for (over, times) in [("kept", &served.kept), ("new", &served.anew)] {
            let (middle, late) = (at(times, 50), at(times, 99));
            write!(f, "{} requests over {over} connections, p50 ", times.len())?;
            write!(f, "{} ms, p99 {} ms; ", middle.as_millis(), late.as_millis())?;
        }
        write!(f, "{} late; aim {} ms; ", served.late, AIM.as_millis())?;
        write!(f, "{} signed OCSP answers, {} lost; {after}", answers.right, answers.lost)
    }
}

/// The time within which so many of a hundred were served.
fn at(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peak_mib, resident_mib, descriptors, .. } = self;
        write!(f, "memory {resident_mib} MiB, at most {peak_mib}; {descriptors} descriptors")
    }
}
