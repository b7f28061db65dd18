//! Users' keys for the pool, RSA-2048, beside `openssl genrsa`, each on one core.
//!
//! Finding primes takes a time that varies widely from key to key, so a round makes many.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

use std::process::{Command, Stdio};
use std::time::Instant;

use domain::algorithm::KeyAlgorithm;
use jitsuin_keys::{EmbeddedKeyStore, MasterKey, UserKeys};
use testkit::{Aim, Rounds};

/// Keys of one round.
const KEYS: usize = 20;

fn main() {
    let rounds = number("JITSUIN_BENCH_ROUNDS", 5);
    Rounds::alternate(rounds, pool, openssl)
        .figure("users' keys made for the pool", "keys/s", "openssl genrsa 2048")
        .aim(Aim::AtLeast(0.9))
        .print();
}

/// Keys a second, each sealed and flushed to the disk.
fn pool() -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedKeyStore::init(directory.path(), MasterKey::generate().unwrap()).unwrap();
    rate(|| {
        assert_eq!(store.prepare_user_keys(KeyAlgorithm::Rsa2048, KEYS).unwrap(), KEYS);
    })
}

fn openssl() -> f64 {
    rate(|| {
        for _ in 0..KEYS {
            let mut command = Command::new("openssl");
            command.args(["genrsa", "2048"]).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(command.status().unwrap().success());
        }
    })
}

fn rate(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    KEYS as f64 / started.elapsed().as_secs_f64()
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
