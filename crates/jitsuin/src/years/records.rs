//! Query records and the memory made of them, by a clock that was wrong and was set right.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use status::ocsp::RequestMemory;
use status::query_log::{OcspOutcome, Query, QueryLog, QueryRecord};
use store::HeardRequest;

use super::place::Place;
use crate::serve::query_log;

/// A request that a verifier signed, whose certificate ends then.
fn request(digest: u8, at: Timestamp, days: i64) -> HeardRequest {
    HeardRequest {
        digest: [digest; 16],
        until: Timestamp::from_second(at.as_second() + days * 86_400).expect("a time"),
        at: Timestamp::from_second(at.as_second()).expect("a time"),
        from: [192, 0, 2, 1].into(),
    }
}

/// One run of a server, which is asked this; what it remembers of it.
fn asked(place: &Place, request: &HeardRequest) -> Option<HeardRequest> {
    let system = place.open(0);
    let log = query_log(&system, system.hold.owned().expect("it owns")).expect("the records");
    let log: Arc<_> = log;
    let known = log.hear(request).expect("a memory");
    let peer = (request.from, 40_000).into();
    let query = Query::Ocsp {
        heard: Some(*request),
        is_retry: false,
        asked: [].into(),
        outcome: OcspOutcome::Signed,
    };
    if known.is_none() {
        let record = QueryRecord { at: request.at, peer, verifier: None, query };
        log.record(&record).expect("recorded");
    }
    log.close().expect("sealed");
    system.seal().expect("sealed");
    known
}

/// What ended by a clock that was wrong is forgotten, and its records are of segments that nobody reads
/// again: unless whoever says that the clock is right now has all of them read.
#[test]
fn v5_e9_what_was_forgotten_by_a_wrong_clock_is_remembered_once_two_people_accept_the_right_one() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    crate::demo::register_people(&place.open(2), &place.custodians()).expect("people");
    let (early, late) = (request(1, place.now(), 30), request(2, place.now(), 90));
    assert_eq!(asked(&place, &early), None);
    let wrong = SignedDuration::from_hours(24 * 60);
    place.after(wrong);
    assert_eq!(asked(&place, &late), None);
    place.after(-wrong);
    place.after(SignedDuration::from_hours(1));
    let accept = |who: &str, more: &[&str]| {
        place.answer(0, &format!("{who}.token"), &[&["audit", "accept"], more].concat())
    };
    accept("auditor-1", &["--approves", "op-clock"]);
    let two = ["--operation", "op-clock", "--approver", "auditor-1", "--carry-out"];
    let told = accept("manager-1", &two);
    assert!(told.to_string().contains("clock: "), "{told}");
    assert_eq!(asked(&place, &early), Some(early), "it ended by the wrong clock alone");
    assert_eq!(asked(&place, &late), Some(late), "it was asked by the wrong clock");
}
