//! Answers are repeated only while the database still says the same.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::atomic::Ordering;

use domain::certificate::{CertificateKind, CertificateState as State};
use domain::id::SerialNumber;
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use jitsuin_status::ocsp::{Responder, Settings};
use jitsuin_status::query_log::{OcspOutcome, Query};
use ocsp_fixture::request::{Draft, Signer, believed, statuses};
use ocsp_fixture::{PEER, World, response_status};
use x509::ocsp::ReceivedStatus;

fn outcomes(world: &World) -> Vec<OcspOutcome> {
    let records = world.log.records().into_iter();
    records
        .map(|record| match record.query {
            Query::Ocsp { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn revoke(world: &World, serial: SerialNumber) -> State {
    let to = State::Revoked { at: world.now, reason: RevocationReason::KeyCompromise };
    world.change(serial, State::Good, to);
    to
}

#[test]
fn v5_a_revocation_between_two_equal_requests_is_told_at_once() {
    for changes in [0, 41] {
        let world = World::new();
        let server = world.put(1, CertificateKind::TlsServer, State::Good);
        let responder = world.responder();
        let request = Draft::about(&world.ca, &[server]).unsigned();
        world.faults.changes.store(changes, Ordering::Relaxed);
        let first = responder.answer(&request, PEER, world.now);
        let second = responder.answer(&request, PEER, world.now);
        assert_eq!(first, second);
        revoke(&world, server);
        if changes > 0 {
            world.faults.changes.store(changes + 1, Ordering::Relaxed);
        }
        let third = responder.answer(&request, PEER, world.now);
        let revoked = ReceivedStatus::Revoked { at: world.now, reason: Some(1) };
        assert_eq!(statuses(&third), [revoked]);
        assert_eq!(responder.answer(&request, PEER, world.now), third);
        use OcspOutcome::{Repeated, Signed};
        assert_eq!(outcomes(&world), [Signed, Repeated, Signed, Repeated]);
    }
}

#[test]
fn v5_the_row_is_read_again_unless_the_source_knows_that_nothing_changed() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let request = Draft::about(&world.ca, &[server]).unsigned();
    let reads_of_one_more = || {
        let before = world.faults.status_reads.load(Ordering::Relaxed);
        assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), 0);
        world.faults.status_reads.load(Ordering::Relaxed) - before
    };
    // A signature also asks whether the responder's own certificate still stands.
    assert_eq!([reads_of_one_more(), reads_of_one_more()], [2, 1], "it cannot tell");
    world.faults.changes.store(5, Ordering::Relaxed);
    assert_eq!([reads_of_one_more(), reads_of_one_more()], [1, 0], "it can");
    world.faults.changes.store(6, Ordering::Relaxed);
    assert_eq!([reads_of_one_more(), reads_of_one_more()], [1, 0], "another commit, same row");
}

/// What nobody signed is not even read where the same octets had their answer.
#[test]
fn v5_the_same_octets_have_the_same_answer_until_anything_changes() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let config = world.config(&world.ca);
    let responder = world.responder_for(std::slice::from_ref(&config), Settings::default());
    let draft = Draft::about(&world.ca, &[server]);
    let request = draft.unsigned();
    let again = || responder.again(&request, PEER, world.now);
    let known = || {
        let answers = [(); 2].map(|()| responder.answer(&request, PEER, world.now));
        assert_eq!(again().as_ref(), Some(&answers[1]));
        assert_eq!(outcomes(&world).last(), Some(&OcspOutcome::Repeated));
    };
    responder.answer(&request, PEER, world.now);
    assert_eq!(again(), None, "a source that cannot tell what changed");
    world.faults.changes.store(5, Ordering::Relaxed);
    assert_eq!(again(), None, "it had no answer yet");
    known();
    world.faults.changes.store(6, Ordering::Relaxed);
    assert_eq!(again(), None, "somebody committed");
    known();
    world.faults.changes.store(0, Ordering::Relaxed);
    assert_eq!(again(), None, "in doubt");
    world.faults.changes.store(7, Ordering::Relaxed);
    known();
    world.faults.log.store(true, Ordering::Relaxed);
    assert_eq!(again().map(|answer| response_status(&answer)), Some(3), "it has no record");
    world.faults.log.store(false, Ordering::Relaxed);
    let minute = SignedDuration::from_secs(60);
    for later in [minute, -minute] {
        assert_eq!(responder.again(&request, PEER, world.now + later), None, "{later}");
    }
    responder.adopt(&[config]).unwrap();
    assert_eq!(again(), None, "others are served");
    known();
    let signed = draft.clone().nonce(&[1; 16]).signed(&signer);
    for other in [draft.clone().nonce(&[1; 16]).unsigned(), draft.signed(&signer), signed] {
        for _ in 0..3 {
            responder.answer(&other, PEER, world.now);
        }
        assert_eq!(responder.again(&other, PEER, world.now), None);
    }
}

