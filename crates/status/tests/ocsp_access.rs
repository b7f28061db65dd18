//! Who gets an answer: registered verifiers about users, anybody about the CA and its services.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::net::SocketAddr;
use std::sync::Arc;

use domain::certificate::{CertificateKind, CertificateState as State};
use jiff::SignedDuration;
use jitsuin_status::known::Known;
use jitsuin_status::ocsp::{Responder, Settings};
use ocsp_fixture::request::{Draft, Signer};
use ocsp_fixture::{Ca, PEER, World, response_status, serial};
use store::{HeardRequests, VerifierRow};

const ANSWERED: u8 = 0;
const TRY_LATER: u8 = 3;
const SIG_REQUIRED: u8 = 5;
const UNAUTHORIZED: u8 = 6;

#[test]
fn v5_unsigned_requests_learn_of_every_kind_but_users() {
    let world = World::new();
    let responder = world.responder();
    for (fill, kind) in (1..).zip(CertificateKind::ALL) {
        let serial = world.put(fill, kind, State::Good);
        let request = Draft::about(&world.ca, &[serial]).unsigned();
        let expected = if kind == CertificateKind::User { SIG_REQUIRED } else { ANSWERED };
        let answer = responder.answer(&request, PEER, world.now);
        assert_eq!(response_status(&answer), expected, "{kind}");
    }
}

#[test]
fn v5_unsigned_requests_do_not_learn_which_serials_exist() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let server = world.put(2, CertificateKind::TlsServer, State::Good);
    let intended = world.put(3, CertificateKind::TlsServer, State::Intended);
    let responder = world.responder();
    for asked in [vec![user], vec![serial(99)], vec![intended], vec![server, user]] {
        let request = Draft::about(&world.ca, &asked).unsigned();
        let answer = responder.answer(&request, PEER, world.now);
        assert_eq!(response_status(&answer), SIG_REQUIRED, "{asked:?}");
    }
}

#[test]
fn v5_where_the_policy_opens_ocsp_anybody_may_ask() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let mut config = world.config(&world.ca);
    config.verifiers_only = false;
    let responder = world.responder_for(&[config], Settings::default());
    let request = Draft::about(&world.ca, &[user, serial(99)]).unsigned();
    assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), ANSWERED);
}

#[test]
fn v5_only_a_registered_verifier_with_the_right_and_a_valid_certificate_is_answered() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::new(&world, "verifier-1");
    let responder = world.responder();
    let status_at = |now| {
        let request = Draft::about(&world.ca, &[user]).signed(&signer);
        response_status(&responder.answer(&request, PEER, now))
    };
    assert_eq!(status_at(world.now), UNAUTHORIZED, "a stranger");
    let row = world.verifier("verifier-1", &signer.certificate);
    world.register(row.clone());
    assert_eq!(status_at(world.now), ANSWERED, "registered while the responder runs");
    let mut without = row.clone();
    without.may_query_ocsp = false;
    world.register(without);
    assert_eq!(status_at(world.now), UNAUTHORIZED, "the right was taken away");
    world.register(row);
    let end = world.now + SignedDuration::from_hours(1_000);
    // The delegate is as old as the verifier's certificate, so at the end nobody can answer.
    assert_eq!(status_at(end), ANSWERED, "the last second belongs to the period");
    assert_eq!(status_at(end + SignedDuration::from_secs(1)), UNAUTHORIZED, "expired");
    let early = world.now - SignedDuration::from_hours(2);
    assert_eq!(status_at(early), UNAUTHORIZED, "not yet valid");
    let renewed = Signer::new(&world, "verifier-1b");
    world.register(world.verifier("verifier-1", &renewed.certificate));
    assert_eq!(status_at(world.now), UNAUTHORIZED, "another certificate took its place");
}

