//! Certificates as received: tolerant reading that keeps every octet as it came.

use const_oid::ObjectIdentifier;
use der::Tag;
use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;

use crate::algorithm;
use crate::certificate::Validity;
use crate::der_reader::{Fields, bounded, small_integer};
use crate::digest::sha256;
use crate::error::Error;
use crate::name::Name;
use crate::oid;
use crate::public_key::SpkiInfo;
use crate::signature;
use crate::time;

mod extensions;

pub use extensions::{BasicConstraints, DistributionPoint};
pub(crate) use extensions::{parse_authority_key_identifier, parse_general_names};

/// The longest certificate accepted. JPKI's take 1.6 KB; 64 KiB is what common TLS stacks take.
pub const MAX_CERTIFICATE_LENGTH: usize = 64 << 10;
/// The most extensions accepted; the longest profile here has nine.
pub const MAX_EXTENSIONS: usize = 64;

const WHAT: &str = "certificate";

/// An extension as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedExtension {
    /// Which extension it is.
    pub oid: ObjectIdentifier,
    /// Whether it is critical.
    pub critical: bool,
    /// The content of its OCTET STRING.
    pub value: Vec<u8>,
}

/// The to-be-signed part of a certificate, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TbsCertificate {
    /// The octets that were or will be signed.
    pub der: Vec<u8>,
    /// The version as it is encoded: 2 stands for v3; 0 if absent.
    pub version: u64,
    /// The serial's INTEGER content octets.
    pub serial: Vec<u8>,
    /// The inner signature AlgorithmIdentifier, raw.
    pub signature_algorithm: Vec<u8>,
    /// The issuer.
    pub issuer: Name,
    /// The validity period.
    pub validity: Validity,
    /// The subject.
    pub subject: Name,
    /// The SubjectPublicKeyInfo, raw.
    pub subject_public_key_info: Vec<u8>,
    /// The extensions in their order.
    pub extensions: Vec<ReceivedExtension>,
}

/// A certificate as received; nothing in it is believed before [`Certificate::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole certificate.
    pub der: Vec<u8>,
    /// What was signed.
    pub tbs: TbsCertificate,
    /// The outer signature AlgorithmIdentifier, raw.
    pub signature_algorithm: Vec<u8>,
    /// The signature's octets.
    pub signature: Vec<u8>,
}

/// What is understood, so that it may be critical.
const UNDERSTOOD: [ObjectIdentifier; 9] = [
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::CERTIFICATE_POLICIES,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::SUBJECT_KEY_IDENTIFIER,
];

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// Tolerant where RFC 5280 binds only the issuer: negative and long serials, versions and
    /// unknown algorithms pass; two differing algorithm identifiers do not (RFC 5280 4.1.1.2).
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_CERTIFICATE_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let tbs = TbsCertificate::parse(fields.raw()?)?;
        let signature_algorithm = fields.raw()?.to_vec();
        let signature = fields.bit_string()?.to_vec();
        fields.finish()?;
        if signature_algorithm != tbs.signature_algorithm {
            return Err(Error::malformed(WHAT, "two different signature algorithms"));
        }
        Ok(Self { der: der.to_vec(), tbs, signature_algorithm, signature })
    }

    /// Checks the signature with the issuer's SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::BadSignature`], or [`Error::UnsupportedAlgorithm`].
    pub fn verify(&self, issuer_spki: &[u8]) -> Result<(), Error> {
        let algorithm = self.algorithm()?;
        signature::verify(WHAT, issuer_spki, algorithm, &self.tbs.der, &self.signature)
    }

    /// The signature algorithm.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] outside the domain's closed set.
    pub fn algorithm(&self) -> Result<SignatureAlgorithm, Error> {
        algorithm::parse(&self.signature_algorithm)
    }

    /// The SHA-256 fingerprint of the whole certificate.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }
}

