//! A session without sockets: access, pages, controls, the record, and what happens when parts fail.
#![allow(clippy::unwrap_used)]

mod ldap_fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use bytes::Bytes;
use jiff::Timestamp;
use jitsuin_status::ldap::{
    Asked, AttributeDescription, Authentication, BindRequest, Control, DirectoryError, Filter,
    Identity, LdapAnswer, LogUnavailable, MemoryQueryLog, Message, Next, Password, Query, QueryLog,
    Request, ResultCode, Scope, SearchRequest, Service, Session, Values, directory_findings,
};
use ldap_fixture::{
    CRL, KAWAGUCHI, PASSWORD, POINTS, VERIFIER, attribute, directory, directory_with, dn, now,
    peer, results, service, session, settings, verifier,
};

const PAGED: &str = "1.2.840.113556.1.4.319";

fn search(base: &str, scope: Scope, attributes: &[&str]) -> SearchRequest {
    SearchRequest {
        base: base.to_owned(),
        scope,
        size_limit: 0,
        time_limit: 0,
        types_only: false,
        filter: Filter::Present(AttributeDescription::parse("objectClass").unwrap()),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn ask(session: &mut Session, search: &SearchRequest, controls: Vec<Control>) -> Vec<u8> {
    let request = Request::Search(Box::new(search.clone()));
    octets(session.handle(Message { id: 1, request, controls }))
}

fn octets(answer: LdapAnswer) -> Vec<u8> {
    answer.flat_map(|response| response.to_vec()).collect()
}

/// How many entries came, and the code that ended them.
fn outcome(octets: &[u8]) -> (usize, u8) {
    let mut results = results(octets);
    let (_, last) = results.pop().unwrap();
    assert!(results.iter().all(|(_, code)| code.is_none()), "only entries come before the end");
    (results.len(), last.unwrap())
}

fn bind(session: &mut Session, name: &str, password: &str) -> (u8, Next) {
    let authentication =
        Authentication::Simple(Password(Bytes::copy_from_slice(password.as_bytes())));
    let request = Request::Bind(BindRequest { version: 3, name: name.to_owned(), authentication });
    let mut answer = session.handle(Message { id: 1, request, controls: vec![] });
    let response = answer.next().unwrap().to_vec();
    (results(&response)[0].1.unwrap(), answer.next)
}

fn page(size: u8, cookie: &[u8]) -> Vec<Control> {
    let cookie = [&[0x04, cookie.len() as u8], cookie].concat();
    let value = [&[0x30, 3 + cookie.len() as u8, 0x02, 1, size], &cookie[..]].concat();
    vec![Control { oid: PAGED.to_owned(), critical: true, value: Some(value.into()) }]
}

/// The cookie at the end of an answer.
fn cookie(octets: &[u8]) -> Vec<u8> {
    let mut rest = octets;
    loop {
        let (message, after): (rasn_ldap::LdapMessage, _) =
            rasn::ber::decode_with_remainder(rest).unwrap();
        rest = after;
        if let Some(controls) = message.controls {
            let value = controls[0].control_value.clone().unwrap();
            // SEQUENCE, INTEGER of one octet, OCTET STRING: the content starts after seven octets.
            return value[7..].to_vec();
        }
    }
}

#[test]
fn v3_the_user_list_opens_with_a_bind_and_closes_with_the_next() {
    let (mut session, _) = session();
    let list = search(KAWAGUCHI, Scope::Base, &[CRL]);
    assert_eq!(outcome(&ask(&mut session, &list, vec![])), (0, 50));
    assert_eq!(
        outcome(&ask(&mut session, &search(KAWAGUCHI, Scope::Base, &["cn", CRL]), vec![])),
        (1, 0)
    );
    assert_eq!(
        outcome(&ask(&mut session, &search(KAWAGUCHI, Scope::Subtree, &[CRL]), vec![])),
        (1, 0)
    );
    assert_eq!(bind(&mut session, VERIFIER, PASSWORD), (0, Next::Continue));
    assert_eq!(session.identity(), &verifier());
    let answer = ask(&mut session, &list, vec![]);
    assert!(outcome(&answer) == (1, 0) && answer.len() > 5 * 1_024 * 1_024);
    assert_eq!(bind(&mut session, VERIFIER, "wrong").0, 49);
    assert_eq!(
        outcome(&ask(&mut session, &list, vec![])),
        (0, 50),
        "a failed bind ends the former identity"
    );
}

#[test]
fn v3_guessing_passwords_ends_the_session() {
    let (mut session, _) = session();
    for _ in 1..5 {
        assert_eq!(bind(&mut session, VERIFIER, "guess"), (49, Next::Continue));
    }
    assert_eq!(bind(&mut session, VERIFIER, "guess"), (49, Next::Close));
}

#[test]
fn v3_values_are_only_read_when_they_are_sent() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let load = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(vec![Bytes::from_static(b"list")])
    };
    let service =
        service(directory_with(Arc::new(load)), Arc::new(MemoryQueryLog::default()), settings());
    let mut session = Session::new(Arc::new(service), peer(), false);
    ask(&mut session, &search(KAWAGUCHI, Scope::Subtree, &[]), vec![]);
    bind(&mut session, VERIFIER, PASSWORD);
    ask(&mut session, &search(KAWAGUCHI, Scope::Base, &["cn"]), vec![]);
    ask(
        &mut session,
        &SearchRequest { types_only: true, ..search(KAWAGUCHI, Scope::Base, &[CRL]) },
        vec![],
    );
    assert_eq!(reads.load(Ordering::SeqCst), 0);
    ask(&mut session, &search(KAWAGUCHI, Scope::Base, &[CRL]), vec![]);
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[test]
fn v11_answers_say_as_of_when() {
    let (mut session, _) = session();
    let answer = ask(&mut session, &search(POINTS, Scope::Base, &["+"]), vec![]);
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.contains("as of 2026-11-22T06:00:00Z") && text.contains("20261122060000Z"),
        "{text}"
    );
}

