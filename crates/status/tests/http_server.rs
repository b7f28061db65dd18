//! The HTTP server's manners: types, methods, sizes, and clients that are slow or many.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use domain::certificate::{CertificateKind, CertificateState as State};
use domain::id::SerialNumber;
use domain::policy::Policy;
use jiff::SignedDuration;
use jitsuin_status::http::{HttpLimits, Publication, Repository, Services};
use jitsuin_status::known::Known;
use jitsuin_status::ldap::ClearPasswords;
use jitsuin_status::ocsp::Settings;
use jitsuin_status::verifier_auth::{VerifierAuth, Whence};
use ocsp_fixture::World;
use ocsp_fixture::foreign::Running;
use ocsp_fixture::http::{connect, connect_from, exchange, post, refused, request, serve};
use ocsp_fixture::request::Draft;
use x509::ocsp::OcspResponse;
use x509::ocsp::request::MAX_REQUEST_LENGTH;

const POLICY: &str = include_str!("../../../policy/jpki-auth.toml");

/// Short enough that a test waits for them, long enough for a busy machine.
fn short() -> HttpLimits {
    let short = Duration::from_millis(300);
    HttpLimits { head: short, body: short, ..HttpLimits::default() }
}

#[test]
fn v5_every_request_has_the_right_http_status() {
    let world = World::new();
    let server = serve(&world, HttpLimits::default());
    for (method, path, kind, status) in [
        ("POST", "/", "application/ocsp-request", "200"),
        ("POST", "/ocsp", "Application/OCSP-Request; charset=x", "200"),
        ("POST", "/", "application/x-www-form-urlencoded", "415"),
        ("POST", "/nowhere", "application/ocsp-request", "404"),
        ("GET", "/nowhere", "text/plain", "404"),
        ("GET", "/", "text/plain", "405"),
        ("DELETE", "/ocsp", "text/plain", "405"),
        ("GET", "/ocsp/%zz", "text/plain", "200"),
        ("GET", "/ocsp/AAAA", "text/plain", "200"),
    ] {
        let (head, body) = exchange(&server, &request(method, path, kind, b"x"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {head}");
        if status == "200" {
            assert_eq!(refused(&body), 1, "what cannot be read is malformed");
        }
        assert_eq!(status == "405", head.contains("\r\nallow: "), "{head}");
    }
}

/// RFC 9112 3.2: a server answers 400 to a request without Host, with two, or with what is none.
#[test]
fn v5_v4_a_request_says_one_host() {
    let world = World::new();
    let server = serve(&world, HttpLimits::default());
    let ask = |line: &str, hosts: &str| {
        let end = "connection: close\r\n\r\n";
        exchange(&server, format!("{line}\r\n{hosts}{end}").as_bytes()).0
    };
    for line in ["GET /ocsp/AAAA HTTP/1.1", "GET /nowhere HTTP/1.1", "PUT / HTTP/1.1"] {
        for wrong in [
            "",
            "host: a.example\r\nhost: b.example\r\n",
            "host: a.example\r\nhost: a.example\r\n",
            "host:\r\n",
            "host: a b\r\n",
            "host: a@b\r\n",
            "host: http://a/\r\n",
            "host: a:x\r\n",
        ] {
            let head = ask(line, wrong);
            assert!(head.starts_with("HTTP/1.1 400"), "{line} {wrong:?}: {head}");
        }
    }
    for right in ["a.example", "a.example:80", "192.0.2.1:10501", "[2001:db8::1]"] {
        let head = ask("GET /ocsp/AAAA HTTP/1.1", &format!("Host: {right}\r\n"));
        assert!(head.starts_with("HTTP/1.1 200"), "{right}: {head}");
    }
    // Before HTTP/1.1 there was none, and some clients of OCSP speak so; two are none then either.
    let old = "GET /ocsp/AAAA HTTP/1.0";
    assert!(ask(old, "").starts_with("HTTP/1.0 200") || ask(old, "").starts_with("HTTP/1.1 200"));
    assert!(ask(old, "host: a\r\nhost: b\r\n").contains(" 400"));
}

#[test]
fn v5_head_has_the_headers_of_get_and_no_body() {
    let world = World::new();
    let server = serve(&world, HttpLimits::default());
    let certificate = world.put(1, CertificateKind::TlsServer, State::Good);
    let der = Draft::about(&world.ca, &[certificate]).unsigned();
    let path = format!("/ocsp/{}", Base64::encode_string(&der));
    let (head, body) = exchange(&server, &request("HEAD", &path, "text/plain", b""));
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/ocsp-response"));
    assert_eq!(body, b"");
}

#[test]
fn v5_oversized_requests_are_malformed_and_not_read_to_their_end() {
    let world = World::new();
    let server = serve(&world, HttpLimits::default());
    // Announced, and sent in pieces without a length.
    let announced = format!(
        "POST / HTTP/1.1\r\nhost: o\r\nconnection: close\r\n\
         content-type: application/ocsp-request\r\ncontent-length: {}\r\n\r\n",
        1_u64 << 40
    );
    let (head, body) = exchange(&server, announced.as_bytes());
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(refused(&body), 1);
    let chunk = [b"1000\r\n".as_slice(), &[0x30; 0x1000], b"\r\n"].concat();
    let mut chunked = b"POST / HTTP/1.1\r\nhost: o\r\nconnection: close\r\n\
        content-type: application/ocsp-request\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    chunked.extend(chunk.repeat(MAX_REQUEST_LENGTH / 0x1000));
    chunked.extend(b"1\r\nx\r\n");
    let (head, body) = exchange(&server, &chunked);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(refused(&body), 1);
    let (head, _) =
        exchange(&server, format!("GET /{} HTTP/1.1\r\n", "M".repeat(40_000)).as_bytes());
    assert!(head.starts_with("HTTP/1.1 4"), "an endless head is refused: {head:?}");
}

#[test]
fn v5_slow_and_silent_clients_are_cut_off() {
    let world = World::new();
    let server = serve(&world, short());
    let (head, _) = exchange(&server, b"");
    assert_eq!(head, "", "silence is met with an end");
    let (head, _) = exchange(&server, b"POST / HTTP/1.1\r\nhost: o\r\nx-slow");
    assert!(!head.contains("200"), "half a head: {head:?}");
    let half = b"POST / HTTP/1.1\r\nhost: o\r\ncontent-type: application/ocsp-request\r\n\
        content-length: 10\r\n\r\n012";
    let (head, _) = exchange(&server, half);
    assert!(head.starts_with("HTTP/1.1 408"), "half a body: {head:?}");
    // And nobody else was kept waiting.
    assert!(post(&server, b"x").0.starts_with("HTTP/1.1 200"));
}

#[test]
fn v5_one_connection_carries_many_requests() {
    let world = World::new();
    let certificate = world.put(1, CertificateKind::TlsServer, State::Good);
    let der = Draft::about(&world.ca, &[certificate]).unsigned();
    let server = serve(&world, short());
    let one = request("POST", "/", "application/ocsp-request", &der);
    let kept = String::from_utf8_lossy(&one).contains("connection: close");
    assert!(kept);
    let open = [
        format!(
            "POST / HTTP/1.1\r\nhost: o\r\ncontent-type: application/ocsp-request\r\n\
             content-length: {}\r\n\r\n",
            der.len()
        )
        .into_bytes(),
        der.clone(),
    ]
    .concat();
    let mut stream = connect(&server);
    stream.write_all(&open.repeat(5)).unwrap();
    let mut answers = Vec::new();
    // The server ends the connection when it has been idle.
    stream.read_to_end(&mut answers).unwrap();
    let count = answers.windows(12).filter(|twelve| twelve == b"HTTP/1.1 200").count();
    assert_eq!(count, 5);
    assert_eq!(world.log.records().len(), 5);
}

/// 330 connections that said nothing once kept every verifier out.
#[test]
fn v5_a_connection_that_only_waits_makes_room_for_one_that_asks() {
    let world = World::new();
    let server = serve(&world, HttpLimits { connections: 4, ..HttpLimits::default() });
    for opening in ["", "POST / HTTP/1.1\r\n", HEAD_WITHOUT_BODY] {
        let mut idle: Vec<_> = (0..8)
            .map(|_| {
                let mut stream = connect(&server);
                let _ = stream.write_all(opening.as_bytes());
                stream
            })
            .collect();
        assert!(post(&server, b"x").0.starts_with("HTTP/1.1 200"), "{opening:?}");
        let mut said = Vec::new();
        let _ = idle[0].read_to_end(&mut said);
        assert_eq!(said, [0_u8; 0], "and it is closed without a word");
    }
}

const HEAD_WITHOUT_BODY: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\
    content-type: application/ocsp-request\r\n\r\n";

/// A web repository whose password checks are told of, and end with what comes back.
fn guarded(world: &World, limits: HttpLimits) -> (Running, Receiver<()>, Sender<()>) {
    let (came, coming) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let check = move |_: &[u8], _: &str, _: Whence| {
        came.send(()).unwrap();
        let _ = ended.lock().unwrap().recv();
        Some(false)
    };
    let known = Known::default();
    let auth = VerifierAuth::new(world.store.clone(), Arc::new(check), "decoy", known);
    let (log, clear) = (world.log.clone(), ClearPasswords::Accepted);
    let repository = Repository::new(world.store.clone(), auth, clear, log, Vec::new());
    let services = Services { ocsp: None, repository: Some(Arc::new(repository)) };
    (Running::start(services, limits), coming, end)
}

const GUESS: &str = "GET /crl/jpki-auth/1/11203.crl HTTP/1.1\r\nhost: r\r\n\
    authorization: Basic dmVyaWZpZXItMTphIGd1ZXNz\r\n\r\n";

#[test]
fn v5_who_finds_no_room_is_told_to_come_back() {
    let world = World::new();
    let limits = HttpLimits { connections: 1, ..HttpLimits::default() };
    let (server, coming, end) = guarded(&world, limits);
    let mut first = connect(&server);
    first.write_all(GUESS.as_bytes()).unwrap();
    // A thread works for it from here on.
    coming.recv().unwrap();
    let mut answer = String::new();
    connect(&server).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    drop(end);
}

/// What waited for a place once counted as work, so a crowd of three addresses kept all others out.
#[test]
fn v6_whoever_waits_for_a_place_makes_room_for_one_that_asks() {
    let world = World::new();
    let limits = HttpLimits { connections: 16, repository_at_once: 1, ..HttpLimits::default() };
    let (server, coming, end) = guarded(&world, limits);
    let from = |last: u8| connect_from(&server, last);
    let ask = |mut socket: TcpStream, octets: &[u8]| {
        socket.write_all(octets).unwrap();
        socket
    };
    let crowd: Vec<_> = (0..12).map(|at| ask(from(2 + at % 3), GUESS.as_bytes())).collect();
    coming.recv().unwrap();
    for last in 9..13 {
        let mut socket = ask(from(last), &request("GET", "/nothing", "text/plain", b""));
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{last}: {answer}");
    }
    drop((end, crowd));
}

/// A web repository that has one page, which no socket takes as a whole.
fn of_a_large_page(world: &World) -> Running {
    let mut policy = Policy::from_toml(POLICY).unwrap();
    policy.cps.title = "x".repeat(24 << 20);
    let publication = Publication { policy: Arc::new(policy), cross_certified: Vec::new() };
    let check = |_: &[u8], _: &str, _: Whence| Some(false);
    let known = Known::default();
    let auth = VerifierAuth::new(world.store.clone(), Arc::new(check), "decoy", known);
    let (log, clear) = (world.log.clone(), ClearPasswords::Accepted);
    let repository = Repository::new(world.store.clone(), auth, clear, log, vec![publication]);
    let services = Services { ocsp: None, repository: Some(Arc::new(repository)) };
    Running::start(services, HttpLimits::default())
}

/// A place ended when an answer was made, so that one address had as many in memory as it had connections.
#[test]
fn v6_an_address_that_takes_no_answer_has_few_of_them_in_memory() {
    let world = World::new();
    let server = of_a_large_page(&world);
    let ask = |last: u8, path: &str| {
        let mut socket = connect_from(&server, last);
        socket.write_all(&request("GET", path, "text/plain", b"")).unwrap();
        let mut status = [0; 12];
        socket.read_exact(&mut status).unwrap();
        (String::from_utf8_lossy(&status[9..]).into_owned(), socket)
    };
    let page = "/cps/jpki-auth";
    let mut unread: Vec<_> = (0..4).map(|_| ask(2, page)).collect();
    assert!(unread.iter().all(|(status, _)| status == "200"), "{unread:?}");
    assert_eq!(ask(2, page).0, "503");
    assert_eq!(ask(2, "/nothing").0, "404", "what is small takes no share");
    assert_eq!(ask(3, page).0, "200", "another's is their own");
    // Who takes one has room for the next.
    let (_, mut first) = unread.remove(0);
    std::io::copy(&mut first, &mut std::io::sink()).unwrap();
    assert_eq!(ask(2, page).0, "200");
}

#[test]
fn v5_cacheable_answers_bear_the_headers_of_rfc_9919() {
    let world = World::new();
    let certificate = world.put(1, CertificateKind::TlsServer, State::Good);
    let validity = Some(SignedDuration::from_hours(1));
    let settings = Settings { validity, ..Settings::default() };
    let ocsp = Some(Arc::new(world.responder_for(&[world.config(&world.ca)], settings)));
    let server = Running::start(Services { ocsp, repository: None }, HttpLimits::default());
    let der = Draft::about(&world.ca, &[certificate]).unsigned();
    let path = format!("/ocsp/{}", Base64::encode_string(&der));
    let (head, body) = exchange(&server, &request("GET", &path, "text/plain", b""));
    assert!(matches!(OcspResponse::parse(&body), Ok(OcspResponse::Successful(_))));
    for part in ["last-modified: ", "expires: ", "etag: \"", "cache-control: max-age=3"] {
        assert!(head.contains(part), "{part}: {head}");
    }
    assert!(head.contains("public, no-transform, must-revalidate"), "{head}");
    let (head, _) = post(&server, &der);
    assert!(head.contains("cache-control: no-store"), "answers to POST are not cached: {head}");
}

/// A server whose answers may be kept, and an OCSP request in whose base64 are both signs that base64url
/// writes otherwise.
fn cacheable() -> (World, Running, Vec<u8>) {
    let world = World::new();
    let settings =
        Settings { validity: Some(SignedDuration::from_hours(1)), ..Settings::default() };
    let ocsp = Some(Arc::new(world.responder_for(&[world.config(&world.ca)], settings)));
    let server = Running::start(Services { ocsp, repository: None }, HttpLimits::default());
    let mut random = [0xfb; 16];
    random[1..10].fill(0xff);
    random[4] = 0xef;
    random[7] = 0xbf;
    let serial = SerialNumber::from_random(random).unwrap();
    let certificate = world.put_serial(serial, CertificateKind::TlsServer, State::Good);
    let (about, oid) = (Draft::about(&world.ca, &[certificate]), x509::oid::KEY_USAGE);
    // Longer and longer, until it needs padding and has both signs.
    let mut all = (0..60).map(|length| {
        let value = [0xfb, 0xef, 0xbf, 0xff].repeat(15);
        about.clone().extension(oid, false, &value[..length]).unsigned()
    });
    let is_meant = |der: &Vec<u8>| {
        let text = Base64::encode_string(der);
        text.contains('+') && text.contains('/') && text.ends_with('=')
    };
    let der = all.find(is_meant).unwrap();
    drop(all);
    (world, server, der)
}

/// Of the head, what lasts from one answer to the next.
fn kept(head: &str) -> Vec<&str> {
    head.lines().filter(|line| !line.starts_with("date: ") && !line.contains("max-age")).collect()
}

/// What clients write without padding, or in base64url, was once no request.
#[test]
fn v5_a_request_in_the_address_is_read_in_either_alphabet_padded_or_not() {
    let (_world, server, der) = cacheable();
    let plain = Base64::encode_string(&der);
    let (bare, url) = (plain.trim_end_matches('='), plain.replace('+', "-").replace('/', "_"));
    let percent = |text: &str| text.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    let get = |encoded: &str| {
        let path = format!("/{encoded}");
        exchange(&server, &request("GET", &path, "text/plain", b""))
    };
    let (head, body) = get(&plain);
    assert!(matches!(OcspResponse::parse(&body), Ok(OcspResponse::Successful(_))), "{head}");
    let bare_url = url.trim_end_matches('=');
    let forms = [percent(&plain), bare.to_owned(), percent(bare), url.clone(), bare_url.to_owned()];
    for form in forms.iter().chain([&percent(&url), &format!("ocsp/{bare_url}")]) {
        let (again, answer) = get(form);
        assert_eq!(kept(&again), kept(&head), "{form}");
        assert!(again.contains("max-age=3"), "{again}");
        assert_eq!(answer, body, "{form}");
    }
    for none in [plain.replace('+', "-"), format!("{plain}="), format!("{bare}%")] {
        assert_eq!(refused(&get(&none).1), 1, "{none}");
    }
}

/// RFC 9110 13: a condition that failed was once as good as none.
#[test]
fn v5_an_answer_that_may_be_kept_is_given_under_the_conditions_of_who_asks() {
    let (_world, server, der) = cacheable();
    let path = format!("/{}", Base64::encode_string(&der));
    let ask = |method: &str, path: &str, conditions: &str| {
        let kind = "content-type: application/ocsp-request";
        let length = if method == "POST" { der.len() } else { 0 };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: o\r\nconnection: close\r\n{kind}\r\n\
             content-length: {length}\r\n{conditions}\r\n"
        );
        exchange(&server, &[head.as_bytes(), &der[..length]].concat())
    };
    let (head, _) = ask("GET", &path, "");
    let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let (tag, modified) = (line("etag: "), line("last-modified: "));
    let status = |method: &str, path: &str, conditions: &str| {
        let (head, body) = ask(method, path, conditions);
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(status == 200 && method != "HEAD", OcspResponse::parse(&body).is_ok(), "{head}");
        if status == 304 {
            let bears = head.contains(tag) && head.contains("cache-control: max-age=3");
            assert!(bears && body.is_empty(), "{head}");
        }
        status
    };
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    for method in ["GET", "HEAD"] {
        for (conditions, expected) in [
            (format!("if-match: {tag}\r\n"), 200),
            (format!("if-match: \"other\"\r\nif-match: {tag}\r\n"), 200),
            ("if-match: *\r\n".to_owned(), 200),
            ("if-match: \"other\"\r\n".to_owned(), 412),
            (format!("if-match: W/{tag}\r\n"), 412),
            (format!("if-unmodified-since: {modified}\r\n"), 200),
            (format!("if-unmodified-since: {old}\r\n"), 412),
            (format!("if-none-match: {tag}\r\n"), 304),
            (format!("if-modified-since: {modified}\r\n"), 304),
            (format!("if-match: \"other\"\r\nif-none-match: {tag}\r\n"), 412),
            (format!("if-match: {tag}\r\nif-unmodified-since: {old}\r\n"), 200),
        ] {
            assert_eq!(status(method, &path, &conditions), expected, "{method} {conditions}");
        }
    }
    // An answer that nobody may keep bears no tag and no time.
    assert_eq!(status("GET", "/ocsp/AAAA", "if-match: \"other\"\r\n"), 412);
    assert_eq!(status("GET", "/ocsp/AAAA", &format!("if-unmodified-since: {old}\r\n")), 200);
    // What is no answer has no conditions (RFC 9110 13.2.1), and a POST changes and replaces nothing.
    assert_eq!(status("GET", "/nowhere", "if-match: \"other\"\r\n"), 404);
    assert_eq!(status("POST", "/", &format!("if-match: {tag}\r\n")), 412);
    assert_eq!(status("POST", "/", &format!("if-none-match: {tag}\r\n")), 200);
}
