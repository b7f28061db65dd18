//! Holders' public keys with proofs of possession: made once, on all cores, and kept as a file.

use std::fs;
use std::path::PathBuf;
use std::thread;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use jitsuin_ca::Possession;

/// What a card's statement is as long as.
const STATEMENT: [u8; 64] = [7; 64];
const SPKI_LENGTH: usize = 294;
const SIGNATURE_LENGTH: usize = 256;
const RECORD: usize = SPKI_LENGTH + SIGNATURE_LENGTH;

/// A public key and the proof that somebody has the private one, which is forgotten.
pub(crate) struct Holder {
    pub(crate) spki: Vec<u8>,
    signature: Vec<u8>,
}

impl Holder {
    pub(crate) fn possession(&self) -> Possession {
        Possession { statement: STATEMENT.to_vec(), signature: self.signature.clone() }
    }
}

/// `count` holders, from the file as far as it has them.
pub(crate) fn load(count: usize) -> Vec<Holder> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-holders");
    let mut octets = fs::read(&file).unwrap_or_default();
    octets.truncate(octets.len() / RECORD * RECORD);
    let missing = count.saturating_sub(octets.len() / RECORD);
    if missing > 0 {
        eprintln!("making {missing} key pairs, once");
        octets.extend(make(missing));
        fs::write(&file, &octets).unwrap();
    }
    octets.chunks_exact(RECORD).take(count).map(read).collect()
}

fn read(record: &[u8]) -> Holder {
    let (spki, signature) = record.split_at(SPKI_LENGTH);
    Holder { spki: spki.to_vec(), signature: signature.to_vec() }
}

fn make(count: usize) -> Vec<u8> {
    let cores = super::cores();
    thread::scope(|scope| {
        let shares: Vec<_> = (0..cores)
            .map(|core| {
                scope.spawn(move || (core..count).step_by(cores).flat_map(record).collect())
            })
            .collect();
        shares.into_iter().flat_map(|share| -> Vec<u8> { share.join().unwrap() }).collect()
    })
}

fn record(_number: usize) -> Vec<u8> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let mut record = spki.as_ref().to_vec();
    record.resize(RECORD, 0);
    let signature = &mut record[SPKI_LENGTH..];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &STATEMENT, signature).unwrap();
    record
}
