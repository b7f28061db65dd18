//! OCSP requests as received, bounded in every direction (RFC 6960 4.1).

use const_oid::ObjectIdentifier;
use der::{Decode, Tag};
use domain::id::SerialNumber;

use crate::der_reader::{Fields, bounded, single, small_integer};
use crate::der_writer::{DerWriter, tag};
use crate::digest::{sha1, sha256};
use crate::error::Error;
use crate::foreign_signature;
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::oid;
use crate::public_key::SpkiInfo;
use crate::read::{Certificate, ReceivedExtension, parse_extensions};

/// The longest request accepted: a hundred CertIDs, a signature and a chain fit four times over.
pub const MAX_REQUEST_LENGTH: usize = 64 << 10;
/// The most certificates one request may ask about; each costs a database look-up.
pub const MAX_CERTIFICATES_ASKED: usize = 100;
/// The most certificates a request may bring along; a signer and its chain need three.
pub const MAX_CERTIFICATES_BROUGHT: usize = 8;

const WHAT: &str = "OCSP request";

/// A NULL, DER.
const NULL: &[u8] = &[0x05, 0x00];

/// A hash with which a CertID may name an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-1, what most clients send.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// Which certificate is asked about (RFC 6960 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertId {
    /// The whole CertID as received, to be echoed.
    pub der: Vec<u8>,
    /// The hash, or the identifier of one this system does not know.
    pub hash_algorithm: Result<HashAlgorithm, ObjectIdentifier>,
    /// The hash of the issuer's DER name.
    pub issuer_name_hash: Vec<u8>,
    /// The hash of the issuer's public key (the content of its BIT STRING).
    pub issuer_key_hash: Vec<u8>,
    /// The serial's INTEGER content octets.
    pub serial: Vec<u8>,
}

/// The nonce extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce {
    /// The extension's value as received, to be echoed.
    pub value: Vec<u8>,
}

/// The signature of a request with the certificates that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSignature {
    /// The algorithm's AlgorithmIdentifier, raw.
    pub algorithm: Vec<u8>,
    /// The signature's octets.
    pub signature: Vec<u8>,
    /// The certificates, DER, none of which is believed, or read before somebody asks.
    pub certificates: Vec<Vec<u8>>,
}

impl RequestSignature {
    /// Reads the certificates.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`] for the first that is none.
    pub fn read_certificates(&self) -> Result<Vec<Certificate>, Error> {
        self.certificates.iter().map(|der| Certificate::parse(der)).collect()
    }
}

/// A request as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    /// What was signed, if anything.
    pub tbs: Vec<u8>,
    /// Who claims to ask.
    pub requestor_name: Option<GeneralName>,
    /// What is asked about, in order; at least one.
    pub certificates: Vec<CertId>,
    /// The signature.
    pub signature: Option<RequestSignature>,
    /// The nonce.
    pub nonce: Option<Nonce>,
    /// The response types the client can read; empty if it does not say.
    pub response_types: Vec<ObjectIdentifier>,
    /// Critical extensions, of the request or of one certificate in it, that nobody here knows.
    pub unknown_critical: Vec<ObjectIdentifier>,
}

