//! A compromise where the CA has several keys: nobody vouches for the lost one any more, and the CA
//! goes on with another.

use ca::Error;
use domain::act::Act;
use domain::certificate::CertificateState;
use domain::compromise::CompromiseState;
use domain::crl_series::Partition;
use jiff::SignedDuration;
use store::CertificateRow;
use store::reads::ReadAuthorities;
use testkit::act;
use x509::crl::Crl;
use x509::read::Certificate;

use super::town::{Town, quick};

/// Carries the procedure out for a generation up to the notification.
fn compromise(town: &Town, generation: u32) {
    let now = || -> Act { act(&town.clock) };
    let second = "operator-2".parse().expect("an id");
    town.authority.compromises().declare(&now(), generation, &second).expect("declared");
    loop {
        town.clock.advance(SignedDuration::from_secs(1));
        let row = town.authority.compromises().proceed(&now(), generation, &mut |_| ());
        if row.expect("a step").state == CompromiseState::Announced {
            return;
        }
    }
}

/// What the CA certified to its own name for the key of a generation.
fn vouchers(town: &Town, generation: u32) -> Vec<CertificateRow> {
    let key = town.authority.generations().numbered(generation).expect("it exists");
    let rows = town.scratch.store.self_issued(town.authority.id(), key.name.as_der());
    let mut rows = rows.expect("a read");
    rows.retain(|row| row.intent.spki_sha256 == key.key.spki_sha256());
    rows
}

fn is_revoked(row: &CertificateRow) -> bool {
    matches!(row.state, CertificateState::Revoked { .. })
}

#[test]
fn k7_l9_every_link_for_a_lost_key_ends_whichever_key_signed_it() {
    for lost in [1, 2] {
        let town = Town::new(&quick());
        let renewal = town.renewal();
        town.renew(&renewal).expect("renewed");
        town.clock.advance(SignedDuration::from_hours(2));
        let plan = town.authority.compromises().plan(lost).expect("a plan");
        compromise(&town, lost);
        let vouchers = vouchers(&town, lost);
        assert_eq!(vouchers.len(), 2, "its self-signed certificate and a link for it");
        assert!(vouchers.iter().all(is_revoked), "generation {lost}");
        let row = town.authority.generations().compromise(lost).expect("a read").expect("declared");
        assert_eq!(row.revoked, plan.certificates, "as it was planned");
        // The list of links that the other key signs says so.
        let list = town.list(3 - lost, Partition::ArlLink);
        let serials: Vec<_> = vouchers.iter().map(|row| row.intent.serial.to_integer()).collect();
        let entries = Crl::parse(&list).expect("a list").entries().count();
        assert_eq!(entries, 2, "both links, one by each key: {serials:?}");
    }
}

#[test]
fn k7_a_renewal_that_is_asked_for_again_vouches_for_no_lost_key() {
    let town = Town::new(&quick());
    let renewal = town.renewal();
    assert!(town.renew(&renewal).expect("renewed").links.is_some());
    compromise(&town, 1);
    let again = town.renew(&renewal).expect("it was done before");
    assert!(again.no_op && again.links.is_none());
    assert!(vouchers(&town, 1).iter().all(is_revoked));
}

#[test]
fn k6_k7_after_the_worst_day_the_ca_gets_a_new_key_that_stands_alone() {
    let town = Town::new(&quick());
    compromise(&town, 1);
    let renewed = town.renew(&town.renewal()).expect("a new key");
    assert!(renewed.links.is_none());
    assert!(vouchers(&town, 1).iter().all(is_revoked), "nobody vouches for the lost key");
    assert_eq!(vouchers(&town, 2).len(), 1, "nor the lost key for the new one");
    town.clock.advance(SignedDuration::from_hours(2));
    let server = Certificate::parse(&town.server("after")).expect("a certificate");
    let new = town.authority.generations().numbered(2).expect("it exists");
    server.verify(new.key.as_der()).expect("issued by the new key");
}

#[test]
fn k6_nothing_is_issued_by_a_key_whose_root_has_ended() {
    let town = Town::new(&quick());
    let ends = town.authority.generations().numbered(1).expect("it exists").ends;
    town.clock.advance(ends.duration_since(town.clock.now()) + SignedDuration::from_secs(1));
    let request = super::world::auth_request(
        1,
        domain::application::ApplicationKind::IssueWithCard,
        &super::world::card(1),
    );
    let refused = town.authority.user_certificates().issue(&act(&town.clock), request);
    assert!(matches!(refused, Err(Error::Refused { field: "ca key", .. })), "{refused:?}");
}
