//! A holder's private key while it is in clear: inside the card, or in the generator that makes it.

mod small_rsa;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::error::CardError;
use crate::protocol::digest_info::DigestInfo;
use crate::protocol::slot::CardSlot;
use small_rsa::SmallRsaKey;

/// A private key of a kind the card knows; it lives for one operation.
pub(crate) enum PrivateKey {
    /// RSA-2048, by the provider.
    Provider(RsaKeyPair),
    /// RSA-1024.
    Small(SmallRsaKey),
}

/// Refuses an algorithm that a slot does not take.
pub(crate) fn expect_accepted(slot: CardSlot, algorithm: KeyAlgorithm) -> Result<(), CardError> {
    let rule = match (slot, algorithm) {
        (_, KeyAlgorithm::Rsa2048) | (CardSlot::Signature, KeyAlgorithm::Rsa1024) => return Ok(()),
        (CardSlot::Authentication, KeyAlgorithm::Rsa1024) => {
            "RSA-1024 is for signature keys alone (S 6-1-2-3)"
        }
        _ => "the card signs with RSA of 2048 bits",
    };
    Err(CardError::AlgorithmRefused { slot, algorithm, rule })
}

impl PrivateKey {
    /// Makes a key pair, or `None` for an algorithm that no slot takes.
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Option<Self>, CardError> {
        match algorithm {
            KeyAlgorithm::Rsa1024 => Ok(Some(Self::Small(SmallRsaKey::generate()?))),
            KeyAlgorithm::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048)
                .map(|key| Some(Self::Provider(key)))
                .map_err(|_| CardError::Provider("generating an RSA-2048 key pair")),
            _ => Ok(None),
        }
    }

    /// Reads a key of `algorithm`, or `None` when the document holds no such key.
    pub(crate) fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::Rsa1024 => SmallRsaKey::from_pkcs8(pkcs8).map(Self::Small),
            KeyAlgorithm::Rsa2048 => {
                let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                (key.public_modulus_len() == 256).then_some(Self::Provider(key))
            }
            _ => None,
        }
    }

    /// The key as PKCS#8, for wrapping only.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CardError> {
        match self {
            Self::Provider(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key)
                .map(|document| Zeroizing::new(document.as_ref().to_vec()))
                .map_err(|_| CardError::Provider("encoding a private key")),
            Self::Small(key) => key.to_pkcs8(),
        }
    }

    /// The public key as SubjectPublicKeyInfo.
    pub(crate) fn spki_der(&self) -> Result<Vec<u8>, CardError> {
        let encoded = match self {
            Self::Provider(key) => AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key())
                .map(|der| der.as_ref().to_vec())
                .ok(),
            Self::Small(key) => key.spki_der(),
        };
        encoded.ok_or(CardError::Provider("encoding a public key"))
    }

    /// Signs with sha256WithRSAEncryption, PKCS#1 v1.5, the one signature the card knows.
    pub(crate) fn sign(self, message: &[u8]) -> Result<Vec<u8>, CardError> {
        let signed = match self {
            Self::Provider(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map(|()| signature)
                    .ok()
            }
            Self::Small(key) => key.sign(message),
        };
        signed.ok_or(CardError::Provider("signing"))
    }

    /// Signs a hash that the caller made, PKCS#1 v1.5.
    pub(crate) fn sign_digest(self, digest: &DigestInfo) -> Result<Vec<u8>, CardError> {
        let signed = match self {
            Self::Provider(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                Digest::import_less_safe(digest.value(), digest.algorithm())
                    .and_then(|value| key.sign_digest(digest.padding(), &value, &mut signature))
                    .map(|()| signature)
                    .ok()
            }
            Self::Small(key) => key.sign_digest(digest),
        };
        signed.ok_or(CardError::Provider("signing"))
    }
}
