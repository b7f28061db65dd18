//! Delivery, hold, release, revocation: where A and S differ, both are proven.

use ca::{Error, RevocationOrder};
use domain::act::{Act, Actor};
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use domain::revocation::{Requester, RevocationCause};
use store::reads::{ReadHead, ReadJournal};
use testkit::{Clock, act, clerk};

use super::world::{KAWAGUCHI, World, auth_request, card, possession};

fn call_centre(clock: &Clock) -> Act {
    Act { actor: Actor::CallCentreAgent("agent".parse().expect("an id")), ..act(clock) }
}

fn by(requester: Requester, cause: RevocationCause) -> RevocationOrder {
    RevocationOrder { cause, requester, approver: None }
}

fn rule(result: Result<ca::Changed, Error>) -> String {
    result.expect_err("a refusal").to_string()
}

#[test]
fn l10_hold_is_released_only_at_the_window() {
    let world = World::new();
    let serial = world.good_auth(1);
    let held = world.auth.life().hold(&call_centre(&world.clock), &serial).expect("a hold");
    assert!(matches!(held.state, CertificateState::Held { .. }));
    assert!(
        rule(world.auth.life().release(&call_centre(&world.clock), &serial))
            .contains("only at the window")
    );
    let released =
        world.auth.life().release(&clerk(&world.clock, KAWAGUCHI), &serial).expect("a release");
    assert_eq!(released.state, CertificateState::Good);
}

#[test]
fn l10_a_second_hold_changes_nothing_and_s_knows_none() {
    let world = World::new();
    let (auth, sign) = (world.good_auth(1), world.good_sign(1));
    let first = world.auth.life().hold(&call_centre(&world.clock), &auth).expect("a hold");
    world.clock.advance(jiff::SignedDuration::from_secs(60));
    let second = world.auth.life().hold(&call_centre(&world.clock), &auth).expect("no harm");
    assert!(second.no_op && second.state == first.state, "the hold began when it began");
    assert!(rule(world.sign.life().hold(&call_centre(&world.clock), &sign)).contains("S 4-4-5"));
}

#[test]
fn l11_every_reason_follows_from_its_event_and_requester() {
    use Requester as R;
    use RevocationCause as C;
    let world = World::new();
    let auth = [
        (C::UseEnded, R::Holder, 5),
        (C::UseEnded, R::Agent, 5),
        (C::KeyCompromised, R::Holder, 1),
        (C::CardUnusable, R::Holder, 5),
        (C::RecordRemoved, R::Mayor, 5),
        (C::NotMovedIn, R::Mayor, 5),
        (C::RecordingError, R::Mayor, 3),
    ];
    for (index, (cause, requester, code)) in auth.into_iter().enumerate() {
        let serial = world.good_auth(100 + index as u32);
        let changed = world
            .auth
            .life()
            .revoke(&act(&world.clock), &serial, &by(requester, cause))
            .expect("a revocation");
        assert!(
            matches!(changed.state, CertificateState::Revoked { reason, .. } if reason.code() == code),
            "{cause}"
        );
    }
    let sign = [
        (C::AttributesChanged, R::Mayor, 3),
        (C::DoubleIssue, R::Authority, 5),
        (C::UseEnded, R::Holder, 5),
    ];
    for (index, (cause, requester, code)) in sign.into_iter().enumerate() {
        let serial = world.good_sign(200 + index as u32);
        let changed = world
            .sign
            .life()
            .revoke(&act(&world.clock), &serial, &by(requester, cause))
            .expect("a revocation");
        assert!(
            matches!(changed.state, CertificateState::Revoked { reason, .. } if reason.code() == code),
            "{cause}"
        );
    }
}

#[test]
fn l11_what_the_table_does_not_have_is_refused() {
    use RevocationCause as C;
    let world = World::new();
    let (auth, sign) = (world.good_auth(1), world.good_sign(1));
    let clock = &world.clock;
    assert!(
        rule(world.auth.life().revoke(
            &act(clock),
            &auth,
            &by(Requester::Mayor, C::AttributesChanged)
        ))
        .contains("no row")
    );
    assert!(
        rule(world.sign.life().revoke(&act(clock), &sign, &by(Requester::Mayor, C::NotMovedIn)))
            .contains("no row")
    );
    assert!(
        rule(world.sign.life().revoke(&act(clock), &sign, &by(Requester::Agent, C::UseEnded)))
            .contains("S 4-4-2-1")
    );
    assert!(
        rule(world.auth.life().revoke(&act(clock), &auth, &by(Requester::Mayor, C::UseEnded)))
            .contains("A 4.9.1.1(1)")
    );
}

