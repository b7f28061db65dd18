//! Proof, by a signature over a nonce, that a private key belongs to its public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::error::KeyError;
use crate::store::PublicKey;

/// What is signed for a proof; new each time.
pub(crate) fn nonce() -> Result<[u8; 32], KeyError> {
    let mut nonce = [0; 32];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| KeyError::Provider("drawing a nonce"))?;
    Ok(nonce)
}

/// Verifies the proof: RSA with SHA-256, ECDSA with the hash of its curve, or Ed25519.
pub(crate) fn check(key: &PublicKey, nonce: &[u8], signature: &[u8]) -> Result<(), KeyError> {
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm {
        KeyAlgorithm::Rsa1024
        | KeyAlgorithm::Rsa2048
        | KeyAlgorithm::Rsa3072
        | KeyAlgorithm::Rsa4096 => &RSA_PKCS1_2048_8192_SHA256,
        KeyAlgorithm::EcP256 => &ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::EcP384 => &ECDSA_P384_SHA384_ASN1,
        KeyAlgorithm::Ed25519 => &ED25519,
    };
    UnparsedPublicKey::new(algorithm, &key.spki_der)
        .verify(nonce, signature)
        .map_err(|_| KeyError::Provider("proving a private key: its signature does not verify"))
}

/// Whether a signature of this algorithm over the message is by the key of this public key.
pub(crate) fn verifies(
    algorithm: SignatureAlgorithm,
    spki_der: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match algorithm {
        SignatureAlgorithm::RsaSha256 => &RSA_PKCS1_2048_8192_SHA256,
        SignatureAlgorithm::RsaSha384 => &RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::EcdsaSha256 => &ECDSA_P256_SHA256_ASN1,
        SignatureAlgorithm::EcdsaSha384 => &ECDSA_P384_SHA384_ASN1,
    };
    UnparsedPublicKey::new(algorithm, spki_der).verify(message, signature).is_ok()
}
