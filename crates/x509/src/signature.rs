//! Verification of signatures over received octets. Signing is not done here: no key lives here.

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};
use domain::algorithm::SignatureAlgorithm;

use crate::algorithm::digest_of;
use crate::error::Error;
use crate::public_key::{KeyNumbers, SpkiInfo};

/// Checks that `signature` by the key in `issuer_spki` is over `tbs`; `what` names it in errors.
///
/// RSA-1024 signatures with SHA-256 are believed here because users of the prefectural CA have
/// such keys (S 6-1-2-3); who accepts which key size is policy, decided elsewhere.
///
/// # Errors
/// [`Error::BadSignature`], also if the key is of another kind than the algorithm; and what
/// [`SpkiInfo::parse`] says of the key.
pub fn verify(
    what: &'static str,
    issuer_spki: &[u8],
    algorithm: SignatureAlgorithm,
    tbs: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let spki = SpkiInfo::parse(issuer_spki)?;
    let verifier = verifier(algorithm, spki.numbers()).ok_or(Error::BadSignature { what })?;
    UnparsedPublicKey::new(verifier, spki.subject_public_key())
        .verify(tbs, signature)
        .map_err(|_| Error::BadSignature { what })
}

/// Like [`verify`], for what was hashed as it streamed by.
///
/// # Errors
/// As [`verify`]; also if `digest` is not of the algorithm's digest.
pub fn verify_digest(
    what: &'static str,
    issuer_spki: &[u8],
    digest: &Digest,
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<(), Error> {
    let spki = SpkiInfo::parse(issuer_spki)?;
    if digest.algorithm() != digest_of(algorithm) {
        return Err(Error::BadSignature { what });
    }
    let verifier = verifier(algorithm, spki.numbers()).ok_or(Error::BadSignature { what })?;
    UnparsedPublicKey::new(verifier, spki.subject_public_key())
        .verify_digest(digest, signature)
        .map_err(|_| Error::BadSignature { what })
}

fn verifier(
    algorithm: SignatureAlgorithm,
    key: &KeyNumbers,
) -> Option<&'static dyn VerificationAlgorithm> {
    match (algorithm, key) {
        (SignatureAlgorithm::RsaSha256, KeyNumbers::Rsa { .. }) => {
            Some(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        (SignatureAlgorithm::RsaSha384, KeyNumbers::Rsa { .. }) => {
            Some(&RSA_PKCS1_2048_8192_SHA384)
        }
        (SignatureAlgorithm::EcdsaSha256, KeyNumbers::EcP256 { .. }) => {
            Some(&ECDSA_P256_SHA256_ASN1)
        }
        (SignatureAlgorithm::EcdsaSha384, KeyNumbers::EcP384 { .. }) => {
            Some(&ECDSA_P384_SHA384_ASN1)
        }
        _ => None,
    }
}
