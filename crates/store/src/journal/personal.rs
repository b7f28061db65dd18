//! Personal data in entries: a random key per resident, wrapped under one master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Error, Result, Sequence};

/// The master key, which wraps the residents' keys; wiped from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PersonalDataKey([u8; 32]);

impl PersonalDataKey {
    /// The key made of these octets.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl std::fmt::Debug for PersonalDataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalDataKey(…)")
    }
}

/// Wraps and unwraps residents' keys.
pub(crate) struct KeyRing {
    master: PersonalDataKey,
}

/// What the proof of the master key says.
const PROOF: &[u8] = b"personal data key";

impl KeyRing {
    pub(crate) fn new(master: PersonalDataKey) -> Self {
        Self { master }
    }

    /// A new key with its id and its wrapped form.
    pub(crate) fn new_key(&self) -> Result<([u8; 16], Vec<u8>, ResidentKey)> {
        let (mut id, mut key) = ([0; 16], Zeroizing::new([0; 32]));
        rand::fill(&mut id).map_err(|_| failed("making a key"))?;
        rand::fill(key.as_mut()).map_err(|_| failed("making a key"))?;
        let wrapped = seal(&self.master.0, &id, key.as_ref())?;
        Ok((id, wrapped, ResidentKey(key)))
    }

    pub(crate) fn unwrap(&self, id: &[u8; 16], wrapped: &[u8]) -> Result<ResidentKey> {
        let octets = Zeroizing::new(open(&self.master.0, id, wrapped)?);
        let mut key = Zeroizing::new([0; 32]);
        if octets.len() != key.len() {
            return Err(failed("unwrapping a key"));
        }
        key.copy_from_slice(&octets);
        Ok(ResidentKey(key))
    }

    /// Something that only this master key made.
    pub(crate) fn proof(&self) -> Result<Vec<u8>> {
        seal(&self.master.0, PROOF, PROOF)
    }

    pub(crate) fn proves(&self, proof: &[u8]) -> bool {
        open(&self.master.0, PROOF, proof).is_ok_and(|text| text == PROOF)
    }
}

/// The key of one resident's personal data.
pub(crate) struct ResidentKey(Zeroizing<[u8; 32]>);

impl ResidentKey {
    /// Encrypts, bound to the place of the entry.
    pub(crate) fn encrypt(&self, sequence: Sequence, text: &str) -> Result<Vec<u8>> {
        seal(&self.0, &sequence.to_be_bytes(), text.as_bytes())
    }

    pub(crate) fn decrypt(&self, sequence: Sequence, ciphertext: &[u8]) -> Result<String> {
        let text = open(&self.0, &sequence.to_be_bytes(), ciphertext)?;
        String::from_utf8(text).map_err(|_| failed("reading the text"))
    }
}

/// Nonce, ciphertext and tag of AES-256-GCM. The nonce is random: a key encrypts the few
/// entries about one resident, far below the 2^32 messages a random nonce is good for
/// (NIST SP 800-38D 8.3).
fn seal(key: &[u8; 32], bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| failed("making a nonce"))?;
    let mut text = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound_to),
            &mut text,
        )
        .map_err(|_| failed("encrypting"))?;
    Ok([&nonce[..], &text].concat())
}

fn open(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
    let (nonce, text) =
        sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(|| failed("reading the nonce"))?;
    let mut text = text.to_vec();
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound_to), &mut text)
        .map_err(|_| failed("decrypting"))?
        .len();
    text.truncate(length);
    Ok(text)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| failed("loading the key"))
}

fn failed(step: &str) -> Error {
    Error::Corrupt { what: "personal data".into(), reason: format!("{step} failed") }
}
