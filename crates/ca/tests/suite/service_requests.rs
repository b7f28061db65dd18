//! Requests for servers' certificates: from hand to hand, or not at all (L13).

use ca::{Error, RevocationOrder, certification};
use domain::act::{Act, Actor};
use domain::certificate::{CertificateKind, CertificateState};
use domain::revocation::{Requester, RevocationCause, RevocationReason};
use domain::service_request::{Purpose, RequestState, RequestStepName};
use store::reads::ReadProceedings;
use store::{Change, Entry, ServiceRequestRow, Store, Unit};
use testkit::run;
use x509::pem;

use super::request_walk::{HANDS, end_of, receive, take};
use super::world::World;

fn refusal<T: std::fmt::Debug>(result: ca::Result<T>) -> (&'static str, String) {
    match result.expect_err("it must be refused") {
        Error::Refused { field, rule } => (field, rule.told()),
        other => panic!("not a refusal: {other}"),
    }
}

#[test]
fn l13_five_people_lead_a_request_to_a_certificate_and_both_operators_are_named() {
    let world = World::new();
    let before = world.certificates();
    let request = world.walked(world.for_server("server"), RequestStepName::Release);
    assert_eq!(world.certificates(), before, "nothing is issued before the last hand");
    let from = world.journal_end();
    let issued = world.step(request.id(), RequestStepName::Confirm, "operator-2").expect("issued");
    assert_eq!(issued.state(), RequestState::Issued);
    let people: Vec<_> = issued.steps().iter().map(|done| done.by.as_str()).collect();
    assert_eq!(people[..5], HANDS.map(|(_, person)| person));
    let row = world.auth.certificate(&issued.serial().expect("a serial")).expect("it exists");
    assert_eq!(row.state, CertificateState::Good);
    let told = world.entries_from(from);
    for kind in ["certificate-intended", "certificate-issued"] {
        let entry = told.iter().find(|entry| entry.contains(kind)).expect(kind);
        for word in ["operator-1", "operator-2", request.id().as_str()] {
            assert!(entry.contains(word), "{word}: {entry}");
        }
    }
    let root = world.auth.generations().self_signed_certificate(
        &world.auth.generations().current_at(world.clock.now()).expect("a key"),
    );
    let written = |name: &str, der: &[u8]| {
        world.scratch.write(name, pem::encode(pem::CERTIFICATE, der).expect("PEM"));
    };
    written("root.pem", &root.expect("a root"));
    written("server.pem", &row.der.expect("signed"));
    let line = "verify -attime 1795320000 -purpose sslserver -verify_hostname server.example \
                -CAfile root.pem server.pem";
    let words: Vec<_> = line.split_whitespace().collect();
    let verified = run(world.scratch.path(), "openssl", &words);
    assert!(verified.success, "{}", verified.text);
}

#[test]
fn l13_no_step_is_taken_out_of_its_order() {
    let world = World::new();
    let revocable = world.server("old");
    for purpose in [world.for_server("server"), end_of(revocable)] {
        let issues = purpose.name().issues();
        let mut request = world.receive(purpose).expect("received");
        let last = if issues { RequestStepName::Confirm } else { RequestStepName::Revoke };
        let wrong = if issues { RequestStepName::Revoke } else { RequestStepName::Confirm };
        let order =
            [RequestStepName::Examine, RequestStepName::Approve, RequestStepName::Release, last];
        let certificates = world.certificates();
        for (place, next) in order.into_iter().enumerate() {
            for other in order.into_iter().skip(place + 1).chain([wrong]) {
                let from = world.journal_end();
                let (field, rule) = refusal(world.step(request.id(), other, "somebody-else"));
                assert_eq!(field, "state", "{other} before {next}: {rule}");
                let told = world.entries_from(from);
                assert_eq!(told.len(), 1, "{told:?}");
                assert!(told[0].contains("service-request-changed") && told[0].contains("refused"));
            }
            assert_eq!(world.certificates(), certificates);
            request = world.step(request.id(), next, next.name()).expect("the next step");
        }
        for step in
            [RequestStepName::Refuse, RequestStepName::Withdraw, RequestStepName::Release, last]
        {
            assert_eq!(refusal(world.step(request.id(), step, "somebody-else")).0, "state");
        }
    }
}

#[test]
fn l13_no_person_does_two_steps_of_one_request() {
    let world = World::new();
    let revocable = world.server("old");
    for purpose in [world.for_server("server"), end_of(revocable)] {
        let last = if purpose.name().issues() {
            RequestStepName::Confirm
        } else {
            RequestStepName::Revoke
        };
        let request = world.receive(purpose).expect("received");
        let mut earlier = vec!["intake"];
        for (step, person) in HANDS.into_iter().skip(1) {
            let step = if step == RequestStepName::Confirm { last } else { step };
            for before in &earlier {
                let from = world.journal_end();
                let (field, rule) = refusal(world.step(request.id(), step, before));
                assert_eq!(field, "person", "{before} {step}: {rule}");
                let told = world.entries_from(from);
                assert!(told.len() == 1 && told[0].contains("refused"), "{told:?}");
            }
            world.step(request.id(), step, person).expect("another person");
            earlier.push(person);
        }
    }
}

