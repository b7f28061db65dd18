//! The worst day: declared by two people, carried out step by step, resumed wherever it broke off.

use ca::Error;
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use domain::compromise::CompromiseState as State;
use domain::crl_series::Partition;
use domain::id::{ActorId, SerialNumber};
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use store::reads::{ReadAuthorities, ReadJournal, ReadLists};
use store::{CrlKey, SeriesKey, Store};
use testkit::act;
use x509::crl::Crl;

use super::world::{KAWAGUCHI, World, auth_request, card};

fn second() -> ActorId {
    "operator-2".parse().expect("an id")
}

/// Declares and carries on until nothing is left but the notification.
fn carry_out(world: &World) -> State {
    world.auth.compromises().declare(&act(&world.clock), 1, &second()).expect("declared");
    loop {
        world.clock.advance(SignedDuration::from_secs(1));
        let row = world.auth.compromises().proceed(&act(&world.clock), 1, &mut |_| ());
        let row = row.expect("a step");
        if row.state == State::Announced {
            return row.state;
        }
    }
}

fn reason(world: &World, serial: &SerialNumber) -> Option<RevocationReason> {
    match world.auth.certificate(serial).expect("a certificate").state {
        CertificateState::Revoked { reason, .. } => Some(reason),
        _ => None,
    }
}

#[test]
fn k7_nothing_is_issued_from_the_declaration_on() {
    let world = World::new();
    world.auth.compromises().declare(&act(&world.clock), 1, &second()).expect("declared");
    let mut blank = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &blank);
    let refused = world.issue_auth(&mut blank, request).expect_err("it is stopped");
    assert!(matches!(refused, Error::Store(store::Error::Stopped { .. })), "{refused}");
    assert!(refused.is_refusal(), "the journal has it");
    // The other CA has a key of its own, and goes on.
    world.good_sign(1);
}

#[test]
fn k7_l9_everything_under_the_key_is_revoked_with_reason_2_and_stands_on_the_lists() {
    let world = World::new();
    let serials: Vec<_> = (1..=5).map(|number| world.good_auth(number)).collect();
    let untouched = world.good_sign(9);
    assert_eq!(world.auth.compromises().plan(1).expect("a plan").certificates, 6);
    assert_eq!(carry_out(&world), State::Announced);
    for serial in &serials {
        assert_eq!(reason(&world, serial), Some(RevocationReason::CaCompromise));
    }
    let root = world.auth.generations().current_at(world.clock.now()).expect("a key").self_signed;
    assert_eq!(reason(&world, &root), Some(RevocationReason::CaCompromise));
    let other = world.sign.certificate(&untouched).expect("a certificate").state;
    assert_eq!(other, CertificateState::Good);
    let partition = Partition::Municipality(KAWAGUCHI.parse().expect("a code"));
    for (partition, count) in [(partition, 5), (Partition::ArlSelfSigned, 1)] {
        let series = SeriesKey { ca: world.auth.id().clone(), generation: 1, partition };
        let row = world.auth.list_series().published(&series).expect("a read").expect("a list");
        let key = CrlKey { series, number: row.key.number };
        let content = world.scratch.store.crl_content(&key).expect("a read").expect("content");
        let list = Crl::parse(&content).expect("a list");
        let entries: Vec<_> = list.entries().collect::<Result<_, _>>().expect("entries");
        assert_eq!(entries.len(), count, "{partition}");
        assert!(entries.iter().all(|entry| entry.code == Some(2)), "{partition}");
    }
    let notices = world.scratch.store.notices(world.auth.id()).expect("a read");
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.contains("危殆化"));
}

#[test]
fn k7_a_certificate_revoked_before_keeps_its_reason() {
    let world = World::new();
    let serial = world.good_auth(1);
    let order = ca::RevocationOrder {
        cause: domain::revocation::RevocationCause::UseEnded,
        requester: domain::revocation::Requester::Holder,
        approver: None,
    };
    world.auth.life().revoke(&act(&world.clock), &serial, &order).expect("revoked");
    carry_out(&world);
    assert_eq!(reason(&world, &serial), Some(RevocationReason::CessationOfOperation));
}

