//! A revocation list of a million entries: time and memory of the CA's whole way, from the database
//! through writer, signature and publication gate, beside hashing the same octets and one signature.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

mod memory;
mod town;

use std::env;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use jiff::{SignedDuration, Timestamp};
use testkit::{Aim, Figure, Rounds};
use x509::crl::{CrlTemplate, RevokedEntry, WrittenTbs, write_tbs};
use x509::extension::AuthorityKeyIdentifier;
use x509::name::Name;

use town::Town;

const ENTRIES: usize = 1_000_000;
/// `openssl ca -gencrl` for a list of the same size, measured once on the reference machine: no part
/// of this run, but known to who reads the table.
const OPENSSL: &str = "openssl ca -gencrl, once on the reference machine";
const OPENSSL_SECONDS: f64 = 16.3;
const OPENSSL_MEBIBYTES: f64 = 605.0;
/// Memory beyond the base that a list may take, however long it is.
const ALLOWED_MEBIBYTES: f64 = 64.0;
const REFERENCE: &str = "SHA-256 of it and a signature";

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, word, directory] = arguments.as_slice()
        && word == "publish"
    {
        return publish(Path::new(directory));
    }
    let rounds = env::var("JITSUIN_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    writer_alone(rounds, &key);
    whole_way(rounds, &key);
}

/// Encoding, hashing and signing a list whose entries are in memory.
fn writer_alone(rounds: usize, key: &RsaKeyPair) {
    let at = Timestamp::from_second(1_795_316_400).unwrap();
    let entries: Vec<RevokedEntry> = (0..ENTRIES as u64).map(|number| entry(number, at)).collect();
    let mut octets = Vec::new();
    write(&entries, at, &mut octets);
    let ours = || seconds(|| sign(key, &write(&entries, at, &mut std::io::sink()).digest));
    Rounds::alternate(rounds, ours, || seconds(|| sign(key, &digest(&SHA256, &octets))))
        .figure("1,000,000 entries written from memory", "s", REFERENCE)
        .aim(Aim::AtMost(2.0))
        .print();
}

/// From the database to the published list, each time in a process of its own.
fn whole_way(rounds: usize, key: &RsaKeyPair) {
    let filled = town::prepared(ENTRIES);
    let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    town::copy(&filled, copy.path());
    let (first, _) = published(copy.path());
    eprintln!("the first list took {first:.2} s");
    let content = Town::open(copy.path()).content();
    let mut memory = Vec::new();
    let ours = || {
        let (seconds, beyond_base) = published(copy.path());
        memory.push(beyond_base);
        seconds
    };
    let reference = || seconds(|| sign(key, &digest(&SHA256, &content)));
    let measured = Rounds::alternate(rounds, ours, reference);
    let name = "1,000,000 entries, database to published list";
    measured.figure(name, "s", REFERENCE).aim(Aim::AtMost(2.0)).print();
    let took = measured.median_of_subject();
    Figure::once(name, "s", took, OPENSSL, OPENSSL_SECONDS).print();
    let beyond_base = testkit::median(memory);
    let name = "its memory beyond the base";
    Figure::once(name, "MiB", beyond_base, "what is allowed", ALLOWED_MEBIBYTES)
        .aim(Aim::AtMost(1.0))
        .print();
    Figure::once(name, "MiB", beyond_base, OPENSSL, OPENSSL_MEBIBYTES).print();
}

/// Has another process publish: seconds, and MiB of peak memory beyond its base.
fn published(directory: &Path) -> (f64, f64) {
    // Lists of one series are a second apart.
    thread::sleep(Duration::from_secs(1));
    let output = Command::new(env::current_exe().unwrap()).arg("publish").arg(directory).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (seconds, memory) = text.trim().split_once(' ').unwrap();
    (seconds.parse().unwrap(), memory.parse().unwrap())
}

fn publish(directory: &Path) {
    let town = Town::open(directory);
    let base = memory::peak();
    let seconds = seconds(|| town.publish());
    println!("{seconds} {}", memory::peak() - base);
}

fn write(entries: &[RevokedEntry], at: Timestamp, sink: &mut dyn std::io::Write) -> WrittenTbs {
    let each = || entries.iter().map(|entry| Ok::<_, std::io::Error>(*entry));
    write_tbs(&template(at), each, sink).unwrap()
}

fn template(at: Timestamp) -> CrlTemplate {
    let issuer = DistinguishedName(vec![Attribute::new(AttributeKind::Country, "JP")]);
    CrlTemplate {
        signature: SignatureAlgorithm::RsaSha256,
        issuer: Name::write(&issuer).unwrap(),
        this_update: at,
        next_update: at + SignedDuration::from_hours(72),
        next_publish: None,
        number: 1,
        authority_key_identifier: AuthorityKeyIdentifier {
            key_identifier: vec![1; 20],
            issuer_and_serial: None,
        },
        distribution_point: None,
    }
}

fn entry(number: u64, revoked_at: Timestamp) -> RevokedEntry {
    let random = [number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number + 1].map(u64::to_be_bytes);
    let serial = SerialNumber::from_random(random.concat().try_into().unwrap()).unwrap();
    RevokedEntry { serial, revoked_at, code: 5 }
}

fn sign(key: &RsaKeyPair, digest: &Digest) {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).unwrap();
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}
