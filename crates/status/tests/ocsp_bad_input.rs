//! Malformed, oversized, unsupported, and everything that can fail: the right status, never a panic.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::atomic::Ordering;

use const_oid::ObjectIdentifier;
use domain::certificate::{CertificateKind, CertificateState as State};
use jiff::SignedDuration;
use jitsuin_status::ocsp::{ConfigError, Responder, Settings};
use keys::{Administer, Sign};
use ocsp_fixture::request::{Draft, Signer, statuses};
use ocsp_fixture::{
    Ca, PEER, World, delegate_template, label, response_status, serial, signed, template,
};
use proptest::prelude::*;
use x509::ocsp::ReceivedStatus;
use x509::ocsp::request::{MAX_CERTIFICATES_ASKED, MAX_REQUEST_LENGTH};

const MALFORMED: u8 = 1;
const INTERNAL_ERROR: u8 = 2;
const TRY_LATER: u8 = 3;
const UNAUTHORIZED: u8 = 6;

const STRANGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.99.1");

#[test]
fn v5_what_is_no_request_is_malformed() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let good = Draft::about(&world.ca, &[server]).unsigned();
    let mut longer = good.clone();
    longer.push(0);
    let too_many: Vec<_> = (1..=MAX_CERTIFICATES_ASKED as u8 + 1).map(serial).collect();
    let no_certificate =
        Draft::about(&world.ca, &[server]).with_signature(&[7; 256], &[&[0x30, 0]]);
    let cases: [(&str, Vec<u8>); 8] = [
        ("with what is no certificate", no_certificate),
        ("empty", Vec::new()),
        ("text", b"GET / HTTP/1.1".to_vec()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("followed by something", longer),
        ("about nothing", Draft::default().unsigned()),
        ("about too many", Draft::about(&world.ca, &too_many).unsigned()),
        ("oversized", vec![0x30; MAX_REQUEST_LENGTH + 1]),
    ];
    let responder = world.responder();
    for (what, request) in cases {
        let answer = responder.answer(&request, PEER, world.now);
        assert_eq!(response_status(&answer), MALFORMED, "{what}");
    }
    assert_eq!(response_status(&responder.refuse_oversized(PEER, world.now)), MALFORMED);
    assert_eq!(world.log.records().len(), 9, "each is recorded");
}

/// The CertID is echoed in what is signed and is the key of what is kept, so no client may stretch it.
#[test]
fn v5_a_hash_comes_with_null_or_nothing() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let long = vec![7; 40_000];
    let cases: [(&str, &[&[u8]], u8); 5] = [
        ("nothing", &[], 0),
        ("NULL", &[&[]], 0),
        ("a NULL that holds something", &[&[0]], MALFORMED),
        ("40,000 octets", &[&long], MALFORMED),
        ("two parameters", &[&[], &[]], MALFORMED),
    ];
    for (what, parameters, status) in cases {
        let request = Draft::with_parameters(&world.ca, parameters, server).unsigned();
        let answer = responder.answer(&request, PEER, world.now);
        assert_eq!(response_status(&answer), status, "{what}");
    }
}

#[test]
fn v5_as_many_as_allowed_are_answered() {
    let world = World::new();
    let signer = Signer::registered(&world, "verifier-1");
    let many: Vec<_> = (1..=MAX_CERTIFICATES_ASKED as u8).map(serial).collect();
    let request = Draft::about(&world.ca, &many).signed(&signer);
    let answer = world.responder().answer(&request, PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Unknown; MAX_CERTIFICATES_ASKED]);
}

#[test]
fn v5_nonces_have_the_lengths_of_rfc_9654() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    for (length, status) in
        [(0, MALFORMED), (1, 0), (32, 0), (33, 0), (128, 0), (129, MALFORMED), (4_096, MALFORMED)]
    {
        let request = Draft::about(&world.ca, &[server]).nonce(&vec![7; length]).unsigned();
        let answer = responder.answer(&request, PEER, world.now);
        assert_eq!(response_status(&answer), status, "{length} octets");
    }
}

#[test]
fn v5_what_is_insisted_on_but_not_known_is_unauthorized() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let draft = Draft::about(&world.ca, &[server]);
    let status =
        |draft: Draft| response_status(&responder.answer(&draft.unsigned(), PEER, world.now));
    assert_eq!(status(draft.clone().extension(STRANGE, true, &[5, 0])), UNAUTHORIZED);
    assert_eq!(status(draft.clone().extension(STRANGE, false, &[5, 0])), 0);
    // A client that reads only a kind of response there is not.
    let types = |oid: ObjectIdentifier| {
        let mut w = x509::der_writer::DerWriter::new();
        w.sequence(|w| w.oid(oid));
        w.into_bytes()
    };
    let accepts = x509::oid::OCSP_RESPONSE_TYPES;
    assert_eq!(status(draft.clone().extension(accepts, false, &types(STRANGE))), MALFORMED);
    assert_eq!(status(draft.extension(accepts, false, &types(x509::oid::OCSP_BASIC))), 0);
}

