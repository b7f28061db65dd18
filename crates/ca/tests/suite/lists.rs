//! Revocation lists: partitions, times, completeness, and openssl as the reader.

use std::sync::Arc;

use ca::{CertificationAuthority, Difference, ListOutcome, RevocationOrder};
use domain::crl_series::Partition;
use domain::id::{CaId, SerialNumber};
use domain::journal::EventKind;
use domain::revocation::{Requester, RevocationCause};
use jiff::SignedDuration;
use store::reads::ReadLists;
use store::{CrlKey, CrlRow, Entry, SeriesKey, Store, Unit};
use testkit::{act, run};
use x509::crl::Crl;
use x509::pem;

use super::world::{KAWAGUCHI, World};

fn revoke(world: &World, authority: &CertificationAuthority, serial: &SerialNumber) {
    let order = RevocationOrder {
        cause: RevocationCause::UseEnded,
        requester: Requester::Holder,
        approver: None,
    };
    authority.life().revoke(&act(&world.clock), serial, &order).expect("a revocation");
}

fn publish_all(world: &World, authority: &CertificationAuthority) -> Vec<CrlRow> {
    let due = authority.list_series().due(world.clock.now()).expect("series");
    let outcomes = authority.lists().publish_all(&act(&world.clock), &due);
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            ListOutcome::Published(row) => row,
            other => panic!("not published: {other:?}"),
        })
        .collect()
}

fn series(ca: &CaId, partition: Partition) -> SeriesKey {
    SeriesKey { ca: ca.clone(), generation: 1, partition }
}

fn kawaguchi() -> Partition {
    Partition::Municipality(KAWAGUCHI.parse().expect("a code"))
}

#[test]
fn v1_a_list_lasts_72_hours_and_says_when_the_next_is_planned() {
    let world = World::new();
    world.good_auth(1);
    let rows = publish_all(&world, &world.auth);
    assert_eq!(rows.len(), 5, "one municipality, the servers, three ARLs");
    for row in rows {
        assert_eq!(row.next_update.duration_since(row.this_update), SignedDuration::from_hours(72));
        assert_eq!(
            row.next_publish.duration_since(row.this_update),
            SignedDuration::from_hours(24)
        );
        let content = world.scratch.store.crl_content(&row.key).expect("a read").expect("content");
        let crl = Crl::parse(&content).expect("a list");
        assert_eq!(crl.next_update, Some(row.next_update));
        assert_eq!(crl.next_publish().expect("readable"), Some(row.next_publish));
        assert_eq!(crl.number().expect("readable"), Some(1));
    }
    assert!(world.auth.list_series().due(world.clock.now()).expect("series").is_empty());
    world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(publish_all(&world, &world.auth).len(), 5, "every 24 hours");
}

#[test]
fn v2_a_municipality_has_its_own_list_with_serial_date_and_reason() {
    let world = World::new();
    let (revoked, good) = (world.good_sign(1), world.good_sign(2));
    revoke(&world, &world.sign, &revoked);
    publish_all(&world, &world.sign);
    let key = CrlKey { series: series(world.sign.id(), kawaguchi()), number: 1 };
    let content = world.scratch.store.crl_content(&key).expect("a read").expect("content");
    let crl = Crl::parse(&content).expect("a list");
    let entries: Vec<_> = crl.entries().collect::<Result<_, _>>().expect("entries");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].serial, revoked.to_integer());
    assert_eq!(entries[0].code, Some(5));
    assert_ne!(entries[0].serial, good.to_integer());
    let point = &crl.issuing_distribution_point().expect("readable").expect("it is there").names[0];
    assert_eq!(
        point.to_string(),
        "CN=Kawaguchi-shi CRLDP,OU=Saitama-ken,OU=CRL Distribution Points,OU=JPKI for digital signature,O=JPKI,C=JP"
    );
}