#[test]
fn v3_pages_belong_to_their_search_session_and_identity() {
    let (mut session, _) = session();
    let points = search(POINTS, Scope::OneLevel, &["1.1"]);
    let first = ask(&mut session, &points, page(3, b""));
    let next = cookie(&first);
    assert_eq!((outcome(&first), next.len()), ((3, 0), 8));
    let other = search(POINTS, Scope::Subtree, &["1.1"]);
    assert_eq!(outcome(&ask(&mut session, &other, page(3, &next))), (0, 53), "another search");
    let (mut stranger, _) = ldap_fixture::session();
    assert_eq!(outcome(&ask(&mut stranger, &points, page(3, &next))), (0, 53), "another session");
    assert_eq!(outcome(&ask(&mut session, &points, page(3, b"guess"))), (0, 53), "a guess");
    let second = ask(&mut session, &points, page(3, &next));
    assert_eq!(outcome(&second), (3, 0));
    assert_eq!(
        outcome(&ask(&mut session, &points, page(3, &next))),
        (0, 53),
        "a cookie is used once"
    );
    bind(&mut session, "", "");
    assert_eq!(
        outcome(&ask(&mut session, &points, page(3, &cookie(&second)))),
        (0, 53),
        "another identity"
    );
}

#[test]
fn v3_pages_end_give_up_and_keep_the_clients_limit() {
    let (mut session, _) = session();
    let points = search(POINTS, Scope::OneLevel, &["1.1"]);
    let whole = ask(&mut session, &points, page(7, b""));
    assert_eq!((outcome(&whole), cookie(&whole)), ((7, 0), vec![]));
    let first = cookie(&ask(&mut session, &points, page(2, b"")));
    let given_up = ask(&mut session, &points, page(0, &first));
    assert_eq!((outcome(&given_up), cookie(&given_up)), ((0, 0), vec![]));
    assert_eq!(outcome(&ask(&mut session, &points, page(2, &first))), (0, 53));
    let limited = SearchRequest { size_limit: 5, ..points.clone() };
    let first = ask(&mut session, &limited, page(3, b""));
    assert_eq!(outcome(&first), (3, 0));
    assert_eq!(outcome(&ask(&mut session, &limited, page(3, &cookie(&first)))), (2, 4));
    let oldest = cookie(&ask(&mut session, &points, page(1, b"")));
    for _ in 0..4 {
        ask(&mut session, &points, page(1, b""));
    }
    assert_eq!(
        outcome(&ask(&mut session, &points, page(1, &oldest))),
        (0, 53),
        "the oldest is forgotten"
    );
}

#[test]
fn v3_controls_that_are_not_served() {
    let (mut session, _) = session();
    let point = search(POINTS, Scope::Base, &["1.1"]);
    let unknown = |critical| vec![Control { oid: "1.2.3.4".into(), critical, value: None }];
    assert_eq!(outcome(&ask(&mut session, &point, unknown(true))), (0, 12));
    assert_eq!(outcome(&ask(&mut session, &point, unknown(false))), (1, 0));
    let no_value = vec![Control { oid: PAGED.into(), critical: true, value: None }];
    assert_eq!(outcome(&ask(&mut session, &point, no_value)), (0, 2));
    let twice = [page(1, b""), page(1, b"")].concat();
    assert_eq!(outcome(&ask(&mut session, &point, twice)), (0, 2));
    let authentication = Authentication::Simple(Password(Bytes::new()));
    let bind = Request::Bind(BindRequest { version: 3, name: String::new(), authentication });
    let answer = octets(session.handle(Message { id: 1, request: bind, controls: page(1, b"") }));
    assert_eq!(results(&answer), [(1, Some(12))], "pages mean nothing to a bind");
}

#[test]
fn v3_binds_this_server_does_not_serve() {
    let (mut session, _) = session();
    let anonymous = || Authentication::Simple(Password(Bytes::new()));
    for (version, authentication, expected) in
        [(2, anonymous(), 2), (3, Authentication::Sasl("EXTERNAL".into()), 7), (3, anonymous(), 0)]
    {
        let request = Request::Bind(BindRequest { version, name: String::new(), authentication });
        let answer = octets(session.handle(Message { id: 5, request, controls: vec![] }));
        assert_eq!(results(&answer), [(5, Some(expected))]);
    }
    assert_eq!(bind(&mut session, "", PASSWORD).0, 49, "a password without a name is nobody's");
}