#[test]
fn v5_v6_a_former_certificate_is_answered_beside_its_successor_and_a_third_ends_the_first() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let [first, second, third] = ["first", "second", "third"].map(|key| Signer::new(&world, key));
    let responder = world.responder();
    let answered = || {
        [&first, &second, &third].map(|signer| {
            let request = Draft::about(&world.ca, &[user]).signed(signer);
            let status = response_status(&responder.answer(&request, PEER, world.now));
            let by = world.log.records().pop().unwrap().verifier.map(|id| id.to_string());
            assert_eq!(by.as_deref(), (status == ANSWERED).then_some("verifier-1"));
            assert!(status == ANSWERED || status == UNAUTHORIZED, "{status}");
            status == ANSWERED
        })
    };
    let row = world.verifier("verifier-1", &first.certificate);
    world.register(row.clone());
    assert_eq!(answered(), [true, false, false]);
    let row = row.with_successor(second.certificate.clone());
    world.register(row.clone());
    assert_eq!(answered(), [true, true, false]);
    let row = row.with_successor(third.certificate.clone());
    world.register(row);
    assert_eq!(answered(), [false, true, true]);
}

#[test]
fn v5_v6_a_former_certificate_that_was_revoked_has_ended_or_is_a_suspended_verifiers_is_refused() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let first = Signer::lasting(&world, "first", 500);
    let second = Signer::new(&world, "second");
    let responder = world.responder();
    let answered = |hours: i64, seconds: i64| {
        let now = world.now + SignedDuration::new(hours * 3600 + seconds, 0);
        [&first, &second].map(|signer| {
            let request = Draft::about(&world.ca, &[user]).signed(signer);
            response_status(&responder.answer(&request, PEER, now)) == ANSWERED
        })
    };
    let row = world.verifier("verifier-1", &first.certificate);
    let row = row.with_successor(second.certificate.clone());
    world.register(row.clone());
    assert_eq!(answered(500, 0), [true, true], "the last second belongs to the period");
    assert_eq!(answered(500, 1), [false, true], "it has ended");
    world.register(VerifierRow { may_query_ocsp: false, ..row.clone() });
    assert_eq!(answered(0, 0), [false, false], "the verifier is suspended");
    world.register(row.clone());
    assert_eq!(answered(0, 0), [true, true]);
    world.register(VerifierRow { former_certificate: None, ..row });
    assert_eq!(answered(0, 0), [false, true], "it was revoked");
    let told = world.log.records().iter().rev().nth(1).unwrap().to_string();
    assert!(told.contains("replaced"), "{told}");
}

/// What cannot be read is nobody's, and takes nothing from the other.
#[test]
fn v5_v6_of_a_verifiers_two_certificates_either_may_be_unreadable() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::new(&world, "verifier-1");
    let responder = world.responder();
    let status = || {
        let request = Draft::about(&world.ca, &[user]).signed(&signer);
        response_status(&responder.answer(&request, PEER, world.now))
    };
    let other = world.verifier("verifier-1", b"rubbish");
    world.register(other.clone().with_successor(signer.certificate.clone()));
    assert_eq!(status(), ANSWERED);
    world.register(world.verifier("verifier-1", &signer.certificate).with_successor(vec![1]));
    assert_eq!(status(), ANSWERED);
    world.register(other);
    assert_eq!(status(), UNAUTHORIZED);
}

#[test]
fn v5_a_signature_that_does_not_hold_is_unauthorized() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let stranger = Signer::new(&world, "stranger");
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[user]);
    // A stranger's signature under the verifier's certificate, an empty one, and none to know by.
    let forged = Signer { world: &world, key: "stranger", certificate: signer.certificate.clone() };
    for request in [
        draft.signed(&forged),
        draft.with_signature(&[], &[&signer.certificate]),
        draft.with_signature(&[1; 64], &[]),
        draft.signed(&stranger),
    ] {
        assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), UNAUTHORIZED);
    }
    // The signature of another request.
    let other = Draft::about(&world.ca, &[serial(7)]).signed(&signer);
    let spliced = [draft.signed(&signer), other].map(|der| der);
    assert_ne!(spliced[0], spliced[1]);
    assert_eq!(response_status(&responder.answer(&spliced[0], PEER, world.now)), ANSWERED);
}