#[test]
fn v2_openssl_takes_the_right_partition_and_refuses_the_wrong_one() {
    let world = World::new();
    let (revoked, good) = (world.good_auth(1), world.good_auth(2));
    revoke(&world, &world.auth, &revoked);
    publish_all(&world, &world.auth);
    let root = world
        .auth
        .generations()
        .self_signed_certificate(
            &world.auth.generations().current_at(world.clock.now()).expect("a key"),
        )
        .expect("a root");
    world.scratch.write("root.pem", pem::encode(pem::CERTIFICATE, &root).expect("PEM"));
    let list = |partition, name: &str| {
        let key = CrlKey { series: series(world.auth.id(), partition), number: 1 };
        let content = world.scratch.store.crl_content(&key).expect("a read").expect("content");
        world.scratch.write(name, pem::encode(pem::CRL, &content).expect("PEM"));
    };
    list(kawaguchi(), "right.pem");
    list(Partition::Other, "wrong.pem");
    let verify = |serial: &SerialNumber, crl: &str| {
        let der = world.auth.certificate(serial).expect("it exists").der.expect("issued");
        world.scratch.write("user.pem", pem::encode(pem::CERTIFICATE, &der).expect("PEM"));
        let at = world.clock.now().as_second().to_string();
        let arguments = [
            "verify",
            "-attime",
            &at,
            "-crl_check",
            "-CAfile",
            "root.pem",
            "-CRLfile",
            crl,
            "user.pem",
        ];
        run(world.scratch.path(), "openssl", &arguments).text
    };
    assert!(verify(&good, "right.pem").contains("user.pem: OK"));
    assert!(verify(&revoked, "right.pem").contains("certificate revoked"));
    assert!(
        verify(&good, "wrong.pem").contains("error"),
        "a list of another partition proves nothing"
    );
}

#[test]
fn v1_a_list_does_not_replace_one_of_the_same_second() {
    let world = World::new();
    world.good_auth(1);
    publish_all(&world, &world.auth);
    let again =
        world.auth.lists().publish(&act(&world.clock), &series(world.auth.id(), kawaguchi()));
    assert!(again.is_err_and(|error| error.to_string().contains("must advance")));
    world.clock.advance(SignedDuration::from_secs(1));
    let next =
        world.auth.lists().publish(&act(&world.clock), &series(world.auth.id(), kawaguchi()));
    assert!(matches!(next, Ok(ListOutcome::Published(row)) if row.key.number == 2));
}

#[test]
fn v8_every_list_is_kept_and_found_by_its_number() {
    let world = World::new();
    let serial = world.good_auth(1);
    publish_all(&world, &world.auth);
    revoke(&world, &world.auth, &serial);
    world.clock.advance(SignedDuration::from_hours(24));
    publish_all(&world, &world.auth);
    let key = series(world.auth.id(), kawaguchi());
    assert_eq!(world.scratch.store.crl_numbers(&key).expect("numbers"), [1, 2]);
    let entries = |number| {
        let content = world
            .scratch
            .store
            .crl_content(&CrlKey { series: key.clone(), number })
            .expect("a read");
        Crl::parse(&content.expect("content")).expect("a list").entries().count()
    };
    assert_eq!((entries(1), entries(2)), (0, 1));
}

#[test]
fn v1_an_entry_leaves_only_after_a_list_beyond_its_certificate() {
    let world = World::new();
    let serial = world.good_sign(1);
    revoke(&world, &world.sign, &serial);
    let key = series(world.sign.id(), kawaguchi());
    let entries = || match world.sign.lists().publish(&act(&world.clock), &key).expect("a list") {
        ListOutcome::Published(row) => row.entries,
        other => panic!("{other:?}"),
    };
    assert_eq!(entries(), 1);
    world.clock.advance(SignedDuration::from_hours(24 * 366 * 3));
    assert_eq!(entries(), 1, "the first list after its end still has it (RFC 5280 3.3)");
    world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(entries(), 0);
}

