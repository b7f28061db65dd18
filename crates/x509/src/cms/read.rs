//! The structure of a SignedData, read strictly: what tools write for one signer, and no more.

use const_oid::ObjectIdentifier;
use der::Tag;
use domain::algorithm::SignatureAlgorithm;

use super::{
    CmsError, MAX_ATTRIBUTES, MAX_CERTIFICATES, MAX_LENGTH, SignedData, SignerIdentifier, WHAT, ber,
};
use crate::der_reader::{Fields, small_integer};
use crate::error::Error;
use crate::name::Name;
use crate::oid;
use crate::read::Certificate;

/// The tag octets that stand where one of two shapes may.
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const CONTEXT_1: u8 = 0xa1;

/// The tag octet of a SET, under which signed attributes are signed (RFC 5652 5.4).
const SET: u8 = 0x31;

/// One SignerInfo.
struct SignerInfo {
    version: u64,
    identifier: SignerIdentifier,
    attributes: Vec<u8>,
    digest: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

pub(super) fn signed_data(message: &[u8]) -> Result<SignedData, CmsError> {
    if message.len() > MAX_LENGTH {
        return Err(CmsError::TooLarge { length: message.len() });
    }
    let der = ber::definite(message)?;
    let mut info = Fields::of_sequence(WHAT, &der)?;
    if info.oid()? != oid::SIGNED_DATA {
        return Err(Error::malformed(WHAT, "another content type than signedData").into());
    }
    let wrapped = info.optional(CONTEXT_0)?.ok_or_else(|| Error::malformed(WHAT, "no content"))?;
    info.finish()?;
    let mut fields = Fields::of_sequence(WHAT, wrapped.value())?;
    let version = small_integer(fields.integer()?);
    expect_sha256(fields.content(Tag::Set)?)?;
    let content = encapsulated(fields.content(Tag::Sequence)?)?;
    let certificates = match fields.optional(CONTEXT_0)? {
        Some(set) => certificates(set.value())?,
        None => Vec::new(),
    };
    // Lists that came along are not needed: the states of certificates are this system's own.
    fields.optional(CONTEXT_1)?;
    let signer = only_signer(fields.content(Tag::Set)?)?;
    fields.finish()?;
    if version != Some(signer.version) {
        return Err(Error::malformed(WHAT, "a version that its parts do not have").into());
    }
    let certificate = named_by(&signer.identifier, certificates)?;
    let SignerInfo { attributes, digest, algorithm, signature, .. } = signer;
    Ok(SignedData { content, certificate, attributes, digest, algorithm, signature })
}

/// Refuses digestAlgorithms that lack the one digest used here.
fn expect_sha256(content: &[u8]) -> Result<(), CmsError> {
    let mut fields = Fields::of_content(WHAT, content)?;
    let mut other = None;
    while !fields.is_finished() {
        match algorithm_oid(fields.raw()?)? {
            oid::SHA256 => return Ok(()),
            digest => other = Some(digest),
        }
    }
    // None at all is told of the signer, who has one in any case (RFC 5652 5.3).
    other.map_or(Ok(()), |digest| Err(CmsError::Algorithm(digest)))
}

/// The content octets; of type data only (RFC 5652 4).
fn encapsulated(content: &[u8]) -> Result<Vec<u8>, CmsError> {
    let mut fields = Fields::of_content(WHAT, content)?;
    let kind = fields.oid()?;
    let Some(wrapped) = fields.optional(CONTEXT_0)? else { return Err(CmsError::Detached) };
    fields.finish()?;
    if kind != oid::CMS_DATA {
        return Err(CmsError::Attributes("the content is not of type data"));
    }
    let mut inner = Fields::of_content(WHAT, wrapped.value())?;
    let octets = inner.content(Tag::OctetString)?.to_vec();
    inner.finish()?;
    Ok(octets)
}

fn certificates(content: &[u8]) -> Result<Vec<Certificate>, CmsError> {
    let mut fields = Fields::of_content(WHAT, content)?;
    let mut certificates = Vec::new();
    while !fields.is_finished() {
        if certificates.len() == MAX_CERTIFICATES {
            return Err(Error::malformed(WHAT, "too many certificates").into());
        }
        certificates.push(Certificate::parse(fields.raw()?)?);
    }
    Ok(certificates)
}

fn only_signer(content: &[u8]) -> Result<SignerInfo, CmsError> {
    let mut fields = Fields::of_content(WHAT, content)?;
    if fields.is_finished() {
        return Err(CmsError::Signers);
    }
    let first = fields.raw()?;
    if !fields.is_finished() {
        return Err(CmsError::Signers);
    }
    signer_info(first)
}

/// SignerInfo (RFC 5652 5.3): version 1 names the certificate by issuer and serial, 3 by its key.
fn signer_info(der: &[u8]) -> Result<SignerInfo, CmsError> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let version = small_integer(fields.integer()?);
    let (version, identifier) = match (version, fields.optional(CONTEXT_0_PRIMITIVE)?) {
        (Some(3), Some(key)) => (3, SignerIdentifier::KeyIdentifier(key.value().to_vec())),
        (Some(1), None) => (1, issuer_and_serial(fields.raw()?)?),
        _ => return Err(Error::malformed(WHAT, "a signer of another version").into()),
    };
    expect_digest(fields.raw()?)?;
    let attributes = fields.optional_raw(CONTEXT_0)?;
    let attributes = attributes.ok_or(CmsError::Attributes("there are none"))?;
    let digest = message_digest(attributes)?;
    let algorithm = signature_algorithm(fields.raw()?)?;
    let signature = fields.content(Tag::OctetString)?.to_vec();
    fields.optional(CONTEXT_1)?;
    fields.finish()?;
    let mut attributes = attributes.to_vec();
    attributes[0] = SET;
    Ok(SignerInfo { version, identifier, attributes, digest, algorithm, signature })
}

