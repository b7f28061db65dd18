//! What the extensions of a received certificate say, read by the types of x509-cert.

use const_oid::ObjectIdentifier;
use der::asn1::OctetStringRef;
use der::{Decode, Encode};
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName as ForeignName};

use super::TbsCertificate;
use crate::der_reader::Fields;
use crate::error::Error;
use crate::extension::{AuthorityKeyIdentifier, KeyUsage};
use crate::general_name::{self, GeneralName};
use crate::name::Name;
use crate::oid;

// The longest subjectAltName of ours has six names; a TLS certificate of ours at most a hundred.
const MAX_GENERAL_NAMES: usize = 200;

/// basicConstraints as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_length: Option<u8>,
}

/// One name of a distribution point, as far as this system fetches from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionPoint {
    /// An entry of the directory.
    DirectoryName(Name),
    /// A URI.
    Uri(String),
}

impl TbsCertificate {
    /// keyUsage.
    ///
    /// # Errors
    /// [`Error::Malformed`], as for every reader here.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, Error> {
        let usage: Option<pkix::KeyUsage> = self.decode(oid::KEY_USAGE, "keyUsage")?;
        Ok(usage.map(|usage| KeyUsage(usage.0.bits())))
    }

    /// extKeyUsage; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn extended_key_usage(&self) -> Result<Vec<ObjectIdentifier>, Error> {
        let usage: Option<pkix::ExtendedKeyUsage> =
            self.decode(oid::EXTENDED_KEY_USAGE, "extKeyUsage")?;
        Ok(usage.map(|usage| usage.0).unwrap_or_default())
    }

    /// basicConstraints.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>, Error> {
        let received: Option<pkix::BasicConstraints> =
            self.decode(oid::BASIC_CONSTRAINTS, "basicConstraints")?;
        Ok(received.map(|c| BasicConstraints { ca: c.ca, path_length: c.path_len_constraint }))
    }

    /// subjectKeyIdentifier.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, Error> {
        let Some(extension) = self.extension(oid::SUBJECT_KEY_IDENTIFIER) else { return Ok(None) };
        let octets = <&OctetStringRef>::from_der(&extension.value)
            .map_err(|e| Error::malformed("subjectKeyIdentifier", e))?;
        Ok(Some(octets.as_bytes().to_vec()))
    }

    /// authorityKeyIdentifier, if it names a key.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier>, Error> {
        match self.extension(oid::AUTHORITY_KEY_IDENTIFIER) {
            Some(extension) => parse_authority_key_identifier(&extension.value),
            None => Ok(None),
        }
    }

    /// The policies of certificatePolicies; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn certificate_policies(&self) -> Result<Vec<ObjectIdentifier>, Error> {
        let policies: Option<pkix::CertificatePolicies> =
            self.decode(oid::CERTIFICATE_POLICIES, "certificatePolicies")?;
        Ok(policies.into_iter().flat_map(|p| p.0).map(|p| p.policy_identifier).collect())
    }

    /// subjectAltName; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn subject_alt_names(&self) -> Result<Vec<GeneralName>, Error> {
        self.general_names(oid::SUBJECT_ALT_NAME)
    }

    /// issuerAltName; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn issuer_alt_names(&self) -> Result<Vec<GeneralName>, Error> {
        self.general_names(oid::ISSUER_ALT_NAME)
    }

    /// The full names of cRLDistributionPoints; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn crl_distribution_points(&self) -> Result<Vec<DistributionPoint>, Error> {
        let received: Option<pkix::CrlDistributionPoints> =
            self.decode(oid::CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints")?;
        let mut points = Vec::new();
        for point in received.into_iter().flat_map(|points| points.0) {
            if let Some(DistributionPointName::FullName(names)) = point.distribution_point {
                for name in names {
                    points.extend(point_of(&name)?);
                }
            }
        }
        Ok(points)
    }

    /// The OCSP responders of authorityInfoAccess; empty if absent.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn ocsp_uris(&self) -> Result<Vec<String>, Error> {
        let access: Option<pkix::AuthorityInfoAccessSyntax> =
            self.decode(oid::AUTHORITY_INFO_ACCESS, "authorityInfoAccess")?;
        let responders = access.into_iter().flat_map(|a| a.0).filter_map(|description| {
            match (description.access_method == oid::ACCESS_OCSP, description.access_location) {
                (true, ForeignName::UniformResourceIdentifier(uri)) => {
                    Some(uri.as_str().to_owned())
                }
                _ => None,
            }
        });
        Ok(responders.collect())
    }

    fn general_names(&self, oid: ObjectIdentifier) -> Result<Vec<GeneralName>, Error> {
        let Some(extension) = self.extension(oid) else { return Ok(Vec::new()) };
        parse_general_names(&extension.value)
    }

    fn decode<'a, T>(
        &'a self,
        oid: ObjectIdentifier,
        what: &'static str,
    ) -> Result<Option<T>, Error>
    where
        T: Decode<'a, Error = der::Error>,
    {
        self.extension(oid)
            .map(|extension| T::from_der(&extension.value))
            .transpose()
            .map_err(|e| Error::malformed(what, e))
    }
}

/// Reads a GeneralNames.
pub(crate) fn parse_general_names(der: &[u8]) -> Result<Vec<GeneralName>, Error> {
    let content = crate::der_reader::single("general names", der)?;
    if content.header().tag() != der::Tag::Sequence {
        return Err(Error::malformed("general names", "no SEQUENCE"));
    }
    general_name::parse_all(content.value(), MAX_GENERAL_NAMES)
}

/// Reads an authorityKeyIdentifier, `None` if it names no key.
pub(crate) fn parse_authority_key_identifier(
    der: &[u8],
) -> Result<Option<AuthorityKeyIdentifier>, Error> {
    const WHAT: &str = "authorityKeyIdentifier";
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let key = fields.optional(0x80)?.map(|key| key.value().to_vec());
    let issuer = fields.optional(0xa1)?;
    let serial = fields.optional(0x82)?.map(|serial| serial.value().to_vec());
    fields.finish()?;
    let names = match issuer {
        Some(issuer) => general_name::parse_all(issuer.value(), MAX_GENERAL_NAMES)?,
        None => Vec::new(),
    };
    let issuer = names.into_iter().find_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(name),
        _ => None,
    });
    Ok(key.map(|key_identifier| AuthorityKeyIdentifier {
        key_identifier,
        issuer_and_serial: issuer.zip(serial),
    }))
}

fn point_of(name: &ForeignName) -> Result<Option<DistributionPoint>, Error> {
    match name {
        ForeignName::DirectoryName(name) => {
            let der = name.to_der().map_err(|e| Error::malformed("cRLDistributionPoints", e))?;
            Ok(Some(DistributionPoint::DirectoryName(Name::parse(&der)?)))
        }
        ForeignName::UniformResourceIdentifier(uri) => {
            Ok(Some(DistributionPoint::Uri(uri.as_str().to_owned())))
        }
        _ => Ok(None),
    }
}