#[test]
fn l9_the_compromise_of_a_ca_key_needs_two_people() {
    let world = World::new();
    let serial = world.good_auth(1);
    let mut order = by(Requester::Authority, RevocationCause::CaKeyCompromised);
    assert!(
        rule(world.auth.life().revoke(&act(&world.clock), &serial, &order))
            .contains("second person")
    );
    order.approver = Some("tester".parse().expect("an id"));
    assert!(
        rule(world.auth.life().revoke(&act(&world.clock), &serial, &order))
            .contains("second person")
    );
    order.approver = Some("other".parse().expect("an id"));
    let changed =
        world.auth.life().revoke(&act(&world.clock), &serial, &order).expect("two people");
    assert!(
        matches!(changed.state, CertificateState::Revoked { reason, .. } if reason.code() == 2)
    );
}

#[test]
fn l9_a_revocation_is_never_undone() {
    let world = World::new();
    let serial = world.good_auth(1);
    let order = by(Requester::Holder, RevocationCause::UseEnded);
    world.auth.life().revoke(&act(&world.clock), &serial, &order).expect("a revocation");
    assert!(
        rule(world.auth.life().release(&clerk(&world.clock, KAWAGUCHI), &serial))
            .contains("never undone")
    );
    assert!(
        rule(world.auth.life().hold(&call_centre(&world.clock), &serial)).contains("never undone")
    );
    assert!(world.auth.life().revoke(&act(&world.clock), &serial, &order).expect("again").no_op);
    let other = by(Requester::Holder, RevocationCause::KeyCompromised);
    assert!(
        rule(world.auth.life().revoke(&act(&world.clock), &serial, &other))
            .contains("never undone")
    );
}

#[test]
fn l11_destroyed_before_delivery_is_reason_0_in_a() {
    let world = World::new();
    let mut unused = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &unused);
    let issued = world.issue_auth(&mut unused, request).expect("issued");
    let order = by(Requester::Mayor, RevocationCause::DestroyedBeforeDelivery);
    let changed =
        world.auth.life().revoke(&act(&world.clock), &issued.serial, &order).expect("destroyed");
    assert!(
        matches!(changed.state, CertificateState::Revoked { reason, .. } if reason.code() == 0)
    );
    let proof = possession(&world.auth, &act(&world.clock), &issued.serial, &unused);
    assert!(
        rule(world.auth.life().deliver(&act(&world.clock), &issued.serial, &proof))
            .contains("never undone")
    );
    let delivered = world.good_auth(2);
    assert!(
        rule(world.auth.life().revoke(&act(&world.clock), &delivered, &order)).contains("A 4.9.9")
    );
}

#[test]
fn a_certificate_that_is_not_ours_is_unknown() {
    let world = World::new();
    let foreign = world.good_sign(1);
    let error = world.auth.life().revoke(
        &act(&world.clock),
        &foreign,
        &by(Requester::Holder, RevocationCause::UseEnded),
    );
    assert!(matches!(error, Err(Error::Unknown { field: "certificate", .. })));
}

/// The table's causes for residents do not reach what signs them; that ends only by two people.
#[test]
fn l9_one_person_alone_ends_no_certificate_of_the_ca_itself() {
    use Requester as R;
    use RevocationCause as C;
    let world = World::new();
    let root = world.auth.generations().current_at(world.clock.now()).expect("a key").self_signed;
    let revoke =
        |order: &RevocationOrder| world.auth.life().revoke(&act(&world.clock), &root, order);
    assert!(rule(revoke(&by(R::Authority, C::RecordingError))).contains("no row"));
    assert!(rule(revoke(&by(R::Holder, C::UseEnded))).contains("A 5.2.1.1(6)"));
    assert!(rule(revoke(&by(R::Authority, C::UseEnded))).contains("second person"));
    let approver = Some("other".parse().expect("an id"));
    let two = RevocationOrder { approver, ..by(R::Authority, C::UseEnded) };
    assert!(matches!(revoke(&two).expect("two people").state, CertificateState::Revoked { .. }));
    let last = world.scratch.store.last_sequence().expect("a journal").expect("entries");
    let (_, body) = world.scratch.store.journal(last, 1).expect("entries").remove(0);
    let text = String::from_utf8(body).expect("UTF-8");
    assert!(text.contains("other") && text.contains("authority"), "who asked and approved: {text}");
}