#[test]
fn l13_nobody_but_the_staff_handles_requests() {
    let world = World::new();
    let purpose = world.for_server("server");
    let clerk = testkit::clerk(&world.clock, "11203");
    let system = Act { actor: Actor::System("set-up".parse().expect("an id")), ..clerk.clone() };
    for act in [&clerk, &system, &Act { actor: Actor::Anonymous, ..clerk.clone() }] {
        assert_eq!(refusal(receive(&world.auth, act, purpose.clone())).0, "actor");
    }
    let request = world.walked(purpose, RequestStepName::Release);
    for step in [RequestStepName::Confirm, RequestStepName::Refuse, RequestStepName::Withdraw] {
        for act in [&clerk, &system] {
            assert_eq!(refusal(take(&world.auth, act, request.id(), step)).0, "actor", "{step}");
        }
    }
}

#[test]
fn l13_an_altered_request_is_believed_neither_at_the_intake_nor_later() {
    let world = World::new();
    let der = world.pkcs10("server");
    let mut altered = der.clone();
    let name = altered.windows(6).position(|word| word == b"server").expect("the name");
    altered[name] ^= 1;
    let believed = certification(CertificateKind::TlsServer, altered.clone(), None);
    assert_eq!(refusal(believed).0, "request_pem");

    // Altered in the database, after two people have judged it.
    let wanted = certification(CertificateKind::TlsServer, der.clone(), None).expect("believable");
    let request = world.walked(Purpose::Issue(wanted), RequestStepName::Approve);
    let ServiceRequestRow { record, .. } =
        world.scratch.store.service_request(request.id()).expect("a read").expect("a row");
    let text = |der: &[u8]| {
        let pem = pem::encode(pem::CERTIFICATE_REQUEST, der).expect("PEM");
        serde_json_text(&pem)
    };
    let record = String::from_utf8(record).expect("JSON").replace(&text(&der), &text(&altered));
    let change = Change::SetServiceRequest {
        id: request.id().clone(),
        from: request.state(),
        to: request.state(),
        record: record.into_bytes(),
    };
    let entry =
        Entry::new(domain::journal::EventKind::ServiceRequestChanged, &world.staff("mallory"));
    world.scratch.store.commit(Unit::new(entry).change(change)).expect("the row is another");
    let released = world.step(request.id(), RequestStepName::Release, "operator-1");
    assert_eq!(refusal(released).0, "request_pem");
}

/// A text as it stands inside a JSON string.
fn serde_json_text(text: &str) -> String {
    text.replace('\n', "\\n")
}

#[test]
fn l13_a_record_that_skips_a_hand_is_not_read() {
    let world = World::new();
    let request = world.walked(world.for_server("server"), RequestStepName::Examine);
    let row = world.scratch.store.service_request(request.id()).expect("a read").expect("a row");
    let change = Change::SetServiceRequest {
        id: row.id,
        from: row.state,
        to: RequestState::Released,
        record: row.record,
    };
    let entry =
        Entry::new(domain::journal::EventKind::ServiceRequestChanged, &world.staff("mallory"));
    world.scratch.store.commit(Unit::new(entry).change(change)).expect("the row is another");
    let issued = world.step(request.id(), RequestStepName::Confirm, "operator-2");
    assert!(matches!(issued, Err(Error::Unreadable(_))), "{issued:?}");
}

#[test]
fn l13_a_key_is_certified_once_however_many_requests_ask() {
    let world = World::new();
    let purpose = world.for_server("server");
    let first = world.walked(purpose.clone(), RequestStepName::Release);
    let second = world.walked(purpose.clone(), RequestStepName::Release);
    world.step(first.id(), RequestStepName::Confirm, "operator-2").expect("issued");
    assert_eq!(
        refusal(world.step(second.id(), RequestStepName::Confirm, "operator-2")).0,
        "public key"
    );
    assert_eq!(refusal(world.receive(purpose)).0, "public key");
    let refused = world.step(second.id(), RequestStepName::Refuse, "operator-2").expect("refused");
    assert_eq!(refused.state(), RequestState::Refused);
}

#[test]
fn l13_refused_or_withdrawn_in_between_nothing_follows() {
    let world = World::new();
    for (place, end) in [
        (RequestStepName::Receive, RequestStepName::Refuse),
        (RequestStepName::Examine, RequestStepName::Refuse),
        (RequestStepName::Approve, RequestStepName::Withdraw),
        (RequestStepName::Release, RequestStepName::Refuse),
        (RequestStepName::Release, RequestStepName::Withdraw),
    ] {
        let request = world.walked(world.for_server("server"), place);
        let certificates = world.certificates();
        world.step(request.id(), end, "operator-3").expect("it ends");
        for (step, person) in HANDS.into_iter().skip(1) {
            let outcome = world.step(request.id(), step, person);
            let was_done = request.by(step).is_some();
            assert_eq!(outcome.is_ok(), was_done, "{step} after {end}: only a no-op");
        }
        assert_eq!(world.certificates(), certificates);
    }
}

