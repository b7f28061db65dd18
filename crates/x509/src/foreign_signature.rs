//! Signatures of those who ask: more algorithms than this system signs with itself.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use const_oid::ObjectIdentifier;
use der::Tag;

use crate::der_reader::{Fields, small_integer};
use crate::error::Error;
use crate::oid;
use crate::public_key::{KeyNumbers, SpkiInfo};
use crate::{algorithm, signature};

const WHAT: &str = "signature algorithm";

/// Checks a signature whose AlgorithmIdentifier is `identifier`, as [`signature::verify`] does; the
/// algorithms are those of the domain's closed set, sha512WithRSAEncryption, and RSASSA-PSS with SHA-256,
/// SHA-384 or SHA-512, the same digest in MGF1 and a salt of its length (RFC 4055 3.1).
///
/// # Errors
/// [`Error::UnsupportedAlgorithm`] for any other, so that whoever signed so is not told that the signature
/// is wrong; [`Error::Malformed`]; else as [`signature::verify`].
pub(crate) fn verify(
    what: &'static str,
    signer_spki: &[u8],
    identifier: &[u8],
    tbs: &[u8],
    octets: &[u8],
) -> Result<(), Error> {
    let Some(foreign) = foreign(identifier)? else {
        let known = algorithm::parse(identifier)?;
        return signature::verify(what, signer_spki, known, tbs, octets);
    };
    let spki = SpkiInfo::parse(signer_spki)?;
    if !matches!(spki.numbers(), KeyNumbers::Rsa { .. }) {
        return Err(Error::BadSignature { what });
    }
    UnparsedPublicKey::new(foreign, spki.subject_public_key())
        .verify(tbs, octets)
        .map_err(|_| Error::BadSignature { what })
}

/// What this system never signs with, and verifies; `None` for what is left to the closed set.
fn foreign(identifier: &[u8]) -> Result<Option<&'static RsaParameters>, Error> {
    let mut fields = Fields::of_sequence(WHAT, identifier)?;
    let oid = fields.oid()?;
    let parameters = if fields.is_finished() { None } else { Some(fields.raw()?) };
    fields.finish()?;
    match (oid, parameters) {
        (oid::SHA512_WITH_RSA, None | Some(NULL)) => Ok(Some(&RSA_PKCS1_2048_8192_SHA512)),
        (oid::RSASSA_PSS, Some(parameters)) => pss(parameters).map(Some),
        (oid::RSASSA_PSS, None) => Err(unsupported()),
        _ => Ok(None),
    }
}

/// A NULL, DER.
const NULL: &[u8] = &[5, 0];

/// RSASSA-PSS-params (RFC 4055 3.1). What is left out there means SHA-1, which nothing here believes.
fn pss(parameters: &[u8]) -> Result<&'static RsaParameters, Error> {
    let mut fields = Fields::of_sequence(WHAT, parameters)?;
    let digest = match fields.optional(0xa0)? {
        Some(wrapped) => digest_in(wrapped.value())?,
        None => return Err(unsupported()),
    };
    let mask = match fields.optional(0xa1)? {
        Some(wrapped) => mask_digest_in(wrapped.value())?,
        None => return Err(unsupported()),
    };
    let salt = match fields.optional(0xa2)? {
        Some(wrapped) => integer_in(wrapped.value())?,
        None => return Err(unsupported()),
    };
    let trailer = fields.optional(0xa3)?;
    fields.finish()?;
    let trailer = trailer.map_or(Ok(Some(1)), |wrapped| integer_in(wrapped.value()))?;
    if mask != digest || trailer != Some(1) {
        return Err(unsupported());
    }
    match (digest, salt) {
        (oid::SHA256, Some(32)) => Ok(&RSA_PSS_2048_8192_SHA256),
        (oid::SHA384, Some(48)) => Ok(&RSA_PSS_2048_8192_SHA384),
        (oid::SHA512, Some(64)) => Ok(&RSA_PSS_2048_8192_SHA512),
        _ => Err(unsupported()),
    }
}

fn unsupported() -> Error {
    Error::UnsupportedAlgorithm { what: WHAT, oid: oid::RSASSA_PSS }
}

/// The hash of an AlgorithmIdentifier with NULL or no parameters (RFC 4055 2.1).
fn digest_in(der: &[u8]) -> Result<ObjectIdentifier, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let digest = fields.oid()?;
    if !fields.is_finished() && fields.raw()? != NULL {
        return Err(Error::malformed(WHAT, "a hash has no parameters"));
    }
    fields.finish()?;
    Ok(digest)
}

/// The hash with which MGF1 makes the mask; no other mask generation is defined.
fn mask_digest_in(der: &[u8]) -> Result<ObjectIdentifier, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    if fields.oid()? != oid::MGF1 {
        return Err(unsupported());
    }
    let digest = digest_in(fields.raw()?)?;
    fields.finish()?;
    Ok(digest)
}

fn integer_in(der: &[u8]) -> Result<Option<u64>, Error> {
    let mut fields = Fields::of_content(WHAT, der)?;
    let value = small_integer(fields.content(Tag::Integer)?);
    fields.finish()?;
    Ok(value)
}
