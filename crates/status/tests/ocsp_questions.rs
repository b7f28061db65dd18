//! Who finds a place for an OCSP question, and behind how many others.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::certificate::{CertificateKind, CertificateState as State};
use jiff::Timestamp;
use jitsuin_status::http::{HttpLimits, Services};
use jitsuin_status::known::Known;
use jitsuin_status::ocsp::{Responder, Settings};
use jitsuin_status::query_log::{LogUnavailable, MemoryQueryLog, QueryLog, QueryRecord};
use ocsp_fixture::World;
use ocsp_fixture::foreign::Running;
use ocsp_fixture::http::{connect_from, post, refused, request, serve};
use ocsp_fixture::request::{Draft, Signer};
use x509::ocsp::OcspResponse;

/// Holds the server's one thread at the first record, until it is let go on.
struct Gate {
    log: Arc<MemoryQueryLog>,
    reached: Mutex<Option<Sender<()>>>,
    opened: Mutex<Receiver<()>>,
}

impl QueryLog for Gate {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        if let Some(reached) = self.reached.lock().unwrap().take() {
            reached.send(()).unwrap();
            let _ = self.opened.lock().unwrap().recv();
        }
        self.log.record(record)
    }
}

/// Has a crowd ask, each from an address of the loopback interface, while the server's one thread is held at
/// the first of them; the records, in order. Each verifier is known at an address.
fn asked_at_once(world: &World, known: &[(&str, u8)], crowd: &[(u8, Vec<u8>)]) -> Vec<QueryRecord> {
    let (reached, at_gate) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let log = world.log.clone();
    let gate = Gate { log, reached: Mutex::new(Some(reached)), opened: Mutex::new(opened) };
    let config = [world.config(&world.ca)];
    let (memory, settings) = (world.memory.clone(), Settings::default());
    let responder = Responder::new(&config, world.source(), Arc::new(gate), memory, settings);
    let ocsp = Some(Arc::new(responder.unwrap()));
    let services = Services { ocsp, repository: None };
    let from = Known::default();
    for (id, last) in known {
        from.note(&id.parse().unwrap(), [127, 0, 0, *last].into(), Timestamp::now());
    }
    let server = Running::start_with(services, HttpLimits::default(), from);
    let mut open_ones: Vec<_> =
        crowd.iter().map(|(last, _)| connect_from(&server, *last)).collect();
    for (number, (one, (_, der))) in open_ones.iter_mut().zip(crowd).enumerate() {
        one.write_all(&request("POST", "/", "application/ocsp-request", der)).unwrap();
        if number == 0 {
            at_gate.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }
    open.send(()).unwrap();
    for one in &mut open_ones {
        let mut answer = Vec::new();
        one.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    let records = world.log.records();
    assert_eq!(records.len(), crowd.len(), "nobody is forgotten");
    records
}

/// Whoever signs nothing once had each question answered in turn with a registered verifier's, which stood
/// behind as many signatures as there were connections; and whoever put a verifier's certificate beside a
/// question, which is no secret, still had.
#[test]
fn v6_a_verifiers_question_stands_behind_the_places_of_strangers_and_not_behind_their_line() {
    for says_to_be_one in [false, true] {
        let world = World::new();
        let known = world.put(1, CertificateKind::TlsServer, State::Good);
        let signer = Signer::registered(&world, "verifier-1");
        let draft = Draft::about(&world.ca, &[known]);
        let strangers = || match says_to_be_one {
            false => draft.fresh().unsigned(),
            true => draft.fresh().with_signature(&[1; 64], &[&signer.certificate]),
        };
        let mut crowd: Vec<_> = (0..240).map(|at| (2 + at % 4, strangers())).collect();
        crowd.push((77, draft.signed(&signer)));
        let records = asked_at_once(&world, &[("verifier-1", 77)], &crowd);
        let before = records.iter().position(|record| record.verifier.is_some()).unwrap();
        let at_once = HttpLimits::default().open_questions_at_once;
        assert!(before <= 1 + at_once, "{before} strangers were answered first");
    }
}

/// One verifier's questions were once answered in turn with another's, however many they were.
#[test]
fn v6_a_verifiers_question_stands_behind_a_share_of_anothers() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let [many, one] = ["verifier-1", "verifier-2"].map(|id| Signer::registered(&world, id));
    let draft = Draft::about(&world.ca, &[user]);
    // All of them are looked at in one turn of the runtime.
    let mut crowd: Vec<_> = (0..40).map(|at| (2 + at % 4, draft.signed(&many))).collect();
    crowd.push((77, draft.signed(&one)));
    let known = [("verifier-1", 2), ("verifier-2", 77)];
    let records = asked_at_once(&world, &known, &crowd);
    let is_others = |record: &QueryRecord| record.verifier == Some("verifier-2".parse().unwrap());
    let before = records.iter().position(is_others).unwrap();
    let share = HttpLimits::default().verifiers_questions_at_once / 4;
    assert!(before <= 1 + share, "{before} of the other's were answered first");
}

#[test]
fn v6_a_verifier_for_whom_there_is_no_place_is_told_to_try_later() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let server_certificate = world.put(2, CertificateKind::TlsServer, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let limits = HttpLimits { verifiers_questions_at_once: 0, ..HttpLimits::default() };
    let server = serve(&world, limits);
    let asked = Draft::about(&world.ca, &[user]).signed(&signer);
    assert_eq!(refused(&post(&server, &asked).1), 3, "tryLater");
    let told = world.log.records().pop().unwrap();
    assert_eq!(told.verifier, Some("verifier-1".parse().unwrap()));
    assert!(told.to_string().contains(" ocsp heard:"), "and it is remembered: {told}");
    let (_, answer) = post(&server, &Draft::about(&world.ca, &[server_certificate]).unsigned());
    assert!(matches!(OcspResponse::parse(&answer), Ok(OcspResponse::Successful(_))));
}

/// One verifier once had all connections that are kept for those who are known, from a few addresses.
#[test]
fn v6_one_verifier_has_a_quarter_of_the_connections_from_wherever_it_comes() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let limits = HttpLimits { connections: 16, ..HttpLimits::default() };
    let server = serve(&world, limits);
    let asks = |last| {
        let mut stream = connect_from(&server, last);
        let der = Draft::about(&world.ca, &[user]).signed(&signer);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: ocsp\r\ncontent-type: application/ocsp-request\r\n\
             content-length: {}\r\n\r\n",
            der.len()
        );
        stream.write_all(&[head.as_bytes(), &der].concat()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        stream
    };
    let all: Vec<_> = (2..10).map(asks).collect();
    // What was evicted is closed; what stays says nothing more.
    let is_closed = |mut stream: TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream.read_to_end(&mut Vec::new()).is_ok()
    };
    let closed: Vec<bool> = all.into_iter().map(is_closed).collect();
    assert_eq!(closed, [[true; 4], [false; 4]].concat(), "those went that waited longest");
}