impl TbsCertificate {
    /// Reads a DER TBSCertificate (RFC 5280 4.1).
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_CERTIFICATE_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let version = read_version(&mut fields)?;
        let serial = fields.integer()?.to_vec();
        let signature_algorithm = fields.raw()?.to_vec();
        let issuer = Name::parse(fields.raw()?)?;
        let validity = read_validity(fields.raw()?)?;
        let subject = Name::parse(fields.raw()?)?;
        let subject_public_key_info = fields.raw()?.to_vec();
        // The two unique identifiers of X.509 v2 are read over (RFC 5280 4.1.2.8).
        fields.optional(0x81)?;
        fields.optional(0x82)?;
        let extensions = match fields.optional(0xa3)? {
            Some(wrapper) => parse_extensions(WHAT, wrapper.value())?,
            None => Vec::new(),
        };
        fields.finish()?;
        Ok(Self {
            der: der.to_vec(),
            version,
            serial,
            signature_algorithm,
            issuer,
            validity,
            subject,
            subject_public_key_info,
            extensions,
        })
    }

    /// The serial, if this system could have issued it.
    pub fn serial_number(&self) -> Option<SerialNumber> {
        SerialNumber::from_integer(&self.serial)
    }

    /// The public key.
    ///
    /// # Errors
    /// What [`SpkiInfo::parse`] says.
    pub fn public_key(&self) -> Result<SpkiInfo, Error> {
        SpkiInfo::parse(&self.subject_public_key_info)
    }

    /// The first critical extension that is understood nowhere here, for which a certificate is to be
    /// rejected (RFC 5280 4.2).
    pub fn not_understood(&self) -> Option<ObjectIdentifier> {
        let is_unknown = |one: &&ReceivedExtension| one.critical && !UNDERSTOOD.contains(&one.oid);
        self.extensions.iter().find(is_unknown).map(|one| one.oid)
    }

    /// The extension `oid`, if it is there.
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&ReceivedExtension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// Whether issuer and subject are the same name (RFC 5280 6.1: self-issued).
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }
}

/// Reads `Extensions`, refusing one that comes twice (RFC 5280 4.2, 5.2).
pub(crate) fn parse_extensions(
    what: &'static str,
    der: &[u8],
) -> Result<Vec<ReceivedExtension>, Error> {
    let mut fields = Fields::of_sequence(what, der)?;
    let mut extensions: Vec<ReceivedExtension> = Vec::new();
    while !fields.is_finished() {
        if extensions.len() == MAX_EXTENSIONS {
            let length = extensions.len() + 1;
            return Err(Error::TooLarge { what, length, limit: MAX_EXTENSIONS });
        }
        let extension = parse_extension(what, fields.raw()?)?;
        if extensions.iter().any(|earlier| earlier.oid == extension.oid) {
            return Err(Error::malformed(what, format!("extension {} comes twice", extension.oid)));
        }
        extensions.push(extension);
    }
    Ok(extensions)
}

fn parse_extension(what: &'static str, der: &[u8]) -> Result<ReceivedExtension, Error> {
    let mut fields = Fields::of_sequence(what, der)?;
    let oid = fields.oid()?;
    let critical = match fields.optional(0x01)? {
        None => false,
        // FALSE is the default; some issuers write it all the same.
        Some(value) => match value.value() {
            [0xff] => true,
            [0] => false,
            _ => return Err(Error::malformed(what, "a BOOLEAN that is neither 0 nor 255")),
        },
    };
    let value = fields.content(Tag::OctetString)?.to_vec();
    fields.finish()?;
    Ok(ReceivedExtension { oid, critical, value })
}

fn read_version(fields: &mut Fields<'_>) -> Result<u64, Error> {
    let Some(wrapper) = fields.optional(0xa0)? else { return Ok(0) };
    let mut inner = Fields::of_content(WHAT, wrapper.value())?;
    let version = small_integer(inner.integer()?)
        .ok_or_else(|| Error::malformed(WHAT, "a version that is no small number"))?;
    inner.finish()?;
    Ok(version)
}

fn read_validity(der: &[u8]) -> Result<Validity, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let not_before = time::decode(fields.any()?)?;
    let not_after = time::decode(fields.any()?)?;
    fields.finish()?;
    Ok(Validity { not_before, not_after })
}
