//! The closed set of certificate extensions, each written with the criticality it is given
//! (RFC 5280 4.2).

use const_oid::ObjectIdentifier;

use crate::der_writer::{DerWriter, named_bits_content, tag};
use crate::error::Error;
use crate::general_name::{self, GeneralName};
use crate::name::Name;
use crate::oid;

/// The bits of keyUsage (RFC 5280 4.2.1.3); bit 0 is digitalSignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// nonRepudiation, called contentCommitment by X.509 today.
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// dataEncipherment.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// keyAgreement.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Both sets of bits.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One policy of certificatePolicies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInformation {
    /// The policy.
    pub policy: ObjectIdentifier,
    /// Where the CPS stands, as a CPS qualifier.
    pub cps_uri: Option<String>,
}

/// One pair of policyMappings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyMapping {
    /// The issuer's policy.
    pub issuer_domain: ObjectIdentifier,
    /// What it corresponds to on the subject's side.
    pub subject_domain: ObjectIdentifier,
}

/// authorityKeyIdentifier (RFC 5280 4.2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityKeyIdentifier {
    /// The issuer key's subjectKeyIdentifier.
    pub key_identifier: Vec<u8>,
    /// The issuer of the issuer's certificate, and that certificate's serial as INTEGER content.
    pub issuer_and_serial: Option<(Name, Vec<u8>)>,
}

/// What an extension says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionValue {
    /// keyUsage.
    KeyUsage(KeyUsage),
    /// extKeyUsage.
    ExtendedKeyUsage(Vec<ObjectIdentifier>),
    /// certificatePolicies.
    CertificatePolicies(Vec<PolicyInformation>),
    /// policyMappings.
    PolicyMappings(Vec<PolicyMapping>),
    /// policyConstraints; at least one of the two must be there.
    PolicyConstraints {
        /// requireExplicitPolicy, in certificates.
        require_explicit_policy: Option<u64>,
        /// inhibitPolicyMapping, in certificates.
        inhibit_policy_mapping: Option<u64>,
    },
    /// subjectAltName.
    SubjectAltName(Vec<GeneralName>),
    /// issuerAltName.
    IssuerAltName(Vec<GeneralName>),
    /// basicConstraints.
    BasicConstraints {
        /// Whether the subject is a CA.
        ca: bool,
        /// pathLenConstraint.
        path_length: Option<u64>,
    },
    /// cRLDistributionPoints, one point for each directoryName.
    CrlDistributionPoints(Vec<Name>),
    /// authorityInfoAccess with one OCSP responder each.
    AuthorityInfoAccess {
        /// The URIs of OCSP responders.
        ocsp_uris: Vec<String>,
    },
    /// authorityKeyIdentifier.
    AuthorityKeyIdentifier(AuthorityKeyIdentifier),
    /// subjectKeyIdentifier.
    SubjectKeyIdentifier(Vec<u8>),
    /// id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1).
    OcspNoCheck,
}

/// An extension with its criticality; profiles decide about it, not this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// What it says.
    pub value: ExtensionValue,
}

impl Extension {
    /// A critical extension.
    pub fn critical(value: ExtensionValue) -> Self {
        Self { critical: true, value }
    }

    /// A non-critical extension.
    pub fn non_critical(value: ExtensionValue) -> Self {
        Self { critical: false, value }
    }

    /// The extension's object identifier.
    pub fn oid(&self) -> ObjectIdentifier {
        self.value.oid()
    }

    /// Writes the extension.
    pub(crate) fn write(&self, w: &mut DerWriter) -> Result<(), Error> {
        w.sequence(|w| {
            w.oid(self.oid());
            // FALSE is the default and so not written (X.690 11.5).
            if self.critical {
                w.boolean(true);
            }
            w.nested(tag::OCTET_STRING, |w| self.value.write(w))
        })
    }
}

impl ExtensionValue {
    /// The extension's object identifier.
    pub fn oid(&self) -> ObjectIdentifier {
        match self {
            Self::KeyUsage(_) => oid::KEY_USAGE,
            Self::ExtendedKeyUsage(_) => oid::EXTENDED_KEY_USAGE,
            Self::CertificatePolicies(_) => oid::CERTIFICATE_POLICIES,
            Self::PolicyMappings(_) => oid::POLICY_MAPPINGS,
            Self::PolicyConstraints { .. } => oid::POLICY_CONSTRAINTS,
            Self::SubjectAltName(_) => oid::SUBJECT_ALT_NAME,
            Self::IssuerAltName(_) => oid::ISSUER_ALT_NAME,
            Self::BasicConstraints { .. } => oid::BASIC_CONSTRAINTS,
            Self::CrlDistributionPoints(_) => oid::CRL_DISTRIBUTION_POINTS,
            Self::AuthorityInfoAccess { .. } => oid::AUTHORITY_INFO_ACCESS,
            Self::AuthorityKeyIdentifier(_) => oid::AUTHORITY_KEY_IDENTIFIER,
            Self::SubjectKeyIdentifier(_) => oid::SUBJECT_KEY_IDENTIFIER,
            Self::OcspNoCheck => oid::OCSP_NO_CHECK,
        }
    }

