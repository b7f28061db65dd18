//! A parsed key pair of the provider, ready to sign from any thread.

use std::fmt;

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RsaEncoding, RsaKeyPair,
};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::held;
use crate::label::KeyLabel;
use crate::proof;
use crate::store::PublicKey;

/// A private key with its public key, kept parsed so that a signature costs only itself.
pub(crate) struct KeyPair {
    public_key: PublicKey,
    private_key: PrivateKey,
}

/// The provider's key, by family.
enum PrivateKey {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What a signature is made over.
enum Input<'a> {
    Message(&'a [u8]),
    Digest(Digest),
}

impl KeyPair {
    /// Makes a key pair.
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let private_key = PrivateKey::generate(algorithm)?;
        let spki_der = private_key.spki_der().map_err(failed("encoding a public key"))?;
        Ok(Self { public_key: PublicKey { algorithm, spki_der }, private_key })
    }

    /// Reads a key pair of `algorithm`, or `None` when the document holds no such key.
    pub(crate) fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let private_key = PrivateKey::from_pkcs8(algorithm, pkcs8)?;
        let spki_der = private_key.spki_der().ok()?;
        Some(Self { public_key: PublicKey { algorithm, spki_der }, private_key })
    }

    /// The private key as PKCS#8, for sealing and wrapping only.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.private_key.to_pkcs8().map_err(failed("encoding a private key"))
    }

    /// The public key.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs a message.
    pub(crate) fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.sign_input(label, algorithm, Input::Message(message))
    }

    /// Signs a message by its digest.
    pub(crate) fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let hash = hash_of(algorithm);
        let imported =
            Digest::import_less_safe(digest, hash).map_err(|_| KeyError::DigestLength {
                signature: algorithm,
                expected: hash.output_len(),
                received: digest.len(),
            })?;
        self.sign_input(label, algorithm, Input::Digest(imported))
    }

    /// Signs a checkpoint with Ed25519.
    pub(crate) fn sign_checkpoint(
        &self,
        label: &KeyLabel,
        message: &[u8],
    ) -> Result<[u8; 64], KeyError> {
        let PrivateKey::Ed25519(key) = &self.private_key else {
            let key = self.public_key.algorithm;
            return Err(KeyError::NotForCheckpoints { label: label.clone(), key });
        };
        let signature = key.try_sign(message).map_err(failed("signing a checkpoint"))?;
        signature.as_ref().try_into().map_err(|_| KeyError::Provider("signing a checkpoint"))
    }

    /// Signs a nonce and verifies it, so that the private key is known to be that of the public.
    pub(crate) fn prove(&self) -> Result<(), KeyError> {
        let nonce = proof::nonce()?;
        let signature = match &self.private_key {
            PrivateKey::Rsa(key) => sign_rsa(key, &RSA_PKCS1_SHA256, &Input::Message(&nonce)),
            PrivateKey::Ecdsa(key) => sign_ecdsa(key, &Input::Message(&nonce)),
            PrivateKey::Ed25519(key) => key.try_sign(&nonce).map(|s| s.as_ref().to_vec()),
        }
        .map_err(failed("proving a private key"))?;
        proof::check(&self.public_key, &nonce, &signature)
    }

    fn sign_input(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        input: Input<'_>,
    ) -> Result<Vec<u8>, KeyError> {
        match &self.private_key {
            PrivateKey::Rsa(key) if algorithm.fits(self.public_key.algorithm) => {
                sign_rsa(key, padding_of(algorithm), &input)
            }
            PrivateKey::Ecdsa(key) if algorithm.fits(self.public_key.algorithm) => {
                sign_ecdsa(key, &input)
            }
            _ => {
                return Err(KeyError::SignatureMismatch {
                    label: label.clone(),
                    key: self.public_key.algorithm,
                    signature: algorithm,
                });
            }
        }
        .map_err(failed("signing"))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public_key.algorithm)
    }
}

impl PrivateKey {
    fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        held::expect_made_here(algorithm)?;
        let rsa = |size| RsaKeyPair::generate(size).map(Self::Rsa);
        let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Self::Ecdsa);
        match algorithm {
            KeyAlgorithm::Rsa1024 => Err(Unspecified),
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::EcP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::EcP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519),
        }
        .map_err(failed("generating a key pair"))
    }

    fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let ecdsa = |curve: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok().map(Self::Ecdsa)
        };
        match algorithm {
            KeyAlgorithm::Rsa1024 => None,
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let fits = algorithm.rsa_modulus_bits() == Some(key.public_modulus_len() * 8);
                fits.then_some(Self::Rsa(key))
            }
            KeyAlgorithm::EcP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::EcP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::from_pkcs8(pkcs8).ok().map(Self::Ed25519),
        }
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        // Each document of the provider wipes itself when dropped; so does our copy.
        let copy = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        Ok(match self {
            Self::Rsa(key) => copy(AsDer::<Pkcs8V1Der<'_>>::as_der(key)?.as_ref()),
            Self::Ecdsa(key) => copy(key.to_pkcs8v1()?.as_ref()),
            Self::Ed25519(key) => copy(key.to_pkcs8v1()?.as_ref()),
        })
    }

    fn spki_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(key) => key.public_key().as_der()?,
            Self::Ecdsa(key) => key.public_key().as_der()?,
            Self::Ed25519(key) => key.public_key().as_der()?,
        };
        Ok(der.as_ref().to_vec())
    }
}

fn sign_rsa(
    key: &RsaKeyPair,
    padding: &'static dyn RsaEncoding,
    input: &Input<'_>,
) -> Result<Vec<u8>, Unspecified> {
    let mut signature = vec![0; key.public_modulus_len()];
    match input {
        // The provider blinds with its own generator and ignores the one it is handed.
        Input::Message(text) => key.sign(padding, &SystemRandom::new(), text, &mut signature)?,
        Input::Digest(digest) => key.sign_digest(padding, digest, &mut signature)?,
    }
    Ok(signature)
}

fn sign_ecdsa(key: &EcdsaKeyPair, input: &Input<'_>) -> Result<Vec<u8>, Unspecified> {
    let signature = match input {
        Input::Message(message) => key.sign(&SystemRandom::new(), message)?,
        Input::Digest(digest) => key.sign_digest(digest)?,
    };
    Ok(signature.as_ref().to_vec())
}

/// The PKCS#1 v1.5 encoding of an RSA signature; the ECDSA algorithms never ask.
fn padding_of(algorithm: SignatureAlgorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => &RSA_PKCS1_SHA256,
        SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::EcdsaSha384 => &RSA_PKCS1_SHA384,
    }
}

fn hash_of(algorithm: SignatureAlgorithm) -> &'static Algorithm {
    match algorithm {
        SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => &SHA256,
        SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::EcdsaSha384 => &SHA384,
    }
}

fn failed(action: &'static str) -> impl Fn(Unspecified) -> KeyError {
    move |_| KeyError::Provider(action)
}