impl OcspRequest {
    /// Reads a DER OCSPRequest.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`]; answer either with malformedRequest.
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_REQUEST_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let mut request = Self::parse_tbs(fields.raw()?)?;
        request.signature = match fields.optional(0xa0)? {
            Some(wrapper) => Some(parse_signature(wrapper.value())?),
            None => None,
        };
        fields.finish()?;
        Ok(request)
    }

    /// Checks the signature with the registered key of the verifier who claims to have asked.
    ///
    /// # Errors
    /// [`Error::BadSignature`], also if there is none; [`Error::UnsupportedAlgorithm`] for what is neither
    /// RSA (PKCS#1 v1.5 or PSS) with SHA-256, SHA-384 or SHA-512, nor ECDSA on P-256 or P-384.
    pub fn verify(&self, signer_spki: &[u8]) -> Result<(), Error> {
        let signature = self.signature.as_ref().ok_or(Error::BadSignature { what: WHAT })?;
        let (algorithm, octets) = (&signature.algorithm, &signature.signature);
        foreign_signature::verify(WHAT, signer_spki, algorithm, &self.tbs, octets)
    }

    /// Whether the client can read the basic response, the only kind there is.
    pub fn accepts_basic(&self) -> bool {
        self.response_types.is_empty() || self.response_types.contains(&oid::OCSP_BASIC)
    }

    fn parse_tbs(der: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of_sequence(WHAT, der)?;
        if let Some(wrapper) = fields.optional(0xa0)? {
            read_version(wrapper.value())?;
        }
        let requestor_name = match fields.optional(0xa1)? {
            Some(wrapper) => Some(GeneralName::parse(wrapper.value())?),
            None => None,
        };
        let list = fields.content(Tag::Sequence)?;
        let extensions = match fields.optional(0xa2)? {
            Some(wrapper) => parse_extensions(WHAT, wrapper.value())?,
            None => Vec::new(),
        };
        fields.finish()?;
        let mut request = Self {
            tbs: der.to_vec(),
            requestor_name,
            certificates: Vec::new(),
            signature: None,
            nonce: None,
            response_types: Vec::new(),
            unknown_critical: Vec::new(),
        };
        request.read_list(list)?;
        extensions.into_iter().try_for_each(|extension| request.take(extension))?;
        Ok(request)
    }

    fn read_list(&mut self, content: &[u8]) -> Result<(), Error> {
        let mut list = Fields::of_content(WHAT, content)?;
        while !list.is_finished() {
            if self.certificates.len() == MAX_CERTIFICATES_ASKED {
                let (length, limit) = (MAX_CERTIFICATES_ASKED + 1, MAX_CERTIFICATES_ASKED);
                return Err(Error::TooLarge { what: "list of certificates asked", length, limit });
            }
            let mut single = Fields::of_content(WHAT, list.content(Tag::Sequence)?)?;
            self.certificates.push(CertId::parse(single.raw()?)?);
            if let Some(wrapper) = single.optional(0xa0)? {
                let extensions = parse_extensions(WHAT, wrapper.value())?;
                let critical = extensions.into_iter().filter(|e| e.critical).map(|e| e.oid);
                self.unknown_critical.extend(critical);
            }
            single.finish()?;
        }
        if self.certificates.is_empty() {
            return Err(Error::malformed(WHAT, "it asks about no certificate"));
        }
        Ok(())
    }

    fn take(&mut self, extension: ReceivedExtension) -> Result<(), Error> {
        match extension.oid {
            oid::OCSP_NONCE => self.nonce = Some(Nonce { value: extension.value }),
            oid::OCSP_RESPONSE_TYPES => {
                self.response_types = Vec::<ObjectIdentifier>::from_der(&extension.value)
                    .map_err(|e| Error::malformed("acceptable response types", e))?;
            }
            oid if extension.critical => self.unknown_critical.push(oid),
            _ => {}
        }
        Ok(())
    }
}

impl CertId {
    /// The CertID of the certificate with `serial` (INTEGER content) under an issuer.
    pub fn of(hash: HashAlgorithm, issuer: &Name, issuer_key: &SpkiInfo, serial: &[u8]) -> Self {
        let digest = |bytes: &[u8]| match hash {
            HashAlgorithm::Sha1 => sha1(bytes).to_vec(),
            HashAlgorithm::Sha256 => sha256(bytes).to_vec(),
        };
        let issuer_name_hash = digest(issuer.as_der());
        let issuer_key_hash = digest(issuer_key.subject_public_key());
        let mut writer = DerWriter::with_capacity(128);
        writer.sequence(|w| {
            w.sequence(|w| {
                w.oid(hash.oid());
                w.null();
            });
            w.octet_string(&issuer_name_hash);
            w.octet_string(&issuer_key_hash);
            w.element(tag::INTEGER, serial);
        });
        Self {
            der: writer.into_bytes(),
            hash_algorithm: Ok(hash),
            issuer_name_hash,
            issuer_key_hash,
            serial: serial.to_vec(),
        }
    }

    /// The serial, if this system could have issued it.
    pub fn serial_number(&self) -> Option<SerialNumber> {
        SerialNumber::from_integer(&self.serial)
    }