#[test]
fn v5_a_hash_not_known_here_is_unknown_beside_one_that_is() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let mut w = x509::der_writer::DerWriter::new();
    w.sequence(|w| {
        // SHA-384.
        w.sequence(|w| w.oid(ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2")));
        w.octet_string(&[1; 48]);
        w.octet_string(&[2; 48]);
        w.integer(5);
    });
    let mut draft = Draft { cert_ids: vec![w.into_bytes()], extensions: Vec::new() };
    let responder = world.responder();
    let alone = responder.answer(&draft.unsigned(), PEER, world.now);
    assert_eq!(response_status(&alone), UNAUTHORIZED);
    draft.cert_ids.extend(Draft::about(&world.ca, &[server]).cert_ids);
    let answer = responder.answer(&draft.unsigned(), PEER, world.now);
    assert_eq!(statuses(&answer), [ReceivedStatus::Unknown, ReceivedStatus::Good]);
}

#[test]
fn v5_faults_of_ours_are_try_later_or_internal_error() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let request = Draft::about(&world.ca, &[server]).unsigned();
    let status = |now| response_status(&responder.answer(&request, PEER, now));
    assert_eq!(status(world.now), 0);
    world.faults.store.store(true, Ordering::Relaxed);
    assert_eq!(status(world.now), TRY_LATER, "not even what is kept is repeated unread");
    world.faults.store.store(false, Ordering::Relaxed);
    let expired = world.now + SignedDuration::from_hours(1_001);
    assert_eq!(status(expired), TRY_LATER, "the delegate has expired, and gets a successor");
    world.keys.destroy(&label("jpki-auth-ocsp")).unwrap();
    let later = world.now + SignedDuration::from_mins(5);
    assert_eq!(status(later), INTERNAL_ERROR, "the key is gone");
}

#[test]
fn e1_without_a_record_there_is_no_answer() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder();
    let request = Draft::about(&world.ca, &[server]).unsigned();
    assert_eq!(response_status(&responder.answer(&request, PEER, world.now)), 0);
    world.faults.log.store(true, Ordering::Relaxed);
    for bytes in [request.as_slice(), b"nonsense"] {
        assert_eq!(response_status(&responder.answer(bytes, PEER, world.now)), TRY_LATER);
    }
}

#[test]
fn v5_a_delegate_that_no_client_would_believe_is_refused_at_the_start() {
    let world = World::new();
    let other = Ca::set_up("saitama-sign", world.store.as_ref(), &world.keys, world.now);
    let refused = |change: &dyn Fn(&mut jitsuin_status::ocsp::ResponderIdentity)| {
        let mut config = world.config(&world.ca);
        change(&mut config.generations[0].responder);
        let (log, memory) = (world.log.clone(), world.memory.clone());
        let responder = Responder::new(&[config], world.source(), log, memory, Settings::default());
        responder.err().unwrap()
    };
    let delegated = refused(&|identity| identity.certificate = other.delegate.clone());
    assert!(matches!(delegated, ConfigError::NotDelegated { .. }), "{delegated}");
    let key = refused(&|identity| identity.key = world.signing_key("saitama-sign-ocsp"));
    assert!(matches!(key, ConfigError::Unfit { .. }), "{key}");
    let missing = refused(&|identity| identity.key = world.signing_key("nobody"));
    assert!(matches!(missing, ConfigError::Key(_)), "{missing}");
    let spki = world.keys.public_key(&label("jpki-auth-ocsp")).unwrap().spki_der;
    let plain = template(ocsp_fixture::name("plain"), world.ca.name.clone(), &spki, world.now);
    let plain = signed(&world.keys, &label("jpki-auth-1"), &plain);
    let purpose = refused(&|identity| identity.certificate = plain.clone());
    assert!(purpose.to_string().contains("OCSPSigning"), "{purpose}");
    let garbage = refused(&|identity| identity.certificate = vec![0x30, 0]);
    assert!(matches!(garbage, ConfigError::Certificate { .. }), "{garbage}");
    assert!(!delegate_template(&world.ca.name, &spki, world.now).extensions.is_empty());
}

#[test]
fn v5_whatever_octets_come_there_is_an_answer() {
    let world = World::new();
    let server = world.put(1, CertificateKind::TlsServer, State::Good);
    let signer = Signer::registered(&world, "verifier-1");
    let responder = world.responder();
    let seeds = [
        Draft::about(&world.ca, &[server]).unsigned(),
        Draft::about(&world.ca, &[server, serial(9)]).nonce(&[1; 16]).signed(&signer),
    ];
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    let strategy = (0..seeds.len(), prop::collection::vec(change, 1..6));
    proptest!(|((seed, changes) in strategy)| {
        let mut octets = seeds[seed].clone();
        for (place, value, how) in changes {
            let at = place.index(octets.len());
            match how {
                0 => octets[at] = value,
                1 => octets.insert(at, value),
                _ if octets.len() > 1 => { octets.remove(at); }
                _ => {}
            }
        }
        let answer = responder.answer(&octets, PEER, world.now);
        prop_assert!([0, 1, 5, 6].contains(&response_status(&answer)));
    });
}
