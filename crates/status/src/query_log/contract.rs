//! What every record of queries must keep: one suite for each protocol's, run over each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use domain::revocation::CERTIFICATE_HOLD_CODE;
use jiff::{SignedDuration, Timestamp};
use store::HeardRequest;
use x509::ocsp::{CertificateStatus, ErrorStatus};

use super::{LogUnavailable, OcspAsked, OcspOutcome, Query, QueryLog, QueryRecord, heard};
use crate::ldap::{self, Asked, Identity, Operation, ResultCode, Scope};

/// What would be found of a log if the process ended now: all its lines, in order.
pub type Lines<'a> = &'a dyn Fn() -> Vec<String>;

/// Threads that record at once, and what each of them does.
const THREADS: usize = 8;
const OF_EACH: usize = 100;

/// Everything that the contract of [`QueryLog`] says, over one in which nothing was recorded yet.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check(log: &dyn QueryLog, lines: Lines<'_>) {
    what_was_recorded_is_there_when_it_was_said(log, lines);
    a_long_question_is_kept_by_its_beginning(log, lines);
    many_threads_lose_and_break_nothing(lines, &|thread, number| {
        let query = Query::Web { path: format!("/crl/{thread}/{number}"), status: 200 };
        let record = QueryRecord { query, ..of_verifier() };
        (record.to_string(), log.record(&record))
    });
}

/// The same of [`ldap::QueryLog`].
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check_ldap(log: &dyn ldap::QueryLog, lines: Lines<'_>) {
    let mut told = lines();
    assert_eq!(told, [""; 0], "nothing was recorded yet");
    for query in operations() {
        log.record(&query).expect("recorded");
        let line = QueryRecord::from(&query).to_string();
        let who = if query.identity == Identity::Anonymous { "-" } else { "verifier-1" };
        let begins = format!("{} {} {who} ldap {:?} ", query.at, query.peer, query.result);
        assert!(line.starts_with(&begins), "{line}");
        assert!(!line.contains('\n'), "what comes from outside is quoted: {line}");
        told.push(line);
        assert_eq!(lines(), told);
    }
    many_threads_lose_and_break_nothing(lines, &|thread, number| {
        let query = operation(verifier(), Asked::Bind { name: format!("CN={thread}/{number}") });
        (QueryRecord::from(&query).to_string(), log.record(&query))
    });
}

fn what_was_recorded_is_there_when_it_was_said(log: &dyn QueryLog, lines: Lines<'_>) {
    let mut told = lines();
    assert_eq!(told, [""; 0], "nothing was recorded yet");
    for query in queries() {
        for record in [QueryRecord { query: query.clone(), ..of_verifier() }, of_stranger(query)] {
            log.record(&record).expect("recorded");
            let line = record.to_string();
            assert!(!line.contains('\n'), "what comes from outside is quoted: {line}");
            told.push(line);
            assert_eq!(lines(), told);
        }
    }
    // A verifier's is told whole (A 5.4.1), about as many certificates as one request may ask.
    let asked = OcspAsked { ca: Some("jpki-auth".parse().expect("a CA")), ..nobodys() };
    let (asked, outcome) = (vec![asked; 100].into(), OcspOutcome::Signed);
    let query = Query::Ocsp { heard: Some(remembered()), is_retry: false, asked, outcome };
    let record = QueryRecord { query, ..of_verifier() };
    log.record(&record).expect("recorded");
    assert_eq!(lines().pop(), Some(record.to_string()));
}

/// Whatever its sender made it of: else nobody could ask it and have no record.
fn a_long_question_is_kept_by_its_beginning(log: &dyn QueryLog, lines: Lines<'_>) {
    let (many, outcome) = (Arc::from(vec![nobodys(); 5_000]), OcspOutcome::Signed);
    let ocsp = |heard| Query::Ocsp {
        heard,
        is_retry: false,
        asked: Arc::clone(&many),
        outcome: outcome.clone(),
    };
    let web = |character: char| {
        let path = std::iter::repeat_n(character, 60_000).collect();
        Query::Web { path, status: 404 }
    };
    let of_both =
        |query: Query| [QueryRecord { query: query.clone(), ..of_verifier() }, of_stranger(query)];
    let signed = of_stranger(ocsp(Some(remembered())));
    let long = [web('x'), web('\n'), web('髙'), ocsp(None)].into_iter().flat_map(of_both);
    for record in long.chain([signed]) {
        let before = lines().len();
        log.record(&record).expect("recorded");
        let (whole, told) = (record.to_string(), lines());
        let [.., line] = told.as_slice() else { panic!("no line") };
        let beginning = &whole[..whole.floor_char_boundary(160)];
        assert!(told.len() == before + 1 && line.starts_with(beginning), "{line}");
        // What the memory of signed requests is made again of is never cut.
        assert_eq!(heard(line), heard(&whole));
    }
}