#[test]
fn k7_each_step_is_done_once_however_often_it_is_asked_for() {
    let world = World::new();
    world.good_auth(1);
    carry_out(&world);
    let done = |state| {
        let entries = world.scratch.store.journal(0, 10_000).expect("a read");
        let told = format!("\"{state}\"");
        let told = entries.into_iter().filter(|(_, body)| {
            let body = String::from_utf8_lossy(body).replace(' ', "");
            body.contains("key-compromised") && body.contains(&told) && !body.contains("no-op")
        });
        told.count()
    };
    world.auth.compromises().declare(&act(&world.clock), 1, &second()).expect("declared before");
    world.auth.compromises().proceed(&act(&world.clock), 1, &mut |_| ()).expect("nothing to do");
    let completed = world.auth.compromises().complete(&act(&world.clock), 1, &[7; 32]);
    assert_eq!(completed.expect("completed").state, State::Completed);
    world.auth.compromises().complete(&act(&world.clock), 1, &[7; 32]).expect("nothing to do");
    for state in State::ALL {
        assert_eq!(done(state), 1, "{state}");
    }
}

#[test]
fn k7_it_takes_two_people_and_an_order() {
    let world = World::new();
    let by = act(&world.clock);
    let domain::act::Actor::Staff(myself) = by.actor.clone() else { panic!("staff acts") };
    let alone = world.auth.compromises().declare(&by, 1, &myself);
    assert!(matches!(alone, Err(Error::Refused { field: "approver", .. })), "{alone:?}");
    let nothing = world.auth.compromises().proceed(&by, 1, &mut |_| ());
    assert!(matches!(nothing, Err(Error::Refused { field: "compromise", .. })), "{nothing:?}");
    let unknown = world.auth.compromises().declare(&by, 7, &second());
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    world.auth.compromises().declare(&by, 1, &second()).expect("declared");
    let early = world.auth.compromises().complete(&by, 1, &[7; 32]);
    assert!(matches!(early, Err(Error::Refused { field: "compromise", .. })), "{early:?}");
}

#[test]
fn k7_more_certificates_than_fit_one_unit_are_all_revoked() {
    let world = World::new();
    // Filled without signatures: what counts here is how many there are.
    for number in 0..2_500_u32 {
        add_unsigned(&world, number);
    }
    let mut heard = Vec::new();
    world.auth.compromises().declare(&act(&world.clock), 1, &second()).expect("declared");
    let row = world
        .auth
        .compromises()
        .proceed(&act(&world.clock), 1, &mut |revoked| heard.push(revoked))
        .expect("revoked");
    assert_eq!(row.state, State::Revoked);
    assert_eq!(row.revoked, 2_501, "with the CA's own certificate");
    assert_eq!(heard, [1000, 2000, 2501]);
    assert_eq!(world.auth.compromises().plan(1).expect("a plan").certificates, 0);
}

/// A certificate that is in force as far as the database knows.
fn add_unsigned(world: &World, number: u32) {
    let mark = x509::digest::sha256(&number.to_be_bytes());
    let serial = SerialNumber::from_random(mark[..16].try_into().expect("16")).expect("not zero");
    let at = world.clock.now();
    let intent = store::IntentRow {
        ca: world.auth.id().clone(),
        generation: 1,
        serial,
        kind: domain::certificate::CertificateKind::User,
        partition: Partition::Municipality(KAWAGUCHI.parse().expect("a code")),
        subject: mark[..16].to_vec(),
        spki_sha256: mark,
        tbs: Vec::new(),
        not_before: at,
        not_after: at + SignedDuration::from_hours(24 * 365),
        policy_digest: [0; 32],
        holder: None,
        application: None,
        at,
    };
    let entry = |kind| store::Entry::new(kind, &act(&world.clock));
    let unit = store::Unit::new(entry(domain::journal::EventKind::CertificateIntended))
        .change(store::Change::AddIntent(Box::new(intent)))
        .change(store::Change::CompleteIntent {
            ca: world.auth.id().clone(),
            serial,
            der: vec![0x30, 0],
            to: CertificateState::Good,
        });
    world.scratch.store.commit(unit).expect("a unit");
}
