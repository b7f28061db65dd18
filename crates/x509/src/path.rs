//! Certification paths: built over a small set of certificates and checked (RFC 5280 6.1).
//!
//! A sound subset: what it accepts, RFC 5280 accepts for any policy. Signatures, validity, names by
//! their octets, keyUsage, basicConstraints, path lengths and key identifiers are checked; a
//! critical extension that is not understood refuses, and so does a CA certificate with name or
//! policy constraints, critical or not. certificatePolicies pass: which policy is wanted is decided
//! by who asks. Self-issued certificates, so link certificates, count for no path length.

mod build;
mod check;
mod fault;
mod list;

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

use crate::certificate::Validity;
use crate::error::Error;
use crate::name::Name;
use crate::read::Certificate;

pub use build::build;
pub use fault::{Fault, PathError};
pub use list::{Listing, look_up};

/// A key that is believed without a certificate (RFC 5280 6.1.1(d)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The name whose certificates it signs.
    pub name: Name,
    /// The SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The key identifier, if it has one.
    pub key_identifier: Option<Vec<u8>>,
    /// The serial of the certificate that it came in, INTEGER content octets.
    pub serial: Vec<u8>,
    /// How long it is believed: as long as its certificate.
    pub validity: Validity,
}

impl Anchor {
    /// The key of a self-signed certificate, whose own signature is checked.
    ///
    /// # Errors
    /// [`Error::BadSignature`] if it is not self-signed; [`Error::Malformed`].
    pub fn from_self_signed(certificate: &Certificate) -> Result<Self, Error> {
        let tbs = &certificate.tbs;
        certificate.verify(&tbs.subject_public_key_info)?;
        Ok(Self {
            name: tbs.subject.clone(),
            spki: tbs.subject_public_key_info.clone(),
            key_identifier: tbs.subject_key_identifier()?,
            serial: tbs.serial.clone(),
            validity: tbs.validity,
        })
    }
}

/// How a relying party reads an authorityKeyIdentifier that has issuer and serial beside the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// By the key identifier; issuer and serial are a hint (RFC 5280 4.2.1.1, Java).
    ByKey,
    /// By all it says: another certificate of the same key does not fit (OpenSSL, X.509 8.2.2.1).
    ByKeyAndSerial,
}

/// What paths are made of, and when and how they are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The moment.
    pub at: Timestamp,
    /// What is believed.
    pub anchors: &'a [Anchor],
    /// What may stand between.
    pub intermediates: &'a [Certificate],
    /// How key identifiers are read.
    pub reader: Reader,
    /// What the target is used for, where that is to be checked (extKeyUsage).
    pub purpose: Option<ObjectIdentifier>,
    /// The bounds of the search.
    pub budget: Budget,
}

/// How much work a stranger's certificates may cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Signatures verified; 64 are three times what all paths over three generations need.
    pub signatures: u32,
    /// Certificates between target and anchor; three generations and a bridge need five.
    pub intermediates: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { signatures: 64, intermediates: 8 }
    }
}

/// A path that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The target first, then who certified whom.
    pub certificates: Vec<Certificate>,
    /// Who certified the last.
    pub anchor: Anchor,
}

impl Path {
    /// The SubjectPublicKeyInfo of whoever signed the certificate at `index`, 0 being the target.
    pub fn issuer_key(&self, index: usize) -> &[u8] {
        match self.certificates.get(index + 1) {
            Some(issuer) => &issuer.tbs.subject_public_key_info,
            None => &self.anchor.spki,
        }
    }
}
