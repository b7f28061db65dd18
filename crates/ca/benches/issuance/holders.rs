//! Holders' key pairs: made once, on all cores, and kept as a file.

use std::fs;
use std::path::PathBuf;
use std::thread;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use card::{CardNumber, CardSlot, possession_statement};
use jitsuin_ca::Possession;

/// Room for PKCS#8 of RSA-2048 and the two octets of its length.
const RECORD: usize = 1280;

/// A key pair on a card.
pub(crate) struct Holder {
    pub(crate) spki: Vec<u8>,
    key: RsaKeyPair,
}

impl Holder {
    /// The card's word that it has the private key.
    pub(crate) fn possession(&self, nonce: [u8; 32]) -> Possession {
        let card = CardNumber([7; 10]).id();
        let statement = possession_statement(&card, CardSlot::Signature, &nonce);
        let mut signature = vec![0; 256];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PKCS1_SHA256, &random, &statement, &mut signature).unwrap();
        Possession { card, nonce, signature }
    }
}

/// `count` holders, from the file as far as it has them.
pub(crate) fn load(count: usize) -> Vec<Holder> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-holder-keys");
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
    let (length, rest) = record.split_first_chunk().unwrap();
    let key = RsaKeyPair::from_pkcs8(&rest[..usize::from(u16::from_be_bytes(*length))]).unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    Holder { spki: spki.as_ref().to_vec(), key }
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
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let length = u16::try_from(pkcs8.as_ref().len()).unwrap();
    let mut record = [&length.to_be_bytes(), pkcs8.as_ref()].concat();
    assert!(record.len() <= RECORD);
    record.resize(RECORD, 0);
    record
}
