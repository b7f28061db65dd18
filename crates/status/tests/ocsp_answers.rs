//! What the responder says of every state, as of the database at that moment.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::atomic::Ordering;

use domain::certificate::{CertificateKind, CertificateState as State, StateName};
use domain::policy::Undelivered;
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use jitsuin_status::ocsp::Settings;
use jitsuin_status::query_log::{OcspOutcome, Query};
use ocsp_fixture::request::{Draft, Signer, believed, statuses};
use ocsp_fixture::{Ca, PEER, World, response_status, serial, serial_of};
use x509::ocsp::response_reader::ResponderId;
use x509::ocsp::{CertificateStatus, HashAlgorithm, ReceivedStatus};

/// Every state with what is said of it, where undelivered certificates count as held or as good.
fn table(world: &World) -> Vec<(State, ReceivedStatus, ReceivedStatus)> {
    let at = world.now - SignedDuration::from_hours(3);
    let revoked = |code| ReceivedStatus::Revoked { at, reason: Some(code) };
    let same = |state, said| (state, said, said);
    let mut rows = vec![
        same(State::Intended, ReceivedStatus::Unknown),
        same(State::Good, ReceivedStatus::Good),
        (State::Undelivered { since: at }, revoked(6), ReceivedStatus::Good),
        same(State::Held { since: at }, revoked(6)),
    ];
    for reason in RevocationReason::ALL {
        rows.push(same(State::Revoked { at, reason }, revoked(reason.code())));
    }
    rows
}

#[test]
fn v5_every_state_and_reason_is_told_as_the_database_has_it() {
    let world = World::new();
    let table = table(&world);
    let named = |name| table.iter().any(|(state, ..)| state.name() == name);
    assert!(StateName::ALL.into_iter().all(named), "the table has every state");
    let signer = Signer::registered(&world, "verifier-1");
    for (undelivered, of_row) in [(Undelivered::Hold, 0), (Undelivered::Good, 1)] {
        let mut config = world.config(&world.ca);
        config.undelivered = undelivered;
        let responder = world.responder_for(&[config], Settings::default());
        for (index, (state, held, good)) in table.iter().enumerate() {
            let fill = 10 + index as u8 + 100 * of_row;
            let serial = world.put(fill, CertificateKind::User, *state);
            let request = Draft::about(&world.ca, &[serial]).signed(&signer);
            let answer = responder.answer(&request, PEER, world.now);
            let said = if of_row == 0 { *held } else { *good };
            assert_eq!(statuses(&answer), [said], "{state:?} {undelivered:?}");
        }
    }
}

#[test]
fn v5_several_certificates_have_one_answer_in_their_order() {
    let world = World::new();
    let signer = Signer::registered(&world, "verifier-1");
    let good = world.put(1, CertificateKind::User, State::Good);
    let held = world.put(2, CertificateKind::User, State::Held { since: world.now });
    let asked = [held, serial(9), good];
    let request = Draft::with_hash(&world.ca, HashAlgorithm::Sha256, &asked).nonce(&[5; 32]);
    let answer = world.responder().answer(&request.signed(&signer), PEER, world.now);
    let response = believed(&answer);
    let ids: Vec<_> = response.data.singles.iter().map(|s| s.cert_id.der.clone()).collect();
    assert_eq!(ids, request.cert_ids);
    let at = world.now;
    let revoked = ReceivedStatus::Revoked { at, reason: Some(6) };
    assert_eq!(statuses(&answer), [revoked, ReceivedStatus::Unknown, ReceivedStatus::Good]);
    assert_eq!(response.data.nonce.unwrap().octets(), [5; 32]);
}

#[test]
fn v5_the_answer_bears_the_delegate_and_the_moment() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let request = Draft::about(&world.ca, &[server]).unsigned();
    let response = believed(&world.responder().answer(&request, PEER, world.now));
    assert_eq!(response.certificates[0].der, world.ca.delegate);
    let key = response.certificates[0].tbs.public_key().unwrap().key_identifier();
    assert_eq!(response.data.responder, ResponderId::KeyHash(key.to_vec()));
    assert_eq!(response.data.produced_at, world.now);
    let single = &response.data.singles[0];
    assert_eq!((single.this_update, single.next_update), (world.now, None));
    assert_eq!(response.data.nonce, None);
}

#[test]
fn v11_a_revocation_counts_though_our_clock_has_not_reached_it() {
    let world = World::new();
    let at = world.now + SignedDuration::from_secs(90);
    let reason = RevocationReason::KeyCompromise;
    let server = world.put(1, CertificateKind::TlsServer, State::Revoked { at, reason });
    let request = Draft::about(&world.ca, &[server]).unsigned();
    let answer = world.responder().answer(&request, PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Revoked { at, reason: Some(1) }]);
    assert_eq!(believed(&answer).data.produced_at, at);
}

#[test]
fn v11_good_is_said_of_nothing_that_another_key_or_ca_issued() {
    let world = World::new();
    let other = Ca::set_up("saitama-sign", world.store.as_ref(), &world.keys, world.now);
    let signer = Signer::registered(&world, "verifier-1");
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let mut second = world.config(&world.ca);
    second.generations[0].number = 2;
    // The serial exists under another generation, then under another CA.
    let responder = world.responder_for(&[second], Settings::default());
    let request = Draft::about(&world.ca, &[server]).signed(&signer);
    let answer = responder.answer(&request, PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Unknown]);
    let both = [world.config(&world.ca), world.config(&other)];
    let responder = world.responder_for(&both, Settings::default());
    let request = Draft::about(&other, &[server]).signed(&signer);
    let answer = responder.answer(&request, PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Unknown]);
    assert_eq!(believed(&answer).certificates[0].der, other.delegate);
}

