//! A certificate as it was drafted and as its bytes have it: what every lint looks at.

use const_oid::ObjectIdentifier;
use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;
use jiff::Timestamp;
use x509_cert::certificate::{Raw, TbsCertificateInner};

use crate::certificate::Validity;
use crate::name::Name;
use crate::read::TbsCertificate;

/// What a certificate is supposed to say, from the draft and not from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The reserved serial.
    pub serial: SerialNumber,
    /// The algorithm the issuer will sign with.
    pub signature: SignatureAlgorithm,
    /// The issuer.
    pub issuer: Name,
    /// The validity period.
    pub validity: Validity,
    /// The last second of the issuing key's own certificate.
    pub issuer_ends: Timestamp,
    /// The subject.
    pub subject: Name,
    /// The SubjectPublicKeyInfo.
    pub subject_public_key_info: Vec<u8>,
    /// The extensions with their criticality, in the profile's order.
    pub extensions: Vec<(ObjectIdentifier, bool)>,
    /// The key identifier of the issuing key; `None` for a self-signed certificate, which in this
    /// profile has no authorityKeyIdentifier.
    pub authority_key_identifier: Option<Vec<u8>>,
}

/// A certificate before it is signed, read twice over, with what it should say.
#[derive(Debug)]
pub struct CertificateDraft {
    pub(super) tbs: TbsCertificate,
    pub(super) model: TbsCertificateInner<Raw>,
    pub(super) expectation: Expectation,
}