    fn write(&self, w: &mut DerWriter) -> Result<(), Error> {
        match self {
            Self::KeyUsage(usage) => w.element(tag::BIT_STRING, &named_bits_content(usage.0)),
            Self::ExtendedKeyUsage(purposes) => {
                w.sequence(|w| purposes.iter().for_each(|purpose| w.oid(*purpose)));
            }
            Self::CertificatePolicies(policies) => {
                return w.sequence(|w| policies.iter().try_for_each(|p| write_policy(w, p)));
            }
            Self::PolicyMappings(pairs) => write_policy_mappings(w, pairs),
            Self::PolicyConstraints { require_explicit_policy, inhibit_policy_mapping } => {
                write_policy_constraints(w, *require_explicit_policy, *inhibit_policy_mapping);
            }
            Self::SubjectAltName(names) | Self::IssuerAltName(names) => {
                return w.sequence(|w| general_name::write_all(w, names));
            }
            Self::BasicConstraints { ca, path_length } => {
                write_basic_constraints(w, *ca, *path_length);
            }
            Self::CrlDistributionPoints(points) => {
                w.sequence(|w| points.iter().for_each(|point| write_point(w, point)));
            }
            Self::AuthorityInfoAccess { ocsp_uris } => {
                return w.sequence(|w| ocsp_uris.iter().try_for_each(|uri| write_access(w, uri)));
            }
            Self::AuthorityKeyIdentifier(identifier) => identifier.write(w),
            Self::SubjectKeyIdentifier(octets) => w.octet_string(octets),
            Self::OcspNoCheck => w.null(),
        }
        Ok(())
    }
}

impl AuthorityKeyIdentifier {
    /// Writes the extension's value; CRLs carry the same one (RFC 5280 5.2.1).
    pub(crate) fn write(&self, w: &mut DerWriter) {
        w.sequence(|w| {
            w.context_primitive(0, &self.key_identifier);
            if let Some((issuer, serial)) = &self.issuer_and_serial {
                w.context(1, |w| w.context(4, |w| w.raw(issuer.as_der())));
                w.context_primitive(2, serial);
            }
        });
    }
}

fn write_policy(w: &mut DerWriter, policy: &PolicyInformation) -> Result<(), Error> {
    let uri = policy.cps_uri.as_deref();
    if uri.is_some_and(|uri| uri.is_empty() || !uri.is_ascii()) {
        return Err(Error::draft("certificatePolicies", "the CPS URI is not a filled IA5String"));
    }
    w.sequence(|w| {
        w.oid(policy.policy);
        if let Some(uri) = uri {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.oid(oid::CPS_QUALIFIER);
                    w.string(tag::IA5_STRING, uri);
                });
            });
        }
    });
    Ok(())
}

fn write_policy_mappings(w: &mut DerWriter, pairs: &[PolicyMapping]) {
    w.sequence(|w| {
        for pair in pairs {
            w.sequence(|w| {
                w.oid(pair.issuer_domain);
                w.oid(pair.subject_domain);
            });
        }
    });
}

fn write_policy_constraints(w: &mut DerWriter, explicit: Option<u64>, inhibit: Option<u64>) {
    w.sequence(|w| {
        for (number, skip) in [(0, explicit), (1, inhibit)] {
            if let Some(skip) = skip {
                w.context_primitive(number, &crate::der_writer::integer_content(skip));
            }
        }
    });
}

fn write_basic_constraints(w: &mut DerWriter, ca: bool, path_length: Option<u64>) {
    w.sequence(|w| {
        // FALSE is the default and so not written (X.690 11.5).
        if ca {
            w.boolean(true);
        }
        if let Some(length) = path_length {
            w.integer(length);
        }
    });
}

/// DistributionPoint with fullName holding one directoryName (RFC 5280 4.2.1.13).
fn write_point(w: &mut DerWriter, point: &Name) {
    w.sequence(|w| write_point_name(w, point));
}

/// `[0] DistributionPointName { [0] fullName { [4] directoryName } }`, shared with the CRL's IDP.
pub(crate) fn write_point_name(w: &mut DerWriter, point: &Name) {
    w.context(0, |w| w.context(0, |w| w.context(4, |w| w.raw(point.as_der()))));
}

fn write_access(w: &mut DerWriter, uri: &str) -> Result<(), Error> {
    w.sequence(|w| {
        w.oid(oid::ACCESS_OCSP);
        GeneralName::Uri(uri.to_owned()).write(w)
    })
}