#[test]
fn v5_issuers_not_served_here_are_unknown_beside_ours_and_unauthorized_alone() {
    let world = World::new();
    let other = Ca::set_up("saitama-sign", world.store.as_ref(), &world.keys, world.now);
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let mut mixed = Draft::about(&other, &[server]);
    let foreign_only = mixed.unsigned();
    mixed.cert_ids.extend(Draft::about(&world.ca, &[server]).cert_ids);
    let responder = world.responder();
    let answer = responder.answer(&mixed.unsigned(), PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Unknown, ReceivedStatus::Good]);
    assert_eq!(response_status(&responder.answer(&foreign_only, PEER, world.now)), 6);
    let both = [world.config(&world.ca), world.config(&other)];
    let responder = world.responder_for(&both, Settings::default());
    assert_eq!(response_status(&responder.answer(&mixed.unsigned(), PEER, world.now)), 6);
}

#[test]
fn e1_every_query_is_recorded_with_who_asked_what_and_the_answer() {
    let world = World::new();
    let signer = Signer::registered(&world, "verifier-1");
    let user = world.put(1, CertificateKind::User, State::Good);
    let responder = world.responder();
    responder.answer(&Draft::about(&world.ca, &[user]).signed(&signer), PEER, world.now);
    responder.answer(&Draft::about(&world.ca, &[user]).unsigned(), PEER, world.now);
    responder.answer(b"nonsense", PEER, world.now);
    let records = world.log.records();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record.peer == PEER && record.at == world.now));
    assert_eq!(records[0].verifier.as_ref().unwrap().as_str(), "verifier-1");
    let parts = |index: usize| match &records[index].query {
        Query::Ocsp { asked, outcome, .. } => (asked.clone(), outcome.clone()),
        other => panic!("{other:?}"),
    };
    let (asked, outcome) = parts(0);
    assert_eq!(
        (asked[0].ca.as_ref(), asked[0].serial.clone()),
        (Some(&world.ca.id), user.to_string())
    );
    assert_eq!((asked[0].status, outcome), (Some(CertificateStatus::Good), OcspOutcome::Signed));
    let (asked, outcome) = parts(1);
    assert_eq!(asked[0].status, None, "what was not answered is not in the record as answered");
    assert!(format!("{outcome}").starts_with("SigRequired"));
    assert!(parts(2).0.is_empty());
    let line = records[0].to_string();
    assert!(line.ends_with(&format!(" signed jpki-auth/{user}=good")), "{line}");
    let heard = jitsuin_status::query_log::heard(&line).expect("what is remembered of it");
    assert_eq!((heard.at, heard.from), (world.now, PEER.ip()));
    assert!(records[1].to_string().contains("ocsp SigRequired"), "nothing of who did not sign");
}

/// Clients do not ask about a delegate with nocheck, so the responder itself must know.
#[test]
fn v5_a_revoked_responder_signs_nothing_more() {
    let world = World::new();
    let own = serial_of(&world.ca.delegate);
    let asked = world.put(9, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let request = Draft::about(&world.ca, &[asked]).unsigned();
    assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), 0);
    let reason = RevocationReason::KeyCompromise;
    world.change(own, State::Good, State::Revoked { at: world.now, reason });
    let later = world.now + SignedDuration::from_secs(3600);
    assert_eq!(response_status(&responder.answer(&request, PEER, later)), 2, "internalError");
}

/// Somebody took the row away, and with it perhaps its revocation.
#[test]
fn v5_e2_a_responder_that_the_database_does_not_know_signs_nothing_and_is_doubted() {
    let world = World::new();
    let asked = world.put(9, CertificateKind::TlsServer, State::Good);
    let request = Draft::about(&world.ca, &[asked]).unsigned();
    assert_eq!(response_status(&world.responder().answer(&request, PEER, world.now)), 0);
    let unknown = world.unknown_delegate();
    let mut config = world.config(&world.ca);
    config.generations[0].responder.certificate = unknown;
    let responder = world.responder_for(&[config], Settings::default());
    for changes in [0, 1, 1] {
        world.faults.changes.store(changes, Ordering::SeqCst);
        assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), 3, "tryLater");
    }
    let doubted = world.store.doubt().standing().expect("everything is in doubt");
    assert_eq!(doubted.extent, store::Extent::Everything);
    assert!(doubted.findings[0].contains("responder"), "{doubted:?}");
}

#[test]
fn v5_a_responder_whose_certificate_ended_is_to_be_asked_later() {
    let world = World::new();
    let delegate = x509::read::Certificate::parse(&world.ca.delegate).unwrap();
    let asked = world.put(9, CertificateKind::TlsServer, State::Good);
    let (responder, request) = (world.responder(), Draft::about(&world.ca, &[asked]).unsigned());
    let ends = delegate.tbs.validity.not_after;
    assert_eq!(response_status(&responder.answer(&request, PEER, ends)), 0);
    let later = ends + SignedDuration::from_secs(3600);
    assert_eq!(response_status(&responder.answer(&request, PEER, later)), 3, "tryLater");
}
