//! OCSP responses as received, for lints, tests and whoever must check another's answer.

use der::Tag;
use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;

use super::request::{CertId, MAX_CERTIFICATES_ASKED, Nonce, parse_certificates};
use crate::algorithm;
use crate::der_reader::{Fields, bounded, single};
use crate::error::Error;
use crate::name::Name;
use crate::oid;
use crate::read::{Certificate, parse_extensions};
use crate::signature;
use crate::time;

/// The longest response accepted: a hundred answers and eight certificates fit twice over.
pub const MAX_RESPONSE_LENGTH: usize = 128 << 10;

const WHAT: &str = "OCSP response";

/// A response as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OcspResponse {
    /// An answer; not believed before [`BasicResponse::verify`].
    Successful(Box<BasicResponse>),
    /// An OCSPResponseStatus other than successful.
    Refused(u8),
}

/// A BasicOCSPResponse as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicResponse {
    /// What was signed.
    pub tbs: Vec<u8>,
    /// What it says.
    pub data: ResponseData,
    /// The signature algorithm's AlgorithmIdentifier, raw.
    pub signature_algorithm: Vec<u8>,
    /// The signature's octets.
    pub signature: Vec<u8>,
    /// The certificates brought along, none of which is believed.
    pub certificates: Vec<Certificate>,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponderId {
    /// By name.
    Name(Name),
    /// By the SHA-1 of the public key.
    KeyHash(Vec<u8>),
}

/// A ResponseData as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseData {
    /// Who answered.
    pub responder: ResponderId,
    /// When.
    pub produced_at: Timestamp,
    /// The answers.
    pub singles: Vec<ReceivedSingle>,
    /// The nonce.
    pub nonce: Option<Nonce>,
}

/// What is said about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceivedStatus {
    /// good.
    Good,
    /// revoked, with the time and the CRLReason code if stated.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// The CRLReason code.
        reason: Option<u8>,
    },
    /// unknown.
    Unknown,
}

/// The answer about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSingle {
    /// Which certificate.
    pub cert_id: CertId,
    /// Its status.
    pub status: ReceivedStatus,
    /// As of when.
    pub this_update: Timestamp,
    /// Until when.
    pub next_update: Option<Timestamp>,
}

impl OcspResponse {
    /// Reads a DER OCSPResponse.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_RESPONSE_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let &[status] = fields.content(Tag::Enumerated)? else {
            return Err(Error::malformed(WHAT, "a status of more than one octet"));
        };
        let body = fields.optional(0xa0)?;
        fields.finish()?;
        match (status, body) {
            (0, Some(wrapper)) => parse_body(wrapper.value()).map(Self::Successful),
            (0, None) => Err(Error::malformed(WHAT, "successful, but without an answer")),
            (refused, _) => Ok(Self::Refused(refused)),
        }
    }
}

impl BasicResponse {
    /// Checks the signature with the responder's SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::BadSignature`], or [`Error::UnsupportedAlgorithm`].
    pub fn verify(&self, responder_spki: &[u8]) -> Result<(), Error> {
        signature::verify(WHAT, responder_spki, self.algorithm()?, &self.tbs, &self.signature)
    }

    /// The signature algorithm.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] outside the domain's closed set.
    pub fn algorithm(&self) -> Result<SignatureAlgorithm, Error> {
        algorithm::parse(&self.signature_algorithm)
    }
}

impl ResponseData {
    /// Reads a DER ResponseData, signed or not yet.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_RESPONSE_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        // Only v1 exists; it may stand there although it is the default.
        fields.optional(0xa0)?;
        let responder = read_responder(&mut fields)?;
        let produced_at = read_generalized(&mut fields)?;
        let mut list = Fields::of_content(WHAT, fields.content(Tag::Sequence)?)?;
        let mut singles = Vec::new();
        while !list.is_finished() {
            if singles.len() == MAX_CERTIFICATES_ASKED {
                let (length, limit) = (MAX_CERTIFICATES_ASKED + 1, MAX_CERTIFICATES_ASKED);
                return Err(Error::TooLarge { what: "list of answers", length, limit });
            }
            singles.push(ReceivedSingle::parse(list.raw()?)?);
        }
        let extensions = match fields.optional(0xa1)? {
            Some(wrapper) => parse_extensions(WHAT, wrapper.value())?,
            None => Vec::new(),
        };
        fields.finish()?;
        let nonce = extensions.into_iter().find(|e| e.oid == oid::OCSP_NONCE);
        let nonce = nonce.map(|extension| Nonce { value: extension.value });
        Ok(Self { responder, produced_at, singles, nonce })
    }
}