/// The database itself tells that nothing changed: whoever commits, in whatever process, is seen.
#[test]
fn v5_e6_an_answer_is_repeated_until_anybody_commits() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let source = world.source();
    let (log, memory) = (world.log.clone(), world.memory.clone());
    let authorities = [world.config(&world.ca)];
    let responder = Responder::new(&authorities, source.clone(), log, memory, Settings::default());
    let responder = responder.unwrap();
    let request = Draft::about(&world.ca, &[server]).unsigned();
    let ask = || responder.answer(&request, PEER, world.now);
    let first = ask();
    let before = source.changes();
    assert!(before.is_some());
    assert_eq!((ask(), source.changes()), (first, before));
    let other = World { store: world.opened_again(), ..world };
    revoke(&other, server);
    assert_ne!(source.changes(), before);
    let revoked = ReceivedStatus::Revoked { at: other.now, reason: Some(1) };
    let again = responder.answer(&request, PEER, other.now);
    assert_eq!(statuses(&again), [revoked]);
    use OcspOutcome::{Repeated, Signed};
    assert_eq!(outcomes(&other), [Signed, Repeated, Signed]);
}

#[test]
fn v11_what_rests_on_a_database_in_doubt_is_read_again() {
    let world = World::new();
    let source = world.source();
    assert!(source.changes().is_some());
    world.store.doubt().raise_named("one row");
    assert_eq!(source.changes(), None);
}

#[test]
fn v5_only_single_questions_without_nonce_are_repeated_and_not_for_long() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let other = world.put(2, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[server]);
    let minute = SignedDuration::from_secs(60);
    for (request, now, repeated) in [
        (draft.clone(), world.now, false),
        (draft.clone().nonce(&[1; 8]), world.now, false),
        (draft.clone(), world.now, true),
        (Draft::about(&world.ca, &[server, other]), world.now, false),
        (draft.clone(), world.now + SignedDuration::from_secs(59), true),
        (draft.clone(), world.now + minute, false),
        (draft, world.now, false),
    ] {
        let answer = responder.answer(&request.unsigned(), PEER, now);
        assert_eq!(response_status(&answer), 0);
        let last = outcomes(&world).pop().unwrap();
        assert_eq!(
            last == OcspOutcome::Repeated,
            repeated,
            "{request:?}",
            request = request.cert_ids
        );
    }
}

#[test]
fn v5_a_kept_answer_is_not_given_to_who_may_not_ask() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[user]);
    for _ in 0..2 {
        let answer = responder.answer(&draft.signed(&signer), PEER, world.now);
        let signed = OcspOutcome::Signed;
        assert_eq!((response_status(&answer), outcomes(&world).pop()), (0, Some(signed)));
    }
    assert_eq!(response_status(&responder.answer(&draft.unsigned(), PEER, world.now)), 5);
}

#[test]
fn v5_caches_outside_are_told_of_open_answers_with_an_end_only() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let user = world.put(2, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let hour = SignedDuration::from_hours(1);
    let settings = Settings { validity: Some(hour), ..Settings::default() };
    let responder = world.responder_for(&[world.config(&world.ca)], settings);
    let about = |serial| Draft::about(&world.ca, &[serial]);
    let open = responder.answer(&about(server).unsigned(), PEER, world.now);
    let freshness = open.freshness.unwrap();
    assert_eq!((freshness.produced_at, freshness.next_update), (world.now, world.now + hour));
    assert_eq!(believed(&open).data.singles[0].next_update, Some(world.now + hour));
    let again = responder.answer(&about(server).unsigned(), PEER, world.now);
    assert_eq!(again.freshness, open.freshness, "also when repeated");
    let with_nonce = about(server).nonce(&[1; 8]).unsigned();
    for request in [with_nonce, about(user).signed(&signer), about(user).signed(&signer)] {
        assert_eq!(responder.answer(&request, PEER, world.now).freshness, None);
    }
    let lasting = world.responder().answer(&about(server).unsigned(), PEER, world.now);
    assert_eq!(lasting.freshness, None, "without an end there is nothing to cache");
}
