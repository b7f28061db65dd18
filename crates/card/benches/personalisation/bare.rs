//! The RSA and AES of a card's personalisation, straight at the provider.

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::cmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrapPadded};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::holder::Holder;
use super::reader::{DATA_ENCRYPTION, TRANSPORT, Tally};

const BLOCK: usize = 16;
const KEY: [u8; 32] = [0x77; 32];
/// How often each key proves itself.
const PROOFS: usize = 2;
/// The octets of a possession statement.
const STATEMENT: [u8; 95] = [0x5a; 95];

pub(crate) struct BareWork {
    /// The wrapped private keys, each with its wrapping key.
    keys: Vec<(Vec<u8>, [u8; 32])>,
    /// The octets of each message, one way or the other.
    messages: Vec<usize>,
}

impl BareWork {
    pub(crate) fn of(holder: &Holder, tallies: &[&Tally]) -> Self {
        let keys = holder.wrapped.iter().cloned().zip([TRANSPORT, DATA_ENCRYPTION]).collect();
        let exchanges = tallies.iter().flat_map(|tally| &tally.exchanges);
        Self { keys, messages: exchanges.flat_map(|(sent, got)| [*sent, *got]).collect() }
    }

    /// Every key opened and checked once to load it, and again for each of its proofs: between them
    /// the card keeps it wrapped. Every message encrypted and authenticated on one side, decrypted
    /// and authenticated on the other.
    pub(crate) fn perform(&self) {
        for (wrapped, wrapping_key) in &self.keys {
            drop(open(wrapped, wrapping_key));
            for _ in 0..PROOFS {
                sign(&open(wrapped, wrapping_key));
            }
        }
        for octets in &self.messages {
            protect(*octets);
        }
    }
}

fn open(wrapped: &[u8], wrapping_key: &[u8; 32]) -> RsaKeyPair {
    let wrapping_key = AesKek::new(&key_wrap::AES_256, wrapping_key).unwrap();
    let mut output = vec![0; wrapped.len()];
    RsaKeyPair::from_pkcs8(wrapping_key.unwrap_with_padding(wrapped, &mut output).unwrap()).unwrap()
}

fn sign(key: &RsaKeyPair) {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &STATEMENT, &mut signature).unwrap();
}

fn protect(octets: usize) {
    let mut message = vec![0x5a; octets.next_multiple_of(BLOCK)];
    let key = || UnboundCipherKey::new(&AES_256, &KEY).unwrap();
    let vector = [1; BLOCK];
    for _ in 0..2 {
        cmac::sign(&cmac::Key::new(cmac::AES_256, &KEY).unwrap(), &message).unwrap();
    }
    let context = EncryptionContext::Iv128(FixedLength::from(&vector));
    EncryptingKey::cbc(key()).unwrap().less_safe_encrypt(&mut message, context).unwrap();
    let context = DecryptionContext::Iv128(FixedLength::from(&vector));
    DecryptingKey::cbc(key()).unwrap().decrypt(&mut message, context).unwrap();
}