    /// Reads a DER CertID.
    ///
    /// # Errors
    /// [`Error::Malformed`], also if a hash has another length than its algorithm's, or parameters
    /// other than the NULL that may stand there (RFC 4055 2.1): they would be signed in the answer.
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        const WHAT: &str = "CertID";
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let mut algorithm = Fields::of_content(WHAT, fields.content(Tag::Sequence)?)?;
        let hash_algorithm = HashAlgorithm::from_oid(algorithm.oid()?);
        let parameters = if algorithm.is_finished() { NULL } else { algorithm.raw()? };
        algorithm.finish()?;
        if hash_algorithm.is_ok() && parameters != NULL {
            return Err(Error::malformed(WHAT, "a hash has no parameters"));
        }
        let issuer_name_hash = fields.content(Tag::OctetString)?.to_vec();
        let issuer_key_hash = fields.content(Tag::OctetString)?.to_vec();
        let serial = fields.integer()?.to_vec();
        fields.finish()?;
        let lengths = [issuer_name_hash.len(), issuer_key_hash.len()];
        if hash_algorithm.is_ok_and(|hash| lengths != [hash.length(); 2]) {
            return Err(Error::malformed(WHAT, "a hash of the wrong length"));
        }
        Ok(Self { der: der.to_vec(), hash_algorithm, issuer_name_hash, issuer_key_hash, serial })
    }
}

impl HashAlgorithm {
    /// The length of the hash in octets.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha256 => oid::SHA256,
        }
    }

    fn from_oid(oid: ObjectIdentifier) -> Result<Self, ObjectIdentifier> {
        [Self::Sha1, Self::Sha256].into_iter().find(|hash| hash.oid() == oid).ok_or(oid)
    }
}

impl Nonce {
    /// The nonce's octets: the OCTET STRING inside, or, from clients that follow RFC 2560 and leave
    /// it out, the value itself.
    pub fn octets(&self) -> &[u8] {
        match single("nonce", &self.value) {
            Ok(inner) if inner.header().tag() == Tag::OctetString => inner.value(),
            _ => &self.value,
        }
    }

    /// Whether it has 1 to 128 octets (RFC 9654 2.1: others get malformedRequest).
    pub fn has_allowed_length(&self) -> bool {
        (1..=128).contains(&self.octets().len())
    }

    /// Whether it has 16 octets at least, as many as every responder must accept (RFC 9654 2.1): so many
    /// that no client draws the same twice.
    pub fn is_long(&self) -> bool {
        self.octets().len() >= 16
    }
}

/// Only v1 exists, and being the default it should not even be written.
fn read_version(der: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::of_content(WHAT, der)?;
    let version = small_integer(fields.integer()?);
    fields.finish()?;
    match version {
        Some(0) => Ok(()),
        _ => Err(Error::malformed(WHAT, "a version other than v1")),
    }
}

fn parse_signature(der: &[u8]) -> Result<RequestSignature, Error> {
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let algorithm = fields.raw()?.to_vec();
    let signature = fields.bit_string()?.to_vec();
    let certificates = match fields.optional(0xa0)? {
        Some(wrapper) => raw_certificates(WHAT, wrapper.value())?,
        None => Vec::new(),
    };
    fields.finish()?;
    Ok(RequestSignature { algorithm, signature, certificates })
}

/// Reads `SEQUENCE OF Certificate`, at most [`MAX_CERTIFICATES_BROUGHT`] of them.
pub(super) fn parse_certificates(
    what: &'static str,
    der: &[u8],
) -> Result<Vec<Certificate>, Error> {
    raw_certificates(what, der)?.iter().map(|der| Certificate::parse(der)).collect()
}

/// The same, each as it came.
fn raw_certificates(what: &'static str, der: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut fields = Fields::of_sequence(what, der)?;
    let mut certificates = Vec::new();
    while !fields.is_finished() {
        if certificates.len() == MAX_CERTIFICATES_BROUGHT {
            let (length, limit) = (MAX_CERTIFICATES_BROUGHT + 1, MAX_CERTIFICATES_BROUGHT);
            return Err(Error::TooLarge { what: "list of certificates", length, limit });
        }
        certificates.push(fields.raw()?.to_vec());
    }
    Ok(certificates)
}
