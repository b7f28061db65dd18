//! What an attack cost the server, and that nothing of it is left: from an address of the crowd, every
//! door is open again, and nothing of the crowd's is held.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use store::segments::read_records;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::attacks::{Ports, VERIFIER};
use super::crowd;
use super::line::Port;
use super::messages::{Scope, bind, http, search};
use crate::installation::{Installation, Server, TIMEOUT};

/// Descriptors that come and go with the staff's own work, and those of readers that were closed: SQLite
/// keeps the file of each for the next one as long as anybody has a lock (unix VFS, `findReusableFd`), and
/// the store has 64 readers at once at most.
const A_FEW: usize = 16 + 64;

/// A subscriber's share of places for work that anybody can cause.
const SHARE: usize = 4;

/// success, at the end of a search, and the name that it matched (RFC 4511 4.1.9).
const FOUND: &[u8] = &[0x0a, 0x01, 0x00, 0x04, 0x00];

/// invalidCredentials.
const REFUSED: &[u8] = &[0x0a, 0x01, 0x31];

/// What the server has, and what its journal has of strangers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holding {
    pub(super) peak_mib: u64,
    pub(super) resident_mib: u64,
    pub(super) descriptors: usize,
    /// Entries of the journal that tell of strangers.
    pub(super) refusals: u64,
}

/// The records of strangers' questions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Records {
    /// Those of one question each.
    pub(super) lines: u64,
    /// Those in which the questions of a minute are counted.
    pub(super) sums: u64,
    /// Octets of the longest.
    pub(super) longest: usize,
}

impl Holding {
    pub(super) fn of(installation: &Installation, server: &Server) -> Self {
        let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            let kib = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
            kib.div_ceil(1024)
        };
        let descriptors = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
        let data = installation.path().join("data");
        Self {
            peak_mib: mib("VmHWM:"),
            resident_mib: mib("VmRSS:"),
            descriptors,
            refusals: refusals(&data.join("state.db")),
        }
    }
}

impl Records {
    pub(super) fn of(installation: &Installation) -> Self {
        let mut records = Self::default();
        let read = read_records(&installation.path().join("data/queries"), 0, |line| {
            let words: Vec<&str> = line.split(' ').take(5).collect();
            match words[2..] {
                // Whoever asked, a registered verifier signed it.
                [_, "ocsp", heard] if heard.starts_with("heard:") => return Ok(()),
                ["-", "sum", _] => records.sums += 1,
                ["-", ..] => records.lines += 1,
                _ => return Ok(()),
            }
            records.longest = records.longest.max(line.len());
            Ok(())
        });
        read.unwrap();
        records
    }
}

fn refusals(database: &Path) -> u64 {
    let journal = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    // Whoever has proven who they are and is refused has an entry each time.
    let count = "SELECT count(*) FROM journal WHERE instr(body, '\"result\":\"refused\"') > 0 \
                 AND instr(body, 'anonymous') > 0";
    journal.query_row(count, [], |row| row.get(0)).unwrap()
}

/// How often the kernel turned a connection away since the machine started, because those that wait to be
/// accepted were too many (`ListenOverflows` of `/proc/net/netstat`).
pub(super) fn overflows() -> u64 {
    let told = fs::read_to_string("/proc/net/netstat").unwrap();
    let mut lines = told.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, numbers) = (lines.next().unwrap(), lines.next().unwrap());
    let mut pairs = names.split(' ').zip(numbers.split(' '));
    pairs.find(|(name, _)| *name == "ListenOverflows").unwrap().1.parse().unwrap()
}