#[test]
fn v6_a_stranger_for_whom_there_is_no_place_is_told_to_try_later() {
    let world = World::new();
    let known = world.put(1, CertificateKind::TlsServer, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let limits = HttpLimits { open_questions_at_once: 0, ..HttpLimits::default() };
    let server = serve(&world, limits);
    let draft = Draft::about(&world.ca, &[known]);
    // Who only says to be a verifier is a stranger; a certificate beside the request is no signature.
    let stranger = Signer::new(&world, "stranger");
    let forged = draft.fresh().with_signature(&[1; 64], &[&signer.certificate]);
    let questions = [draft.fresh().unsigned(), draft.signed(&stranger), forged, b"x".to_vec()];
    // Each waits for seconds.
    std::thread::scope(|scope| {
        let server = &server;
        let asking =
            questions.each_ref().map(|der| scope.spawn(move || refused(&post(server, der).1)));
        for one in asking {
            assert_eq!(one.join().unwrap(), 3, "tryLater");
        }
    });
    let (_, answer) = post(&server, &draft.signed(&signer));
    assert!(matches!(OcspResponse::parse(&answer), Ok(OcspResponse::Successful(_))));
    assert_eq!(world.log.records().len(), 5, "and each has its record");
}

/// A question that its asker gave up while it waited was once remembered by this process alone, and by no
/// record: whoever had overheard it asked by it after the next start.
#[test]
fn v5_a_verifiers_question_that_is_cut_off_while_it_waits_has_its_record() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let limits = HttpLimits { verifiers_questions_at_once: 0, ..HttpLimits::default() };
    let server = serve(&world, limits);
    let asked = Draft::about(&world.ca, &[user]).signed(&signer);
    let mut stream = connect_from(&server, 2);
    stream.write_all(&request("POST", "/", "application/ocsp-request", &asked)).unwrap();
    while world.memory.is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stream);
    let records = || world.log.records();
    while records().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = records().pop().unwrap();
    assert_eq!(told.verifier, Some("verifier-1".parse().unwrap()));
    let told = told.to_string();
    assert!(told.contains(" ocsp heard:") && told.contains("cut off"), "{told}");
}