fn issuer_and_serial(der: &[u8]) -> Result<SignerIdentifier, CmsError> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let issuer = Name::parse(fields.raw()?)?;
    let serial = fields.integer()?.to_vec();
    fields.finish()?;
    Ok(SignerIdentifier::IssuerAndSerial(issuer, serial))
}

/// The messageDigest of the attributes, which must be in the order of DER, each there once, and
/// must say that data was signed (RFC 5652 5.3, 11.1, 11.2).
fn message_digest(attributes: &[u8]) -> Result<Vec<u8>, CmsError> {
    let mut wrapper = Fields::of_content(WHAT, attributes)?;
    let mut fields = Fields::of_content(WHAT, wrapper.any()?.value())?;
    let (mut kinds, mut previous): (Vec<ObjectIdentifier>, &[u8]) = (Vec::new(), &[]);
    let (mut content_type, mut digest) = (None, None);
    while !fields.is_finished() {
        let attribute = fields.raw()?;
        let (kind, value) = single_value(attribute)?;
        if attribute < previous || kinds.contains(&kind) || kinds.len() == MAX_ATTRIBUTES {
            return Err(CmsError::Attributes("not in the order of DER, one twice, or too many"));
        }
        match kind {
            oid::CMS_CONTENT_TYPE => content_type = Some(Fields::of_content(WHAT, value)?.oid()?),
            oid::CMS_MESSAGE_DIGEST => {
                let octets = Fields::of_content(WHAT, value)?.content(Tag::OctetString)?;
                digest = Some(octets.to_vec());
            }
            _ => {}
        }
        kinds.push(kind);
        previous = attribute;
    }
    match (content_type, digest) {
        (Some(oid::CMS_DATA), Some(digest)) => Ok(digest),
        (Some(oid::CMS_DATA), None) => Err(CmsError::Attributes("messageDigest is missing")),
        _ => Err(CmsError::Attributes("contentType is missing, or not data")),
    }
}

/// An attribute's type, and the content of its SET OF values; the two that are read have one value.
fn single_value(attribute: &[u8]) -> Result<(ObjectIdentifier, &[u8]), CmsError> {
    let mut fields = Fields::of_sequence(WHAT, attribute)?;
    let kind = fields.oid()?;
    let values = fields.content(Tag::Set)?;
    fields.finish()?;
    if matches!(kind, oid::CMS_CONTENT_TYPE | oid::CMS_MESSAGE_DIGEST) {
        let mut single = Fields::of_content(WHAT, values)?;
        single.raw()?;
        if !single.is_finished() {
            return Err(CmsError::Attributes("one of them has two values"));
        }
    }
    Ok((kind, values))
}

fn expect_digest(der: &[u8]) -> Result<(), CmsError> {
    match algorithm_oid(der)? {
        oid::SHA256 => Ok(()),
        other => Err(CmsError::Algorithm(other)),
    }
}

/// The signature algorithm: with the digest in its name, or RSA as such (RFC 3370 3.2, RFC 5754 3.2).
fn signature_algorithm(der: &[u8]) -> Result<SignatureAlgorithm, CmsError> {
    match algorithm_oid(der)? {
        oid::RSA_ENCRYPTION | oid::SHA256_WITH_RSA => Ok(SignatureAlgorithm::RsaSha256),
        oid::ECDSA_WITH_SHA256 => Ok(SignatureAlgorithm::EcdsaSha256),
        other => Err(CmsError::Algorithm(other)),
    }
}

/// The algorithm of an AlgorithmIdentifier without parameters, or with NULL (RFC 5754 2).
fn algorithm_oid(der: &[u8]) -> Result<ObjectIdentifier, CmsError> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let algorithm = fields.oid()?;
    let plain = fields.is_finished() || fields.any()?.is_null();
    if !plain || !fields.is_finished() {
        return Err(CmsError::Algorithm(algorithm));
    }
    Ok(algorithm)
}

fn named_by(
    identifier: &SignerIdentifier,
    certificates: Vec<Certificate>,
) -> Result<Certificate, CmsError> {
    for certificate in certificates {
        if identifier.names(&certificate)? {
            return Ok(certificate);
        }
    }
    Err(CmsError::NoCertificate)
}
