//! Durable issuance, certificates a second, beside the raw signing rate of the same provider.
//!
//! Every certificate goes through all six steps, with the embedded key store and a database file
//! that is flushed at every commit; holders' keys and their proofs are made before the clock runs.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

mod effort;
mod holders;
mod shares;
mod world;

use std::thread;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use testkit::{Aim, Rounds};

use world::World;

/// Requests in flight: enough that the writer always has a batch while the disk flushes another.
const IN_FLIGHT: usize = 64;
/// Certificates of one round; a fresh database each round, because a key is certified once.
const CERTIFICATES: usize = 1000;
/// The octets of a TBSCertificate of these profiles.
const TBS_LENGTH: usize = 1200;

fn main() {
    let rounds = number("JITSUIN_BENCH_ROUNDS", 5);
    let holders = holders::load(CERTIFICATES);
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let first = World::new(IN_FLIGHT);
    first.issue(first.requests(&holders, IN_FLIGHT));
    drop(first);
    let (mut own_effort, mut raw_effort) = (Vec::new(), Vec::new());
    let measured = Rounds::alternate(
        rounds,
        || {
            // What is made before the clock runs, a CA with its keys above all, is nobody's effort.
            let world = World::new(IN_FLIGHT);
            let requests = world.requests(&holders, IN_FLIGHT);
            effort::noting(&mut own_effort, CERTIFICATES, || world.issue(requests))
        },
        || effort::noting(&mut raw_effort, CERTIFICATES, || raw_signing(&key)),
    );
    measured
        .figure("durable issuance", "certificates/s", "raw RSA-2048 signatures, all cores")
        .aim(Aim::AtLeast(0.8))
        .print();
    effort::figure(&own_effort, &raw_effort).print();
    shares::print(&holders, 1e6 * cores() as f64 / raw_signing(&key));
}

/// Signatures a second on all cores.
fn raw_signing(key: &RsaKeyPair) -> f64 {
    let each = CERTIFICATES / cores();
    let message = [0x5a; TBS_LENGTH];
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                let mut signature = vec![0; key.public_modulus_len()];
                for _ in 0..each {
                    let random = SystemRandom::new();
                    key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature).unwrap();
                }
            });
        }
    });
    (each * cores()) as f64 / started.elapsed().as_secs_f64()
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
