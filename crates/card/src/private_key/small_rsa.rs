//! RSA-1024 for the users of the prefectural CA (S 6-1-2-3): the only use of the `rsa` crate.
//!
//! The main provider neither makes nor loads keys under 2048 bits. Nothing but this module may
//! import the crate, whose constant-time behaviour is younger than the provider's (RUSTSEC-2023-0071
//! is about its line 0.9); here it signs inside one card, blinded, one signature at a time.

use aws_lc_rs::error::Unspecified;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng, UnwrapErr};
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use zeroize::Zeroizing;

use crate::error::CardError;
use crate::protocol::digest_info::DigestInfo;

const MODULUS_BITS: usize = 1024;

/// An RSA-1024 private key; the crate wipes it when dropped.
pub(crate) struct SmallRsaKey(Box<RsaPrivateKey>);

impl SmallRsaKey {
    /// Makes a key pair with the provider's randomness.
    pub(crate) fn generate() -> Result<Self, CardError> {
        RsaPrivateKey::new(&mut randomness(), MODULUS_BITS)
            .map(|key| Self(Box::new(key)))
            .map_err(|_| CardError::Provider("generating an RSA-1024 key pair"))
    }

    /// Reads a key, or `None` when the document holds no sound RSA-1024 key.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let key = RsaPrivateKey::from_pkcs8_der(pkcs8).ok()?;
        (key.n().bits() == MODULUS_BITS as u32).then(|| Self(Box::new(key)))
    }

    /// The key as PKCS#8, for wrapping only.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let document = self.0.to_pkcs8_der();
        let document = document.map_err(|_| CardError::Provider("encoding a private key"))?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public key as SubjectPublicKeyInfo.
    pub(crate) fn spki_der(&self) -> Option<Vec<u8>> {
        Some(self.0.as_public_key().to_public_key_der().ok()?.into_vec())
    }

    /// Signs with sha256WithRSAEncryption, PKCS#1 v1.5.
    pub(crate) fn sign(self, message: &[u8]) -> Option<Vec<u8>> {
        let key = SigningKey::<Sha256>::new(*self.0);
        Some(key.try_sign_with_rng(&mut randomness(), message).ok()?.to_vec())
    }

    /// Signs a hash that the caller made, PKCS#1 v1.5.
    pub(crate) fn sign_digest(self, digest: &DigestInfo) -> Option<Vec<u8>> {
        let padding = Pkcs1v15Sign::new_unprefixed();
        self.0.sign_with_rng(&mut randomness(), padding, digest.encoded()).ok()
    }
}

/// The provider's generator in the form the crate asks for.
///
/// The crate takes generators that cannot fail. The provider's ends the process itself when the
/// system has no randomness; should it ever report instead, ending the thread is right too.
fn randomness() -> UnwrapErr<ProviderRandom> {
    UnwrapErr(ProviderRandom)
}

struct ProviderRandom;

impl TryRng for ProviderRandom {
    type Error = Unspecified;

    fn try_next_u32(&mut self) -> Result<u32, Unspecified> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Unspecified> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Unspecified> {
        aws_lc_rs::rand::fill(destination)
    }
}

impl TryCryptoRng for ProviderRandom {}