#[test]
fn v3_extended_operations() {
    let (mut session, _) = session();
    let mut ask = |name: &str, has_value| {
        let request = Request::Extended { name: name.to_owned(), has_value };
        let mut answer = session.handle(Message { id: 1, request, controls: vec![] });
        let response = answer.next().unwrap().to_vec();
        (results(&response)[0].1.unwrap(), answer.next)
    };
    assert_eq!(ask("1.3.6.1.4.1.4203.1.11.3", false), (0, Next::Continue));
    assert_eq!(ask("1.3.6.1.4.1.4203.1.11.1", true), (2, Next::Continue));
    assert_eq!(ask("1.3.6.1.4.1.1466.20037", true), (2, Next::Continue));
    assert_eq!(ask("1.3.6.1.4.1.1466.20037", false), (0, Next::StartTls));
    session.tls_established();
    let request = Request::Extended { name: "1.3.6.1.4.1.1466.20037".into(), has_value: false };
    let answer = session.handle(Message { id: 1, request, controls: vec![] });
    assert_eq!((answer.next, results(&octets(answer))), (Next::Continue, vec![(1, Some(1))]));
}

struct FullDisk;

impl QueryLog for FullDisk {
    fn record(&self, _: &Query) -> Result<(), LogUnavailable> {
        Err(LogUnavailable::Failed("no space left".into()))
    }
}

#[test]
fn v3_without_a_record_there_is_no_answer() {
    let service = service(directory(), Arc::new(FullDisk), settings());
    let mut session = Session::new(Arc::new(service), peer(), false);
    assert_eq!(outcome(&ask(&mut session, &search(POINTS, Scope::Subtree, &[]), vec![])), (0, 52));
    assert_eq!(bind(&mut session, VERIFIER, PASSWORD).0, 52);
    assert_eq!(session.identity().to_string(), "", "nobody is authenticated without a record");
}

#[test]
fn v3_a_list_that_cannot_be_read_ends_the_answer_and_is_recorded() {
    let log = Arc::new(MemoryQueryLog::default());
    let fails = || Err(DirectoryError::Unavailable("disk".into()));
    let service = service(directory_with(Arc::new(fails)), log.clone(), settings());
    let mut session = Session::new(Arc::new(service), peer(), false);
    bind(&mut session, VERIFIER, PASSWORD);
    let answer = ask(&mut session, &search(POINTS, Scope::OneLevel, &[CRL]), vec![]);
    assert_eq!(outcome(&answer), (0, 52));
    assert!(!String::from_utf8_lossy(&answer).contains("disk"), "our troubles stay inside");
    let results: Vec<_> = log.queries().iter().map(|query| query.result).collect();
    assert_eq!(results, [ResultCode::Success, ResultCode::Success, ResultCode::Unavailable]);
}

#[test]
fn v3_a_search_ends_at_its_time_limit() {
    let seconds = AtomicI64::new(0);
    let clock =
        move || now() + jiff::SignedDuration::from_secs(seconds.fetch_add(1, Ordering::SeqCst));
    let log = Arc::new(MemoryQueryLog::default());
    let service = Service { clock: Arc::new(clock), ..service(directory(), log, settings()) };
    let mut session = Session::new(Arc::new(service), peer(), false);
    let limited = SearchRequest { time_limit: 3, ..search(POINTS, Scope::OneLevel, &["1.1"]) };
    let (entries, code) = outcome(&ask(&mut session, &limited, vec![]));
    assert!(entries < 7 && code == 3, "{entries} entries, code {code}");
}

#[test]
fn v3_every_query_is_recorded_with_who_what_and_result() {
    let (mut session, log) = session();
    bind(&mut session, VERIFIER, PASSWORD);
    ask(&mut session, &search(KAWAGUCHI, Scope::Base, &["cn"]), vec![]);
    let queries = log.queries();
    let asked = Asked::Search {
        base: KAWAGUCHI.into(),
        scope: Scope::Base,
        attributes: vec!["cn".into()],
        entries: 1,
    };
    let at: Timestamp = now();
    let expected =
        Query { at, peer: peer(), identity: verifier(), asked, result: ResultCode::Success };
    assert_eq!((queries.len(), &queries[1]), (2, &expected));
}

#[test]
fn v3_the_twin_keeps_the_contract_of_a_directory() {
    for caller in [Identity::Anonymous, verifier()] {
        assert_eq!(directory_findings(&directory(), &caller), [""; 0]);
    }
    let broken = attribute("shoeSize", Values::Here(vec![]));
    let empty_attribute = directory().publish(&dn("C=XX"), &["country"], vec![broken], &[]);
    let findings = directory_findings(&empty_attribute, &Identity::Anonymous);
    assert_eq!(findings, ["C=XX: the schema lacks shoeSize", "C=XX: shoeSize has no value"]);
}