impl ReceivedSingle {
    fn parse(der: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let cert_id = CertId::parse(fields.raw()?)?;
        let status = read_status(&mut fields)?;
        let this_update = read_generalized(&mut fields)?;
        let next_update = match fields.optional(0xa0)? {
            Some(wrapper) => {
                Some(read_generalized(&mut Fields::of_content(WHAT, wrapper.value())?)?)
            }
            None => None,
        };
        // singleExtensions say nothing this system needs.
        fields.optional(0xa1)?;
        fields.finish()?;
        Ok(Self { cert_id, status, this_update, next_update })
    }
}

fn parse_body(der: &[u8]) -> Result<Box<BasicResponse>, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let kind = fields.oid()?;
    let body = fields.content(Tag::OctetString)?;
    fields.finish()?;
    if kind != oid::OCSP_BASIC {
        return Err(Error::UnsupportedAlgorithm { what: WHAT, oid: kind });
    }
    let mut fields = Fields::of_sequence(WHAT, body)?;
    let tbs = fields.raw()?.to_vec();
    let signature_algorithm = fields.raw()?.to_vec();
    let signature = fields.bit_string()?.to_vec();
    let certificates = match fields.optional(0xa0)? {
        Some(wrapper) => parse_certificates(WHAT, wrapper.value())?,
        None => Vec::new(),
    };
    fields.finish()?;
    let data = ResponseData::parse(&tbs)?;
    Ok(Box::new(BasicResponse { tbs, data, signature_algorithm, signature, certificates }))
}

fn read_responder(fields: &mut Fields<'_>) -> Result<ResponderId, Error> {
    if let Some(name) = fields.optional(0xa1)? {
        return Name::parse(name.value()).map(ResponderId::Name);
    }
    let wrapper =
        fields.optional(0xa2)?.ok_or_else(|| Error::malformed(WHAT, "no responder id"))?;
    let hash = single(WHAT, wrapper.value())?;
    match hash.header().tag() {
        Tag::OctetString => Ok(ResponderId::KeyHash(hash.value().to_vec())),
        _ => Err(Error::malformed(WHAT, "a key hash that is no OCTET STRING")),
    }
}

fn read_status(fields: &mut Fields<'_>) -> Result<ReceivedStatus, Error> {
    let status = fields.any()?;
    let Tag::ContextSpecific { constructed, number } = status.header().tag() else {
        return Err(Error::malformed(WHAT, "a status without context tag"));
    };
    match (number.value(), constructed, status.value()) {
        (0, false, []) => Ok(ReceivedStatus::Good),
        (1, true, content) => read_revoked(content),
        (2, false, []) => Ok(ReceivedStatus::Unknown),
        _ => Err(Error::malformed(WHAT, "a status that RFC 6960 does not have")),
    }
}

fn read_revoked(content: &[u8]) -> Result<ReceivedStatus, Error> {
    let mut fields = Fields::of_content(WHAT, content)?;
    let at = read_generalized(&mut fields)?;
    let reason = match fields.optional(0xa0)? {
        Some(wrapper) => Some(read_reason(wrapper.value())?),
        None => None,
    };
    fields.finish()?;
    Ok(ReceivedStatus::Revoked { at, reason })
}

fn read_reason(der: &[u8]) -> Result<u8, Error> {
    let reason = single(WHAT, der)?;
    match (reason.header().tag(), reason.value()) {
        (Tag::Enumerated, [code @ 0..=10]) => Ok(*code),
        _ => Err(Error::malformed(WHAT, "a reason that RFC 5280 5.3.1 does not have")),
    }
}

/// Times of OCSP are GeneralizedTime whatever the year (RFC 6960 4.2.2.1).
fn read_generalized(fields: &mut Fields<'_>) -> Result<Timestamp, Error> {
    let element = fields.any()?;
    if element.header().tag() != Tag::GeneralizedTime {
        return Err(Error::malformed(WHAT, "a time that is no GeneralizedTime"));
    }
    time::decode(element)
}