#[test]
fn v5_what_a_verifier_signed_is_believed_once_and_names_nobody_when_it_comes_again() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let server = world.put(2, CertificateKind::TlsServer, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let known = Known::default();
    let responder = world.responder().with_known(known.clone());
    let thief = SocketAddr::from(([192, 0, 2, 66], 40_000));
    let minute = SignedDuration::from_mins(1);
    let second = SignedDuration::from_secs(1);
    let request = Draft::about(&world.ca, &[user]).signed(&signer);
    let ask = |request: &[u8], peer, now| {
        let status = response_status(&responder.answer(request, peer, now));
        let record = world.log.records().pop().unwrap();
        (status, record.verifier.map(|id| id.to_string()))
    };
    let verifier = || Some("verifier-1".to_owned());
    assert_eq!(ask(&request, PEER, world.now), (ANSWERED, verifier()));
    // A client that lost the answer asks once more, from where it was. Whoever overheard it may sit there
    // as well, behind one proxy: the record tells of a retry and of nobody.
    let moved = SocketAddr::new(PEER.ip(), 40_001);
    assert_eq!(ask(&request, thief, world.now), (UNAUTHORIZED, None));
    assert_eq!(ask(&request, moved, world.now + minute), (ANSWERED, None));
    let told = world.log.records().pop().unwrap().to_string();
    assert!(told.contains(" - ocsp heard:") && told.contains(" retry signed "), "{told}");
    for (peer, now) in [
        (moved, world.now + minute),
        (PEER, world.now + second),
        (thief, world.now),
        (thief, world.now + minute),
        (PEER, world.now + minute + second),
        (PEER, world.now - second),
        (PEER, world.now + SignedDuration::from_hours(999)),
    ] {
        assert_eq!(ask(&request, peer, now), (UNAUTHORIZED, None), "{peer} {now}");
    }
    assert!(!known.has(thief.ip(), world.now), "nor is the thief's address a verifier's");
    let rule = world.log.records().pop().unwrap().to_string();
    assert!(rule.contains("this request was heard before"), "{rule}");
    // What is open to all stays so, and another request is another.
    let open = Draft::about(&world.ca, &[server]).signed(&signer);
    assert_eq!(ask(&open, PEER, world.now), (ANSWERED, verifier()));
    assert_eq!(ask(&open, thief, world.now), (ANSWERED, None));
    let next = Draft::about(&world.ca, &[user]).signed(&signer);
    assert_eq!(ask(&next, PEER, world.now + minute * 2), (ANSWERED, verifier()));
}

/// A socket that takes both families tells IPv4 addresses in the form of IPv6 (RFC 4291 2.5.5.2).
#[test]
fn v5_a_retry_is_one_whether_the_first_request_waits_to_be_written_or_is() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let memory = HeardRequests::open(&world.directory.path().join("heard.db")).unwrap().0;
    let (memory, log) = (Arc::new(memory), world.log.clone());
    let config = [world.config(&world.ca)];
    let settings = Settings::default();
    let responder = Responder::new(&config, world.source(), log, memory.clone(), settings).unwrap();
    let peers = ["192.0.2.1:4", "[2001:db8::1]:4", "[::ffff:192.0.2.1]:4"];
    for (peer, is_written) in peers.into_iter().flat_map(|peer| [(peer, false), (peer, true)]) {
        let peer: SocketAddr = peer.parse().unwrap();
        let request = Draft::about(&world.ca, &[user]).signed(&signer);
        assert_eq!(response_status(&responder.answer(&request, peer, world.now)), ANSWERED);
        if is_written {
            memory.begin_segment(1).unwrap();
        }
        let again = responder.answer(&request, peer, world.now + SignedDuration::from_secs(1));
        assert_eq!(response_status(&again), ANSWERED, "{peer} {is_written}");
    }
}