/// `record` records what has these numbers, and tells how its line is.
fn many_threads_lose_and_break_nothing(
    lines: Lines<'_>,
    record: &(dyn Fn(usize, usize) -> (String, Result<(), LogUnavailable>) + Sync),
) {
    let before = lines().len();
    let record_some = |thread| {
        let one = |number| {
            let (line, recorded) = record(thread, number);
            recorded.expect("recorded");
            line
        };
        (0..OF_EACH).map(one).collect::<Vec<_>>()
    };
    let of_each: Vec<Vec<String>> = thread::scope(|scope| {
        let begun: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || record_some(thread))).collect();
        begun.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut told = lines();
    let told = told.split_off(before);
    assert_eq!(told.len(), THREADS * OF_EACH);
    for own in of_each {
        let found: Vec<_> = told.iter().filter(|line| own.contains(line)).cloned().collect();
        assert_eq!(found, own, "each thread's in its order");
    }
}

fn queries() -> Vec<Query> {
    let serial = "0123456789abcdef".to_owned();
    let status = |status| OcspAsked {
        ca: Some("jpki-auth".parse().expect("a CA")),
        serial: serial.clone(),
        status,
    };
    let revoked = CertificateStatus::Revoked { at: at(), reason: Some(CERTIFICATE_HOLD_CODE) };
    let known = [CertificateStatus::Good, CertificateStatus::Unknown, revoked];
    let asked: Arc<[_]> = known.map(Some).into_iter().chain([None]).map(status).collect();
    let refused = OcspOutcome::Refused {
        status: ErrorStatus::Unauthorized,
        rule: "a rule\nwith a \"line\"".to_owned(),
    };
    let ocsp = |heard, is_retry, outcome| {
        let asked = Arc::clone(&asked);
        Query::Ocsp { heard, is_retry, asked, outcome }
    };
    vec![
        ocsp(None, false, OcspOutcome::Signed),
        ocsp(Some(remembered()), false, OcspOutcome::Repeated),
        ocsp(Some(remembered()), true, refused.clone()),
        Query::Ocsp { heard: None, is_retry: false, asked: [].into(), outcome: refused },
        Query::Ldap {
            asked: Asked::Extended(ldap::START_TLS.to_owned()),
            result: ResultCode::Success,
        },
        Query::Ldap {
            asked: Asked::Bind { name: "CN=\r\n".to_owned() },
            result: ResultCode::Unavailable,
        },
        Query::Web { path: "/crl/\n2026".to_owned(), status: 404 },
        Query::Web { path: String::new(), status: 400 },
    ]
}

fn nobodys() -> OcspAsked {
    OcspAsked { ca: None, serial: "0a".repeat(20), status: None }
}

fn operations() -> Vec<ldap::Query> {
    let text = || "CN=\n\u{0}髙\"".to_owned();
    let all = [
        Asked::Bind { name: text() },
        Asked::Search {
            base: text(),
            scope: Scope::Subtree,
            attributes: vec![text(), String::new()],
            entries: 3,
        },
        Asked::Compare { entry: text(), attribute: text() },
        Asked::Extended(text()),
        Asked::Refused(Operation::Delete),
        Asked::Malformed(text()),
    ];
    let by = |identity: Identity| all.clone().map(|asked| operation(identity.clone(), asked));
    [by(Identity::Anonymous), by(verifier())].concat()
}

fn operation(identity: Identity, asked: Asked) -> ldap::Query {
    let result = match &asked {
        Asked::Malformed(_) => ResultCode::ProtocolError,
        _ => ResultCode::Success,
    };
    ldap::Query { at: at(), peer: peer(), identity, asked, result }
}

fn verifier() -> Identity {
    Identity::Verifier { id: "verifier-1".parse().expect("an id"), name: ldap::Dn::root() }
}

fn of_verifier() -> QueryRecord {
    let verifier = Some("verifier-1".parse().expect("an id"));
    QueryRecord { verifier, ..of_stranger(Query::Web { path: String::new(), status: 200 }) }
}

fn of_stranger(query: Query) -> QueryRecord {
    QueryRecord { at: at(), peer: peer(), verifier: None, query }
}

fn remembered() -> HeardRequest {
    let until = at() + SignedDuration::from_hours(24);
    HeardRequest { digest: [0x0a; 16], until, at: at(), from: peer().ip() }
}

fn at() -> Timestamp {
    Timestamp::from_second(1_000).expect("a time")
}

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 40_000))
}
