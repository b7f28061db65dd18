//! PKCS#10 requests: read, and believed only with proof of possession (RFC 2986).

use const_oid::ObjectIdentifier;
use der::Tag;
use domain::algorithm::SignatureAlgorithm;

use crate::algorithm;
use crate::der_reader::{Fields, bounded, small_integer};
use crate::error::Error;
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::oid;
use crate::public_key::SpkiInfo;
use crate::read::{ReceivedExtension, parse_extensions, parse_general_names};
use crate::signature;

/// The longest request accepted; an RSA-4096 one with a page of names has 3 KB.
pub const MAX_REQUEST_LENGTH: usize = 16 << 10;
/// The most attributes accepted; requests have one or two.
const MAX_ATTRIBUTES: usize = 16;

const WHAT: &str = "PKCS#10 request";

/// A certification request whose signature was checked with the key it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The whole request.
    pub der: Vec<u8>,
    /// The subject it asks for; the profile decides what becomes of it.
    pub subject: Name,
    /// The public key.
    pub public_key: SpkiInfo,
    /// The algorithm of the proof of possession.
    pub signature_algorithm: SignatureAlgorithm,
    /// The extensions it asks for; the profile decides what becomes of them.
    pub requested_extensions: Vec<ReceivedExtension>,
}

impl CertificateRequest {
    /// Reads a DER CertificationRequest and verifies its proof of possession.
    /// ```
    /// use jitsuin_x509::Error;
    /// use jitsuin_x509::pkcs10::CertificateRequest;
    ///
    /// let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/pkcs10/ec-plain.der");
    /// let mut der = std::fs::read(seed)?;
    /// assert!(CertificateRequest::parse_and_verify(&der).is_ok());
    /// *der.last_mut().expect("octets") ^= 1;
    /// // Whoever asks does not hold the key.
    /// let refused = CertificateRequest::parse_and_verify(&der);
    /// assert!(matches!(refused, Err(Error::BadSignature { .. })), "{refused:?}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::UnsupportedAlgorithm`], or
    /// [`Error::BadSignature`] if whoever asks does not hold the private key.
    pub fn parse_and_verify(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_REQUEST_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let info = fields.raw()?;
        let signature_algorithm = algorithm::parse(fields.raw()?)?;
        let signature = fields.bit_string()?;
        fields.finish()?;
        let (subject, public_key, requested_extensions) = parse_info(info)?;
        signature::verify(WHAT, public_key.as_der(), signature_algorithm, info, signature)?;
        let der = der.to_vec();
        Ok(Self { der, subject, public_key, signature_algorithm, requested_extensions })
    }

    /// The subjectAltName it asks for; empty if it asks for none.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn requested_alt_names(&self) -> Result<Vec<GeneralName>, Error> {
        self.requested_extensions
            .iter()
            .find(|extension| extension.oid == oid::SUBJECT_ALT_NAME)
            .map_or(Ok(Vec::new()), |extension| parse_general_names(&extension.value))
    }
}

type Info = (Name, SpkiInfo, Vec<ReceivedExtension>);

fn parse_info(der: &[u8]) -> Result<Info, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    if small_integer(fields.integer()?) != Some(0) {
        return Err(Error::malformed(WHAT, "a version other than v1"));
    }
    let subject = Name::parse(fields.raw()?)?;
    let public_key = SpkiInfo::parse(fields.raw()?)?;
    // Some clients leave the empty set of attributes out altogether.
    let extensions = match fields.optional(0xa0)? {
        Some(attributes) => parse_attributes(attributes.value())?,
        None => Vec::new(),
    };
    fields.finish()?;
    Ok((subject, public_key, extensions))
}

/// The extensions of the one extensionRequest attribute; other attributes are read over.
fn parse_attributes(content: &[u8]) -> Result<Vec<ReceivedExtension>, Error> {
    let mut fields = Fields::of_content(WHAT, content)?;
    let mut seen: Vec<ObjectIdentifier> = Vec::new();
    let mut extensions = Vec::new();
    while !fields.is_finished() {
        let mut attribute = Fields::of_content(WHAT, fields.content(Tag::Sequence)?)?;
        let kind = attribute.oid()?;
        let mut values = Fields::of_content(WHAT, attribute.content(Tag::Set)?)?;
        attribute.finish()?;
        if seen.contains(&kind) || seen.len() == MAX_ATTRIBUTES {
            return Err(Error::malformed(WHAT, "an attribute twice, or too many"));
        }
        seen.push(kind);
        if kind == oid::EXTENSION_REQUEST {
            extensions = parse_extensions(WHAT, values.raw()?)?;
            values.finish()?;
        }
    }
    Ok(extensions)
}
