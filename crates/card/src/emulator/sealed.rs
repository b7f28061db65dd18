//! The card at rest: its stored form under AES-256-GCM with the vault's key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::emulator::card::Card;
use crate::emulator::stored;
use crate::error::CardError;

/// Stands before every sealed card and is bound to it: what it is, and the version of its form.
const HEADER: &[u8] = b"jitsuin card 1\n";

/// The key of the card vault, under which cards are stored until they are objects of their own.
///
/// Nonces are drawn at random: one key serves for 2^32 sealings (NIST SP 800-38D 8.3).
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// The vault key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, CardError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice())
            .map_err(|_| CardError::Provider("preparing the vault key"))
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(secret)")
    }
}

impl Card {
    /// The card as bytes to store: header, nonce, ciphertext and tag.
    ///
    /// Transport key and secrets are under the vault key; private keys under the transport key as
    /// well. The card's id is inside: whoever opens the bytes compares it with the one expected.
    ///
    /// # Errors
    /// [`CardError::Provider`].
    pub fn seal(&self, vault: &VaultKey) -> Result<Vec<u8>, CardError> {
        let mut text = stored::encode(self)?;
        let nonce = vault
            .cipher()?
            .seal_in_place_append_tag(Aad::from(HEADER), &mut *text)
            .map_err(|_| CardError::Provider("sealing a card"))?;
        Ok([HEADER, nonce.as_ref().as_slice(), &text].concat())
    }

    /// The card in sealed bytes.
    ///
    /// # Errors
    /// [`CardError::SealBroken`] for another vault key or changed bytes, [`CardError::Malformed`].
    pub fn open(sealed: &[u8], vault: &VaultKey) -> Result<Self, CardError> {
        let body = sealed.strip_prefix(HEADER).ok_or(CardError::Malformed("not a sealed card"))?;
        let (nonce, text) = body
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(CardError::Malformed("shorter than its nonce"))?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = vault
            .cipher()?
            .open_in_place(nonce, Aad::from(HEADER), &mut text)
            .map_err(|_| CardError::SealBroken)?;
        stored::decode(opened)
    }
}
