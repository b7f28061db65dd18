//! Signing through the store on SoftHSM2, beside a bare loop of C_Sign on the same token.
//!
//! Both sign the DigestInfo of a ready digest with the same RSA-2048 key, so that the difference is
//! what the store adds: its pool of sessions, its cache of handles, its readiness to reconnect.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::Session;
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_keys::token::{Pkcs11KeyStore, TokenConfig};
use jitsuin_keys::{Administer, KeyLabel, Sign};
use testkit::softhsm::SoftHsm;
use testkit::{Aim, Rounds};

/// Signatures of one thread in one round.
const SIGNATURES: usize = 300;
const DIGEST: [u8; 32] = [0x5a; 32];
/// The DER of DigestInfo up to the digest, for SHA-256 (RFC 8017 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

fn main() -> ExitCode {
    let (variable, configuration) = ("SOFTHSM2_CONF", std::env::var_os("SOFTHSM2_CONF"));
    if configuration.is_some_and(|path| path.to_string_lossy().ends_with("scratch.conf")) {
        measure();
        return ExitCode::SUCCESS;
    }
    // SoftHSM2 reads the variable once for the process, so the measuring is done by a child.
    let hsm = SoftHsm::new();
    let (_, written) = hsm.environment();
    let scratch = written.with_file_name("scratch.conf");
    std::fs::rename(&written, &scratch).unwrap();
    let program = std::env::current_exe().unwrap();
    let status = Command::new(program).env(variable, scratch).status().unwrap();
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure() {
    let config = TokenConfig { module: SoftHsm::MODULE.into(), token_label: "bench".to_owned() };
    let store = Pkcs11KeyStore::init_token(&config, "so-pin-1234", "user-pin-1234").unwrap();
    let label: KeyLabel = "ca".parse().unwrap();
    store.generate(&label, KeyAlgorithm::Rsa2048).unwrap();
    let module = Pkcs11::new(SoftHsm::MODULE).unwrap();
    let rounds = number("JITSUIN_BENCH_ROUNDS", 5);
    for threads in [1, 2] {
        let measured = Rounds::alternate(
            rounds,
            || on(threads, || through_the_store(&store, &label)),
            || on(threads, || bare(&module)),
        );
        let name = format!("signing through the token store, {threads} threads");
        let reference = "bare C_Sign of RSA-2048 on SoftHSM2, as many threads";
        measured.figure(&name, "signatures/s", reference).aim(Aim::AtLeast(0.9)).print();
    }
}

/// Signatures a second of so many threads.
fn on(threads: usize, work: impl Fn() + Sync) -> f64 {
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
    (threads * SIGNATURES) as f64 / started.elapsed().as_secs_f64()
}

fn through_the_store(store: &Pkcs11KeyStore, label: &KeyLabel) {
    for _ in 0..SIGNATURES {
        store.sign_digest(label, SignatureAlgorithm::RsaSha256, &DIGEST).unwrap();
    }
}

/// One session and one handle for all signatures of a thread.
fn bare(module: &Pkcs11) {
    let session = session(module);
    let private = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let key = session.find_objects(&private).unwrap()[0];
    let input = [&DIGEST_INFO[..], &DIGEST].concat();
    for _ in 0..SIGNATURES {
        session.sign(&Mechanism::RsaPkcs, key, &input).unwrap();
    }
}

/// The store's login is that of the whole process.
fn session(module: &Pkcs11) -> Session {
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    module.open_rw_session(slot).unwrap()
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
