//! A cut after each numbered step of issuance, and what start-up makes of the request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ca::{CertificationAuthority, Error, IssuanceStep, Settled};
use domain::act::{Act, Actor};
use domain::certificate::CertificateState;
use domain::service_request::{Request, RequestState, RequestStepName};

use testkit::seal;

use super::request_walk::take;
use super::world::{AUTH, World};

/// A released request whose issue is cut off after `step`.
fn cut(world: &World, step: IssuanceStep) -> Request {
    let stop = move |reached: IssuanceStep| assert!(reached != step, "cut");
    let stopped =
        CertificationAuthority::open(AUTH, world.scratch.store.clone(), world.keys.clone())
            .expect("the CA was set up")
            .observed(Arc::new(stop));
    let request = world.walked(world.for_server("server"), RequestStepName::Release);
    let act = world.staff("operator-2");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        take(&stopped, &act, request.id(), RequestStepName::Confirm)
    }));
    assert!(outcome.is_err(), "step {step:?} was never reached");
    seal(&*world.scratch.store);
    request
}

fn start_up(world: &World) -> Vec<Settled> {
    let actor = Actor::System("start-up".parse().expect("an id"));
    let act = Act { actor, ..world.staff("nobody") };
    world.auth.recovery().recover(&act).expect("recovery")
}

#[test]
fn l13_before_the_intent_a_cut_leaves_the_request_released() {
    for step in [IssuanceStep::Reserved, IssuanceStep::Drafted, IssuanceStep::Linted] {
        let world = World::new();
        let request = cut(&world, step);
        assert_eq!(start_up(&world), []);
        assert_eq!(world.auth.service_requests().one(request.id()).expect("a request"), request);
        let issued =
            world.step(request.id(), RequestStepName::Confirm, "operator-2").expect("again");
        assert_eq!(issued.state(), RequestState::Issued);
    }
}

#[test]
fn l13_between_intent_and_issue_a_cut_is_finished_with_its_request() {
    for step in [IssuanceStep::Intended, IssuanceStep::Signed] {
        let world = World::new();
        let id = cut(&world, step).id().clone();
        let confirmed = world.auth.service_requests().one(&id).expect("a request");
        assert_eq!(confirmed.state(), RequestState::Confirmed);
        // What may be signed can neither be signed again nor taken back.
        for step in [RequestStepName::Confirm, RequestStepName::Refuse, RequestStepName::Withdraw] {
            let outcome = world.step(&id, step, "operator-3");
            assert!(matches!(outcome, Err(Error::Refused { field: "state", .. })), "{outcome:?}");
        }
        let from = world.journal_end();
        let [Settled::Finished(serial)] = start_up(&world)[..] else { panic!("not finished") };
        let issued = world.auth.service_requests().one(&id).expect("a request");
        assert_eq!((issued.state(), issued.serial()), (RequestState::Issued, Some(serial)));
        let row = world.auth.certificate(&serial).expect("it exists");
        assert_eq!(row.state, CertificateState::Good);
        let told = world.entries_from(from);
        let entry = told.iter().find(|entry| entry.contains("certificate-issued"));
        let entry = entry.expect("an entry");
        assert!(entry.contains("operator-1") && entry.contains("operator-2"), "{entry}");
        let again = world.step(&id, RequestStepName::Confirm, "operator-2").expect("a no-op");
        assert_eq!(again, issued);
        assert_eq!(start_up(&world), []);
    }
}

#[test]
fn l13_what_was_confirmed_and_not_signed_is_finished_by_who_confirmed_it() {
    for step in [IssuanceStep::Intended, IssuanceStep::Signed] {
        let world = World::new();
        let request = cut(&world, step);
        let certificates = world.certificates();
        let issued =
            world.step(request.id(), RequestStepName::Confirm, "operator-2").expect("finished");
        assert_eq!(issued.state(), RequestState::Issued);
        assert_eq!(world.certificates(), certificates, "over the bytes that were committed");
        let row = world.auth.certificate(&issued.serial().expect("a serial")).expect("it exists");
        assert_eq!(row.state, CertificateState::Good);
        assert_eq!(start_up(&world), []);
    }
}

#[test]
fn l13_after_the_issue_a_cut_loses_nothing() {
    let world = World::new();
    let id = cut(&world, IssuanceStep::Issued).id().clone();
    assert_eq!(start_up(&world), []);
    let issued = world.auth.service_requests().one(&id).expect("a request");
    assert_eq!(issued.state(), RequestState::Issued);
}

#[test]
fn l13_k7_a_confirmed_request_ends_refused_once_its_key_counts_as_compromised() {
    let world = World::new();
    let id = cut(&world, IssuanceStep::Intended).id().clone();
    let act = world.staff("operator-3");
    world.auth.compromises().declare(&act, 1, &"other".parse().expect("an id")).expect("declared");
    world.auth.compromises().proceed(&act, 1, &mut |_| {}).expect("everything is revoked");
    assert_eq!(start_up(&world), []);
    let late = world.step(&id, RequestStepName::Confirm, "operator-2");
    assert!(matches!(late, Err(Error::Refused { field: "state", .. })), "{late:?}");
    let refused =
        world.step(&id, RequestStepName::Refuse, "operator-3").expect("nothing was signed");
    assert_eq!(refused.state(), RequestState::Refused);
}

#[test]
fn l13_k7_under_a_compromised_key_a_released_request_stays_released() {
    let world = World::new();
    let request = world.walked(world.for_server("server"), RequestStepName::Release);
    let act = world.staff("operator-3");
    world.auth.compromises().declare(&act, 1, &"other".parse().expect("an id")).expect("declared");
    let outcome = world.step(request.id(), RequestStepName::Confirm, "operator-2");
    assert!(matches!(outcome, Err(Error::Store(store::Error::Stopped { .. }))), "{outcome:?}");
    assert_eq!(world.auth.service_requests().one(request.id()).expect("a request"), request);
}