#[test]
fn l13_a_repeated_step_is_a_no_op() {
    let world = World::new();
    let act = world.staff("intake");
    let purpose = world.for_server("server");
    let first = receive(&world.auth, &act, purpose.clone()).expect("received");
    let again = receive(&world.auth, &act, purpose).expect("received before");
    assert_eq!(first, again);
    let other = receive(&world.auth, &act, world.for_server("other"));
    assert_eq!(refusal(other).0, "operation");
    for (step, person) in HANDS.into_iter().skip(1) {
        let done = world.step(first.id(), step, person).expect("the next hand");
        let certificates = world.certificates();
        let from = world.journal_end();
        assert_eq!(world.step(first.id(), step, person).expect("again"), done);
        let told = world.entries_from(from);
        assert!(told.len() == 1 && told[0].contains("no-op"), "{told:?}");
        assert_eq!(world.certificates(), certificates);
    }
}

#[test]
fn l13_a_service_certificate_is_revoked_by_a_request_alone() {
    let world = World::new();
    let serial = world.server("server");
    let alone = RevocationOrder {
        cause: RevocationCause::UseEnded,
        requester: Requester::Authority,
        approver: Some("operator-1".parse().expect("an id")),
    };
    let direct = world.auth.life().revoke(&world.staff("operator-2"), &serial, &alone);
    assert_eq!(refusal(direct).0, "kind");
    let request = world.walked(end_of(serial), RequestStepName::Release);
    let state = || world.auth.certificate(&serial).expect("it exists").state;
    assert_eq!(state(), CertificateState::Good);
    let from = world.journal_end();
    let revoked = world.step(request.id(), RequestStepName::Revoke, "operator-2").expect("revoked");
    assert_eq!(revoked.state(), RequestState::Revoked);
    let reason = RevocationReason::CessationOfOperation;
    assert!(matches!(state(), CertificateState::Revoked { reason: why, .. } if why == reason));
    let told = world.entries_from(from);
    let entry = told.iter().find(|entry| entry.contains("certificate-revoked")).expect("an entry");
    assert!(entry.contains("operator-1") && entry.contains("operator-2"), "{entry}");
    assert_eq!(refusal(world.receive(end_of(serial))).0, "state");
}

#[test]
fn l13_what_no_request_may_ask_for_is_refused_at_the_intake() {
    let world = World::new();
    let (root, user) = (
        world.auth.generations().current_at(world.clock.now()).expect("a key").self_signed,
        world.good_auth(1),
    );
    for serial in [root, user] {
        assert_eq!(refusal(world.receive(end_of(serial))).0, "kind");
    }
    let server = world.server("server");
    let cause = RevocationCause::AttributesChanged;
    assert_eq!(refusal(world.receive(Purpose::Revoke { serial: server, cause })).0, "cause");
    let der = world.pkcs10("ca");
    for kind in [CertificateKind::User, CertificateKind::SelfSigned, CertificateKind::Cross] {
        let wanted = certification(kind, der.clone(), None).expect("a believable request");
        assert_eq!(refusal(world.receive(Purpose::Issue(wanted))).0, "kind", "{kind}");
    }
    let wanted = certification(CertificateKind::TlsServer, der, Some("x".repeat(65)));
    let long = world.receive(Purpose::Issue(wanted.expect("a believable request")));
    assert_eq!(refusal(long).0, "common_name");
}

#[test]
fn l13_a_renewal_names_a_certificate_in_force_of_its_kind() {
    let world = World::new();
    let old = world.server("old");
    let wanted = |kind, name| certification(kind, world.pkcs10(name), None).expect("believable");
    let renewal = |kind, name| Purpose::Renew { certification: wanted(kind, name), old };
    let other = world.receive(renewal(CertificateKind::OcspResponder, "other"));
    assert_eq!(refusal(other).0, "serial");
    let renewed =
        world.walked(renewal(CertificateKind::TlsServer, "new"), RequestStepName::Confirm);
    let state = |serial| world.auth.certificate(&serial).expect("it exists").state;
    assert_eq!(state(renewed.serial().expect("a serial")), CertificateState::Good);
    assert_eq!(state(old), CertificateState::Good, "the service changes over in its own time");
    let late = world.walked(renewal(CertificateKind::TlsServer, "late"), RequestStepName::Release);
    let end = world.walked(end_of(old), RequestStepName::Release);
    world.step(end.id(), RequestStepName::Revoke, "operator-2").expect("revoked");
    assert_eq!(refusal(world.step(late.id(), RequestStepName::Confirm, "operator-2")).0, "serial");
}