#[test]
fn v11_undelivered_is_on_the_list_as_held_in_a_and_absent_in_s() {
    let world = World::new();
    let mut unused = super::world::card(1);
    let request =
        super::world::auth_request(1, domain::application::ApplicationKind::IssueWithCard, &unused);
    world.issue_auth(&mut unused, request).expect("issued");
    let mut other = super::world::card(2);
    let request = super::world::sign_request(
        &world.sign,
        &act(&world.clock),
        2,
        domain::application::ApplicationKind::IssueOnCard,
        &mut other,
    );
    world.sign.user_certificates().issue(&act(&world.clock), request).expect("issued");
    let codes = |authority: &CertificationAuthority| {
        publish_all(&world, authority);
        let key = CrlKey { series: series(authority.id(), kawaguchi()), number: 1 };
        let content = world.scratch.store.crl_content(&key).expect("a read").expect("content");
        Crl::parse(&content)
            .expect("a list")
            .entries()
            .map(|e| e.expect("an entry").code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&world.auth), [Some(6)]);
    assert_eq!(codes(&world.sign), []);
}

#[test]
fn v11_the_gate_withholds_a_list_that_lacks_an_entry() {
    let world = World::new();
    let serial = world.good_auth(1);
    world.good_auth(2);
    revoke(&world, &world.auth, &serial);
    publish_all(&world, &world.auth);
    let forgetful: Arc<dyn Store> = Arc::new(super::faulty::forgetful(world.scratch.store.clone()));
    let authority = CertificationAuthority::open(super::world::AUTH, forgetful, world.keys.clone())
        .expect("the CA");
    world.clock.advance(SignedDuration::from_hours(24));
    let key = series(authority.id(), kawaguchi());
    let outcome = authority.lists().publish(&act(&world.clock), &key).expect("built");
    let ListOutcome::Withheld { differences, .. } = outcome else {
        panic!("published: {outcome:?}")
    };
    assert!(
        matches!(differences[..], [Difference::Missing(_), Difference::Partition { .. }]),
        "{differences:?}"
    );
    let published = authority.list_series().published(&key).expect("a read").expect("the old one");
    assert_eq!(published.key.number, 1, "what was published stays up");
    world.clock.advance(SignedDuration::from_secs(1));
    let honest = world.auth.lists().publish(&act(&world.clock), &key).expect("built");
    assert!(
        matches!(honest, ListOutcome::Published(row) if row.key.number == 3 && row.entries == 1)
    );
    let given_out = world.scratch.store.crl_numbers(&key).expect("numbers");
    assert_eq!(given_out, [1, 3], "what the gate withheld is never given out, even when overtaken");
}

/// One start with a clock that was ahead must not block every list until then: once people have said
/// that it was wrong, lists go on with the next number and the right time (A 6.8).
#[test]
fn v1_lists_of_a_time_that_people_called_wrong_are_followed_at_once() {
    let world = World::new();
    world.good_auth(1);
    let right = world.clock.now();
    world.clock.advance(SignedDuration::from_hours(30 * 24));
    assert_eq!(publish_all(&world, &world.auth).len(), 5);
    world.clock.advance(SignedDuration::from_hours(-30 * 24));
    assert_eq!(world.clock.now(), right);
    let key = series(world.auth.id(), kawaguchi());
    let due = || world.auth.list_series().due(world.clock.now()).expect("series").len();
    assert_eq!(due(), 0, "nobody knows yet which time is wrong");
    let refused = world.auth.lists().publish(&act(&world.clock), &key).expect_err("it is behind");
    assert!(refused.to_string().contains("must advance"), "{refused}");
    let said = |entry: Entry| entry.detail(ca::CLOCK_SAID_RIGHT, "a month ahead");
    let accepted = || said(Entry::new(EventKind::StartAccepted, &act(&world.clock)));
    let refusal = Unit::new(accepted().refused("one person is not two"));
    world.scratch.store.commit(refusal).expect("committed");
    assert_eq!(due(), 0, "a refusal says nothing");
    world.scratch.store.commit(Unit::new(accepted())).expect("committed");
    assert_eq!(due(), 5);
    for row in publish_all(&world, &world.auth) {
        assert_eq!((row.key.number, row.this_update), (2, right));
    }
    assert_eq!(due(), 0);
    let again = world.auth.lists().publish(&act(&world.clock), &key).expect_err("the same second");
    assert!(again.to_string().contains("must advance"), "{again}");
}
