//! Answers signed for their request, beside signatures alone on as many threads.

use std::cell::Cell;
use std::thread;

use domain::algorithm::KeyAlgorithm;
use jiff::Timestamp;
use keys::{Administer, Sign};
use testkit::{Aim, Rounds};
use x509::algorithm::identifier;
use x509::der_writer::DerWriter;
use x509::ocsp::OcspResponse;
use x509::oid;

use super::cores;
use super::world::{ALGORITHM, CERTIFICATES, PEER, World, label};

/// Requests of one round.
const REQUESTS: usize = 6000;
/// About what a response's ResponseData has.
const RESPONSE_DATA: [u8; 200] = [0x5a; 200];

/// Requests signed by a verifier, each with a nonce, about as many residents' certificates.
pub(crate) fn print(world: &World, rounds: usize) {
    // No request is answered twice, so each round has its own.
    let next = Cell::new(0_u64);
    let fresh = || -> Vec<Vec<u8>> {
        let first = next.get();
        next.set(first + REQUESTS as u64);
        (first + 1..=next.get()).map(|number| signed_request(world, number)).collect()
    };
    let answer = |request: &Vec<u8>| world.responder.answer(request, PEER, Timestamp::now());
    let parsed = OcspResponse::parse(&answer(&fresh()[0]).bytes).unwrap();
    assert!(matches!(parsed, OcspResponse::Successful(_)), "{parsed:?}");
    world.keys.generate(&label("raw"), KeyAlgorithm::Rsa2048).unwrap();
    let raw = label("raw");
    let sign = |_: &Vec<u8>| world.keys.sign(&raw, ALGORITHM, &RESPONSE_DATA).unwrap();
    let live = || rate(&fresh(), |request| drop(answer(request)));
    let signed = vec![Vec::new(); REQUESTS];
    let alone = || rate(&signed, |nothing| drop(sign(nothing)));
    Rounds::alternate(rounds, live, alone)
        .figure(
            "OCSP answers signed live",
            "answers/s of processor time",
            "raw RSA-2048 signatures",
        )
        .aim(Aim::AtLeast(0.85))
        .print();
}

/// Requests for each second of processor time, on all cores: what else runs on the machine takes nothing
/// away from that.
fn rate(requests: &[Vec<u8>], work: impl Fn(&Vec<u8>) + Sync) -> f64 {
    let before = processor_seconds();
    thread::scope(|scope| {
        for share in requests.chunks(requests.len().div_ceil(cores())) {
            scope.spawn(|| share.iter().for_each(&work));
        }
    });
    requests.len() as f64 / (processor_seconds() - before)
}

/// The time that this process had on a processor, the kernel's for it included (proc(5)).
fn processor_seconds() -> f64 {
    super::cached::processor_seconds(&[std::process::id()])
}

fn signed_request(world: &World, number: u64) -> Vec<u8> {
    let tbs = request_tbs(&world.cert_id(number % CERTIFICATES), Some(number));
    let signature = world.keys.sign(&label("verifier"), ALGORITHM, &tbs).unwrap();
    let mut writer = DerWriter::new();
    writer.sequence(|w| {
        w.raw(&tbs);
        w.context(0, |w| {
            w.sequence(|w| {
                w.raw(&identifier(ALGORITHM));
                w.bit_string(&signature);
                w.context(0, |w| w.sequence(|w| w.raw(&world.verifier_certificate)));
            });
        });
    });
    writer.into_bytes()
}

/// A TBSRequest about one certificate, with a nonce of 32 octets if wanted.
pub(crate) fn request_tbs(cert_id: &[u8], nonce: Option<u64>) -> Vec<u8> {
    let mut writer = DerWriter::new();
    writer.sequence(|w| {
        w.sequence(|w| w.sequence(|w| w.raw(cert_id)));
        if let Some(nonce) = nonce {
            let octets = x509::digest::sha256(&nonce.to_be_bytes());
            let mut value = DerWriter::new();
            value.octet_string(&octets);
            w.context(2, |w| {
                w.sequence(|w| {
                    w.sequence(|w| {
                        w.oid(oid::OCSP_NONCE);
                        w.octet_string(&value.into_bytes());
                    });
                });
            });
        }
    });
    writer.into_bytes()
}