/// Waits until every door is open to an address of the crowd, its whole share of places at once, and no
/// more descriptors are held than before.
///
/// # Errors
/// What was still shut or held after a minute.
pub(super) fn is_as_before(
    ports: &Ports,
    installation: &Installation,
    server: &Server,
    before: &Holding,
) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let held = Holding::of(installation, server).descriptors;
        let mut shut = shut(ports);
        if held > before.descriptors + A_FEW {
            let kinds = descriptors(server.pid());
            shut.push(format!(
                "{held} descriptors are held, {} before: {kinds:?}",
                before.descriptors
            ));
        }
        match shut.is_empty() {
            true => return Ok(()),
            false if begun.elapsed() > TIMEOUT => return Err(shut.join("\n")),
            false => sleep(Duration::from_millis(100)),
        }
    }
}

/// What a process's descriptors are of, and how many of each.
fn descriptors(process: u32) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for one in fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten() {
        let Ok(of) = fs::read_link(one.path()) else { continue };
        let name = of.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = name.split(':').next().unwrap_or_default().to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// A door: what is asked there, how often at once, and what is in the answer where it is open.
struct Door<'a> {
    name: &'static str,
    port: &'a Port,
    question: Vec<u8>,
    at_once: usize,
    answers: &'static [&'static [u8]],
}

/// The doors that are shut.
fn shut(ports: &Ports) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    doors(ports).iter().filter_map(|door| runtime.block_on(knock(door)).err()).collect()
}

fn doors(ports: &Ports) -> Vec<Door<'_>> {
    let nothing = Value::Null;
    let get = |path, headers: &[(&str, &str)]| http("GET", path, headers, &nothing);
    let wrong = [("Authorization", "Bearer 0123456789abcdef0123456789abcdef")];
    let login = json!({ "id": "nobody", "password": "a guess of somebody" });
    let logins = http("POST", "/api/v1/sessions", &[], &login);
    let challenges = http("POST", "/api/v1/sessions/passkey-challenges", &[], &nothing);
    let door =
        |name, port, question, at_once, answers| Door { name, port, question, at_once, answers };
    vec![
        door("log-in", &ports.api, logins, 1, &[b" 401 "]),
        door("passkeys", &ports.api, challenges, SHARE, &[b" 201 "]),
        door("tokens", &ports.api, get("/api/v1/cas", &wrong), SHARE, &[b" 401 "]),
        door("health", &ports.api, get("/api/v1/health", &[]), SHARE, &[b" 200 ", b" 503 "]),
        door("holders", &ports.holders, get("/", &[]), SHARE, &[b"certificate-needed"]),
        door("repository", &ports.repository, get("/ca/jpki-auth/1.cer", &[]), SHARE, &[b" 200 "]),
        door("directory", &ports.directory, search(Scope::Base, b"cn"), SHARE, &[FOUND]),
        door("binds", &ports.directory, bind(VERIFIER, "wrong"), 1, &[REFUSED]),
    ]
}

/// # Errors
/// What was heard in place of an answer.
async fn knock(door: &Door<'_>) -> Result<(), String> {
    let mut knocks = JoinSet::new();
    for _ in 0..door.at_once {
        knocks.spawn(answered(door.port.clone(), door.question.clone(), door.answers));
    }
    let answers: Result<Vec<()>, String> = knocks.join_all().await.into_iter().collect();
    answers.map(drop).map_err(|heard| format!("{}: {heard}", door.name))
}

async fn answered(
    port: Port,
    question: Vec<u8>,
    answers: &'static [&'static [u8]],
) -> Result<(), String> {
    let mut heard = Vec::new();
    let listen = async {
        let mut line = port.call(crowd::address(0)).await?;
        line.say(&question).await?;
        while !answers.iter().any(|answer| has(&heard, answer)) {
            match line.hear().await? {
                more if more.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => heard.extend(more),
            }
        }
        Ok(())
    };
    let listened: io::Result<()> =
        timeout(TIMEOUT / 6, listen).await.unwrap_or_else(|late| Err(late.into()));
    listened.map_err(|error| format!("{error} after {}", heard.escape_ascii()))
}

fn has(heard: &[u8], answer: &[u8]) -> bool {
    heard.windows(answer.len()).any(|part| part == answer)
}
