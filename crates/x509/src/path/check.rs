//! What one certificate of a path must say (RFC 5280 6.1.3, 6.1.4).

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

use super::fault::Fault;
use super::{Anchor, Reader};
use crate::certificate::Validity;
use crate::extension::KeyUsage;
use crate::name::Name;
use crate::public_key::{KeyNumbers, SpkiInfo, bit_length};
use crate::read::Certificate;

/// What restricts the paths below a CA in ways that are not followed here: nameConstraints,
/// policyMappings, policyConstraints, inhibitAnyPolicy (RFC 5280 4.2.1).
const CONSTRAINTS: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.30"),
    ObjectIdentifier::new_unwrap("2.5.29.33"),
    ObjectIdentifier::new_unwrap("2.5.29.36"),
    ObjectIdentifier::new_unwrap("2.5.29.54"),
];

/// RSA keys of CAs have 2048 bits and more (A 6.1.5.1, S 6-1-1-2).
const MINIMUM_RSA_BITS: usize = 2048;

/// What every certificate of a path must keep.
pub(super) fn any(certificate: &Certificate, at: Timestamp) -> Result<(), Fault> {
    if !holds_at(&certificate.tbs.validity, at) {
        let Validity { not_before, not_after } = certificate.tbs.validity;
        let rule = format!("valid from {not_before} to {not_after}, not at {at}");
        return Err(Fault::new(certificate, rule));
    }
    match certificate.tbs.not_understood() {
        Some(oid) => {
            let rule = format!("critical extension {oid} is not understood here");
            Err(Fault::new(certificate, rule))
        }
        None => Ok(()),
    }
}

/// What the target must keep beside that.
pub(super) fn target(
    certificate: &Certificate,
    purpose: Option<ObjectIdentifier>,
) -> Result<(), Fault> {
    let Some(purpose) = purpose else { return Ok(()) };
    let purposes = certificate.tbs.extended_key_usage().map_err(Fault::unreadable(certificate))?;
    if purposes.is_empty() || purposes.contains(&purpose) {
        return Ok(());
    }
    Err(Fault::new(certificate, format!("extKeyUsage does not permit {purpose}")))
}

/// What a certificate must keep to stand above another: `below` CAs that are not self-issued stand
/// between it and the target.
pub(super) fn authority(certificate: &Certificate, below: usize) -> Result<(), Fault> {
    let tbs = &certificate.tbs;
    let unreadable = Fault::unreadable(certificate);
    let refused = |rule: &str| Err(Fault::new(certificate, rule));
    if tbs.version != 2 {
        return refused("a CA certificate has version 3 (RFC 5280 6.1.4(k))");
    }
    if let Some(found) = tbs.extensions.iter().find(|e| CONSTRAINTS.contains(&e.oid)) {
        let rule = format!("constraint {} is not followed here", found.oid);
        return Err(Fault::new(certificate, rule));
    }
    let Some(constraints) = tbs.basic_constraints().map_err(&unreadable)? else {
        return refused("basicConstraints is missing (RFC 5280 6.1.4(k))");
    };
    if !constraints.ca {
        return refused("it is no CA's (RFC 5280 6.1.4(k))");
    }
    if constraints.path_length.is_some_and(|limit| below > usize::from(limit)) {
        return refused("the path is longer than its pathLenConstraint (RFC 5280 6.1.4(l))");
    }
    let usage = tbs.key_usage().map_err(&unreadable)?;
    if !usage.is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN)) {
        return refused("keyUsage does not permit keyCertSign (RFC 5280 6.1.4(n))");
    }
    let key = SpkiInfo::parse(&tbs.subject_public_key_info).map_err(&unreadable)?;
    if is_weak(&key) {
        return refused("its key is too short to certify with");
    }
    Ok(())
}

/// Who may have signed a certificate, as far as names and identifiers tell.
pub(super) struct Candidate<'a> {
    pub name: &'a Name,
    pub key_identifier: Option<Vec<u8>>,
    /// The issuer and the serial of the certificate that the key came in.
    pub issuer: &'a Name,
    pub serial: &'a [u8],
}

impl<'a> Candidate<'a> {
    pub(super) fn anchor(anchor: &'a Anchor) -> Self {
        let key_identifier = anchor.key_identifier.clone();
        Self { name: &anchor.name, key_identifier, issuer: &anchor.name, serial: &anchor.serial }
    }

    pub(super) fn certificate(certificate: &'a Certificate) -> Self {
        let tbs = &certificate.tbs;
        let key_identifier = tbs.subject_key_identifier().ok().flatten();
        Self { name: &tbs.subject, key_identifier, issuer: &tbs.issuer, serial: &tbs.serial }
    }

    /// Whether this may be the issuer of `certificate`, as `reader` reads it.
    pub(super) fn fits(&self, certificate: &Certificate, reader: Reader) -> Result<bool, Fault> {
        if *self.name != certificate.tbs.issuer {
            return Ok(false);
        }
        let identifier =
            certificate.tbs.authority_key_identifier().map_err(Fault::unreadable(certificate))?;
        let Some(identifier) = identifier else { return Ok(true) };
        if self.key_identifier.as_ref().is_some_and(|own| *own != identifier.key_identifier) {
            return Ok(false);
        }
        Ok(match (reader, &identifier.issuer_and_serial) {
            (Reader::ByKeyAndSerial, Some((issuer, serial))) => {
                issuer == self.issuer && serial == self.serial
            }
            _ => true,
        })
    }
}

/// Whether `at` lies within a period; the last second belongs to it (RFC 5280 4.1.2.5).
pub(super) fn holds_at(validity: &Validity, at: Timestamp) -> bool {
    validity.not_before <= at && at.as_second() <= validity.not_after.as_second()
}

fn is_weak(key: &SpkiInfo) -> bool {
    match key.numbers() {
        KeyNumbers::Rsa { modulus, .. } => bit_length(modulus) < MINIMUM_RSA_BITS,
        KeyNumbers::EcP256 { .. } | KeyNumbers::EcP384 { .. } => false,
        KeyNumbers::Ed25519 { .. } => true,
    }
}
