//! A CA whose key was renewed while the program runs: both keys answered for, each by its delegate.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::certificate::{CertificateKind, CertificateState as State};
use jitsuin_status::ocsp::{GenerationConfig, ResponderIdentity, Settings};
use keys::{Administer, Sign};
use ocsp_fixture::request::{Draft, believed, statuses};
use ocsp_fixture::{Ca, PEER, World, delegate_template, label, put_delegate, response_status};
use x509::ocsp::ReceivedStatus;
use x509::public_key::SpkiInfo;

/// The second generation on P-384, and the CA as requests name it by that key.
fn second(world: &World) -> (GenerationConfig, Ca) {
    let algorithm = SignatureAlgorithm::EcdsaSha384;
    let make = |name: &str| {
        let key = world.keys.generate(&label(name), KeyAlgorithm::EcP384).unwrap();
        SpkiInfo::parse(&key.spki_der).unwrap()
    };
    let (key, own) = (make("jpki-auth-2"), make("jpki-auth-ocsp-2"));
    let mut delegate = delegate_template(&world.ca.name, own.as_der(), world.now);
    delegate.signature = algorithm;
    let tbs = delegate.to_tbs().unwrap();
    let signature = world.keys.sign(&label("jpki-auth-2"), algorithm, &tbs).unwrap();
    let certificate = x509::certificate::assemble(&tbs, algorithm, &signature);
    put_delegate(world.store.as_ref(), &world.ca.id, &certificate, world.now);
    let responder = ResponderIdentity {
        certificate: certificate.clone(),
        key: world.signing_key("jpki-auth-ocsp-2"),
        signature: algorithm,
    };
    let config = GenerationConfig { number: 2, public_key: key.clone(), responder };
    let ca = Ca {
        id: world.ca.id.clone(),
        name: world.ca.name.clone(),
        key,
        certificate: Vec::new(),
        delegate: certificate,
    };
    (config, ca)
}

#[test]
fn k6_p5_a_renewed_key_is_answered_for_without_a_restart_and_the_old_one_goes_on() {
    let world = World::new();
    let (generation, renewed) = second(&world);
    let serial = world.put(1, CertificateKind::TlsServer, State::Good);
    let responder = world.responder_for(&[world.config(&world.ca)], Settings::default());
    let ask = |ca: &Ca| responder.answer(&Draft::about(ca, &[serial]).unsigned(), PEER, world.now);
    assert_eq!(statuses(&ask(&world.ca)), [ReceivedStatus::Good]);
    assert_eq!(response_status(&ask(&renewed)), 6, "unauthorized: no such key yet");
    let mut config = world.config(&world.ca);
    config.generations.push(generation);
    responder.adopt(&[config.clone()]).unwrap();
    assert_eq!(statuses(&ask(&world.ca)), [ReceivedStatus::Good]);
    // The serial was issued by the first key: the second knows nothing of it, and that is for
    // verifiers alone.
    assert_eq!(response_status(&ask(&renewed)), 5, "sigRequired");
    // A delegate that no client would believe is refused, and everything goes on as it was.
    config.generations[1].responder.certificate = world.ca.delegate.clone();
    responder.adopt(&[config]).unwrap_err();
    assert_eq!(response_status(&ask(&renewed)), 5);
    believed(&ask(&world.ca));
}
