//! CMS SignedData as a holder sends it: one signer, content included, nothing believed unverified
//! (RFC 5652).

mod armor;
mod ber;
mod read;

use const_oid::ObjectIdentifier;
use domain::algorithm::SignatureAlgorithm;

use crate::digest::sha256;
use crate::error::Error;
use crate::name::Name;
use crate::read::Certificate;
use crate::signature;

pub use armor::unarmored;

/// The longest message accepted, armour included: a request of one page with two certificates has
/// 5 KB.
pub const MAX_LENGTH: usize = 64 << 10;
/// The most certificates accepted beside the signer's: a chain of this country has two.
pub const MAX_CERTIFICATES: usize = 8;
/// The most signed attributes accepted; common tools write four.
const MAX_ATTRIBUTES: usize = 32;

const WHAT: &str = "CMS SignedData";

/// A SignedData with its content and exactly one signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    /// What was signed.
    content: Vec<u8>,
    /// The signer's certificate, out of those that came along.
    certificate: Certificate,
    /// The signed attributes as the SET OF that was signed (RFC 5652 5.4).
    attributes: Vec<u8>,
    /// The messageDigest attribute.
    digest: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// How the signer names their certificate (RFC 5652 5.3).
enum SignerIdentifier {
    IssuerAndSerial(Name, Vec<u8>),
    KeyIdentifier(Vec<u8>),
}

/// Why a message is not taken; always the sender's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// It is longer than anything legitimate.
    #[error("the message has {length} octets, more than the {MAX_LENGTH} allowed")]
    TooLarge {
        /// The length received, in octets.
        length: usize,
    },
    /// It is neither DER nor PEM nor base64.
    #[error("the message is neither DER nor PEM nor base64")]
    Armor,
    /// It is no SignedData in BER.
    #[error(transparent)]
    Malformed(#[from] Error),
    /// The content is not in it.
    #[error("the content is detached; it must be included (RFC 5652 5.2)")]
    Detached,
    /// Nobody signed it, or more than one.
    #[error("exactly one signer is wanted")]
    Signers,
    /// An algorithm that is not used here.
    #[error("algorithm {0} is not supported here")]
    Algorithm(ObjectIdentifier),
    /// The signed attributes are missing, or do not say what they must (RFC 5652 5.3, 11).
    #[error("the signed attributes: {0}")]
    Attributes(&'static str),
    /// The signer's certificate did not come along.
    #[error("the signer's certificate is not included")]
    NoCertificate,
    /// The content is not the one that was signed.
    #[error("the content differs from the signed messageDigest (RFC 5652 5.4)")]
    Altered,
    /// The signature is not by the key of the signer's certificate.
    #[error("the signature does not verify (RFC 5652 5.6)")]
    BadSignature,
}

impl SignedData {
    /// Reads a ContentInfo with a SignedData, in BER as RFC 5652 2 allows it: version 1 or 3, content of type data included,
    /// one signer with SHA-256 and signed attributes, whose certificate came along.
    ///
    /// # Errors
    /// [`CmsError`], but for [`CmsError::Altered`] and [`CmsError::BadSignature`].
    pub fn parse(der: &[u8]) -> Result<Self, CmsError> {
        read::signed_data(der)
    }

    /// What was signed; believed only after [`verify`](Self::verify).
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The certificate that the signer names; whose it is, is not for this crate to say.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Checks digest and signature with the key of the signer's certificate.
    ///
    /// # Errors
    /// [`CmsError::Altered`], [`CmsError::BadSignature`].
    pub fn verify(&self) -> Result<(), CmsError> {
        if sha256(&self.content)[..] != self.digest[..] {
            return Err(CmsError::Altered);
        }
        let key = &self.certificate.tbs.subject_public_key_info;
        signature::verify(WHAT, key, self.algorithm, &self.attributes, &self.signature)
            .map_err(|_| CmsError::BadSignature)
    }
}

impl SignerIdentifier {
    /// Whether it names this certificate.
    fn names(&self, certificate: &Certificate) -> Result<bool, Error> {
        let tbs = &certificate.tbs;
        Ok(match self {
            Self::IssuerAndSerial(issuer, serial) => {
                tbs.issuer.as_der() == issuer.as_der() && tbs.serial == *serial
            }
            Self::KeyIdentifier(key) => tbs.subject_key_identifier()?.as_ref() == Some(key),
        })
    }
}