/// Whoever hears a signature makes others that hold as well: n - s for s (ECDSA).
#[test]
fn v5_another_signature_makes_no_other_request_of_what_was_heard() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let responder = world.responder();
    let thief = SocketAddr::from(([192, 0, 2, 66], 40_000));
    let draft = Draft::about(&world.ca, &[user]).fresh();
    let (first, other) = (draft.signed_as_is(&signer), draft.signed_as_is(&signer));
    assert_ne!(first, other, "an ECDSA signature is another each time");
    assert_eq!(response_status(&responder.answer(&first, PEER, world.now)), ANSWERED);
    assert_eq!(response_status(&responder.answer(&other, thief, world.now)), UNAUTHORIZED);
}

#[test]
fn v5_a_verifiers_request_without_a_long_nonce_is_refused_and_not_remembered() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[user]);
    let ask = |draft: Draft| {
        let request = draft.signed_as_is(&signer);
        response_status(&responder.answer(&request, PEER, world.now))
    };
    assert_eq!(ask(draft.clone()), UNAUTHORIZED);
    for (length, expected) in
        [(1, UNAUTHORIZED), (15, UNAUTHORIZED), (16, ANSWERED), (32, ANSWERED), (128, ANSWERED)]
    {
        assert_eq!(ask(draft.clone().nonce(&vec![7; length])), expected, "{length}");
    }
    let told = world.log.records().iter().filter(|one| one.to_string().contains("heard:")).count();
    assert_eq!(told, 3);
}

/// What was refused when it came, whoever overheard it has not answered later.
#[test]
fn v5_a_request_that_was_refused_is_remembered_all_the_same() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let other = Ca::set_up("saitama-sign", world.store.as_ref(), &world.keys, world.now);
    let signer = Signer::new(&world, "verifier-1");
    let row = world.verifier("verifier-1", &signer.certificate);
    let mut without = row.clone();
    without.may_query_ocsp = false;
    world.register(without);
    let responder = world.responder();
    let thief = SocketAddr::from(([192, 0, 2, 66], 40_000));
    let status =
        |request: &[u8], peer| response_status(&responder.answer(request, peer, world.now));
    let early = Draft::about(&world.ca, &[user]).signed(&signer);
    assert_eq!(status(&early, PEER), UNAUTHORIZED, "it has no right yet");
    world.register(row);
    assert_eq!(status(&early, thief), UNAUTHORIZED);
    // Nor what came before its CA was answered for.
    let unserved = Draft::about(&other, &[user]).signed(&signer);
    assert_eq!(status(&unserved, PEER), UNAUTHORIZED);
    responder.adopt(&[world.config(&world.ca), world.config(&other)]).unwrap();
    assert_eq!(status(&unserved, thief), UNAUTHORIZED);
    let fresh = Draft::about(&other, &[user]).signed(&signer);
    assert_eq!(status(&fresh, PEER), ANSWERED);
}

#[test]
fn v5_what_is_open_stays_open_to_whoever_signs() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let stranger = Signer::new(&world, "stranger");
    let request = Draft::about(&world.ca, &[server]).signed(&stranger);
    let answer = world.responder().answer(&request, PEER, world.now);
    assert_eq!(response_status(&answer), ANSWERED);
    assert_eq!(world.log.records()[0].verifier, None, "a stranger is not recorded as a verifier");
}

/// Between what a verifier proves and its answer there may be a line.
#[test]
fn v5_v6_who_was_struck_off_while_waiting_is_not_answered() {
    let world = World::new();
    let user = world.put(1, CertificateKind::User, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[user]);
    let hear = || responder.hear(&draft.signed(&signer), PEER, world.now);
    let row = world.verifier("verifier-1", &signer.certificate);
    let waited = hear();
    world.put(2, CertificateKind::User, State::Good);
    assert_eq!(response_status(&responder.answer_to(waited, world.now)), ANSWERED, "as before");
    let waited = hear();
    world.register(store::VerifierRow { may_query_ocsp: false, ..row.clone() });
    assert_eq!(response_status(&responder.answer_to(waited, world.now)), TRY_LATER);
    world.register(row);
    let waited = hear();
    let renewed = Signer::new(&world, "verifier-1b");
    world.register(world.verifier("verifier-1", &renewed.certificate));
    assert_eq!(response_status(&responder.answer_to(waited, world.now)), TRY_LATER);
}
