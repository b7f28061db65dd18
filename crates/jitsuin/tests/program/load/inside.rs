//! Those who go on with their work: one of the staff, over a connection that stays and over new ones, and
//! the registered verifier.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use crate::installation::{Client, Installation, Server, TIMEOUT};
use crate::strangers::asks_ocsp;

/// Between two requests of one person.
const PAUSE: Duration = Duration::from_millis(10);

/// How long somebody waits who comes anew: where thousands come at once, the machine decides how long a
/// connection stands in line before the server sees it.
const TIMEOUT_ANEW: Duration = Duration::from_secs(10);

/// Where nobody has come in anew by the end of an attack, it goes on until so many were late; so it does
/// where the verifier has had no answer.
const MOST_TRIES: usize = 6;

/// One request in so many comes over a connection of its own.
const ANEW: usize = 4;

pub(super) struct Inside {
    stop: Arc<AtomicBool>,
    staff: JoinHandle<Served>,
    verifier: JoinHandle<Answers>,
}

/// How the staff was served.
#[derive(Default)]
pub(super) struct Served {
    /// How long each request took over the connection that stayed.
    pub(super) kept: Vec<Duration>,
    /// The same for a connection and a request.
    pub(super) anew: Vec<Duration>,
    /// How many new connections had no answer for [`TIMEOUT_ANEW`], and were given up.
    pub(super) late: usize,
    /// What was refused.
    pub(super) faults: Vec<String>,
}

/// What the verifier heard.
#[derive(Default)]
pub(super) struct Answers {
    /// Answers that say what is so.
    pub(super) right: u64,
    /// Questions to which nothing came back, not even a status of HTTP.
    pub(super) lost: u64,
    /// An answer that says anything else.
    pub(super) wrong: Option<String>,
}

impl Inside {
    /// They are at work when this returns; the verifier asks about a certificate that is good.
    pub(super) fn begin(installation: &Installation, server: &Server, serial: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (client, stopped) = (server.client.clone(), stop.clone());
        let staff = spawn(move || work(&client, &stopped));
        let (place, address) = (installation.path().to_owned(), server.repository);
        let (serial, stopped) = (serial.to_owned(), stop.clone());
        let verifier = spawn(move || ask(&place, address, &serial, &stopped));
        Self { stop, staff, verifier }
    }

    /// How the staff was served, and what the verifier heard.
    pub(super) fn end(self) -> (Served, Answers) {
        self.stop.store(true, Ordering::SeqCst);
        (self.staff.join().expect("the staff"), self.verifier.join().expect("the verifier"))
    }
}

fn work(client: &Client, stop: &AtomicBool) -> Served {
    let bearer = format!("Bearer {}", client.token("operator-1"));
    let headers = [("Authorization", bearer.as_str())];
    let mut kept = client.keep(TIMEOUT).expect("a connection");
    let mut served = Served::default();
    let mut number = 0;
    let goes_on = |served: &Served| {
        !stop.load(Ordering::SeqCst) || served.anew.is_empty() && served.late < MOST_TRIES
    };
    while goes_on(&served) && served.faults.is_empty() {
        number += 1;
        let begun = Instant::now();
        let is_anew = number % ANEW == 0;
        let answer = match is_anew {
            true => {
                client.keep(TIMEOUT_ANEW).and_then(|mut new| new.ask("GET", PATH, &headers, None))
            }
            false => kept.ask("GET", PATH, &headers, None),
        };
        match answer {
            Ok((200, _)) if is_anew => served.anew.push(begun.elapsed()),
            Ok((200, _)) => served.kept.push(begun.elapsed()),
            Err(error) if is_anew && is_late(&error) => served.late += 1,
            other => {
                let over = if is_anew { "a new connection" } else { "one that stays" };
                served.faults.push(format!("{PATH} over {over}: {other:?}"));
            }
        }
        sleep(PAUSE);
    }
    served
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// What any of the staff may read.
const PATH: &str = "/api/v1/cas";

fn ask(place: &Path, address: SocketAddr, serial: &str, stop: &AtomicBool) -> Answers {
    let mut answers = Answers::default();
    let goes_on = |answers: &Answers| {
        !stop.load(Ordering::SeqCst) || answers.right == 0 && answers.lost < MOST_TRIES as u64
    };
    while goes_on(&answers) && answers.wrong.is_none() {
        let said = asks_ocsp(place, &address.to_string(), serial);
        let is_lost = said.contains("Error querying OCSP responder") && !said.contains("Code=");
        match said.contains(": good") {
            true => answers.right += 1,
            false if is_lost => answers.lost += 1,
            false => answers.wrong = Some(said),
        }
        sleep(PAUSE * 5);
    }
    answers
}
