//! What a kind of certificate looks like: subject, validity, extensions in order.

use super::error::{PolicyError, refuse};
use super::read::{choice, name};
use super::{Clause, ObjectIdentifier, file};
use crate::name::DistinguishedName;

/// The profile of one kind of certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// How the subject is named.
    pub subject: SubjectRule,
    /// How long it lasts.
    pub validity: ValidityRule,
    /// The extensions, in the order of their encoding.
    pub extensions: Vec<Extension>,
    /// Where this is ruled.
    pub clause: Clause,
}

/// How a subject is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectRule {
    /// The CA's own name: self-signed and link certificates.
    Issuer,
    /// `C=JP, CN=` random characters, municipality code, suffix: a resident of the authentication CA.
    RandomAndMunicipality {
        /// How many of `[0-9A-Z]` are drawn.
        random: u8,
        /// What follows the five digits of the municipality.
        suffix: String,
    },
    /// `C=JP, L=` prefecture, `L=` municipality, `CN=` time, sequence, window: a resident of the
    /// signature CA.
    PlaceAndSequence,
    /// A service: this name with the requested common name below it.
    Service {
        /// The name above the common name.
        base: DistinguishedName,
    },
}

/// How long a certificate lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidityRule {
    /// To the `count`th birthday after issue, or the card's expiry if that is earlier (A 6.3.2.2).
    Birthdays {
        /// Which birthday.
        count: u8,
        /// Which birthday when renewed inside the last months.
        renewed_count: u8,
        /// How many calendar months before its end a certificate may be renewed.
        renewal_months: u8,
    },
    /// For so many years, the first day counted in.
    Years {
        /// How many.
        years: u8,
    },
    /// From the making of the old key to the end of the old root (A 7.1(3), S 7-1-4).
    OldWithNew,
    /// From the making of the new key to the end of the old root (A 7.1(3), S 7-1-4).
    NewWithOld,
}

/// One extension of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it holds.
    pub rule: ExtensionRule,
    /// Whether it is critical.
    pub critical: bool,
}

/// What an extension holds, and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionRule {
    /// keyUsage.
    KeyUsage(Vec<KeyUsageBit>),
    /// extKeyUsage, by the purposes' OIDs.
    ExtendedKeyUsage(Vec<ObjectIdentifier>),
    /// certificatePolicies: one policy, with the CPS qualifier if `cps` is set.
    CertificatePolicies {
        /// The policy.
        policy: ObjectIdentifier,
        /// Whether the CPS address goes with it.
        cps: bool,
    },
    /// subjectAltName.
    SubjectAltName(NamesSource),
    /// issuerAltName: the CA's Japanese name.
    IssuerAltName,
    /// basicConstraints with CA:TRUE and no path length.
    BasicConstraintsAuthority,
    /// cRLDistributionPoints.
    CrlDistributionPoints(ListPoint),
    /// authorityInfoAccess with the OCSP address.
    AuthorityInfoAccess,
    /// authorityKeyIdentifier.
    AuthorityKeyIdentifier {
        /// Whether issuer and serial go with the key id.
        issuer_and_serial: bool,
    },
    /// subjectKeyIdentifier: SHA-1 of the public key.
    SubjectKeyIdentifier,
    /// id-pkix-ocsp-nocheck.
    OcspNoCheck,
}

/// A bit of keyUsage (RFC 5280 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUsageBit {
    /// digitalSignature
    DigitalSignature,
    /// nonRepudiation, also called contentCommitment
    NonRepudiation,
    /// keyEncipherment
    KeyEncipherment,
    /// keyCertSign
    KeyCertSign,
    /// cRLSign
    CrlSign,
}

impl KeyUsageBit {
    /// Every bit that a profile may set.
    pub const ALL: [Self; 5] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::KeyCertSign,
        Self::CrlSign,
    ];

    /// The name in RFC 5280.
    pub fn name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::NonRepudiation => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
        }
    }

    /// The bit with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bit| bit.name() == name)
    }
}

/// Where the names of a subjectAltName come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamesSource {
    /// The CA's Japanese name.
    IssuerAlternative,
    /// The resident's four basic attributes and their substitute flags (S 3-1-2).
    BasicAttributes,
    /// The DNS names and addresses of the request.
    Requested,
}

/// Which list a certificate points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListPoint {
    /// The point of the certificate's own partition.
    Partition,
    /// The CA's own name: the ARL in the CA's entry.
    Issuer,
}

pub(super) fn subject(entry: &str, table: file::SubjectTable) -> Result<SubjectRule, PolicyError> {
    Ok(match table {
        file::SubjectTable::Issuer {} => SubjectRule::Issuer,
        file::SubjectTable::PlaceAndSequence {} => SubjectRule::PlaceAndSequence,
        file::SubjectTable::Service { base } => SubjectRule::Service { base: name(entry, &base)? },
        file::SubjectTable::RandomAndMunicipality { random, suffix } => {
            // 12 characters of 36 are 62 bits: two subjects meet by chance in a million years.
            let well_formed =
                suffix.len() <= 8 && suffix.bytes().all(|b| b.is_ascii_alphanumeric());
            if !(12..=32).contains(&random) || !well_formed {
                return refuse(
                    entry,
                    "12 to 32 random characters, a suffix of at most 8 letters and digits",
                );
            }
            SubjectRule::RandomAndMunicipality { random, suffix }
        }
    })
}

pub(super) fn validity(
    entry: &str,
    table: file::ValidityTable,
) -> Result<ValidityRule, PolicyError> {
    match table {
        file::ValidityTable::Years { years } if (1..=10).contains(&years) => {
            Ok(ValidityRule::Years { years })
        }
        file::ValidityTable::OldWithNew {} => Ok(ValidityRule::OldWithNew),
        file::ValidityTable::NewWithOld {} => Ok(ValidityRule::NewWithOld),
        file::ValidityTable::Birthdays { count, renewed_count, renewal_months }
            if (1..=10).contains(&count)
                && (count..=count + 1).contains(&renewed_count)
                && renewal_months <= 12 =>
        {
            Ok(ValidityRule::Birthdays { count, renewed_count, renewal_months })
        }
        _ => refuse(entry, "1 to 10 years or birthdays; a renewal may add one birthday"),
    }
}

pub(super) fn extension(
    entry: &str,
    table: file::ExtensionTable,
) -> Result<Extension, PolicyError> {
    use file::ExtensionTable as Table;
    let (critical, rule) = match table {
        Table::KeyUsage { critical, bits } => (critical, key_usage(entry, &bits)?),
        Table::ExtendedKeyUsage { critical, purposes } => {
            let oids =
                purposes.iter().map(|text| oid(entry, text)).collect::<Result<Vec<_>, _>>()?;
            (critical, ExtensionRule::ExtendedKeyUsage(oids))
        }
        Table::CertificatePolicies { critical, policy, cps } => {
            (critical, ExtensionRule::CertificatePolicies { policy: oid(entry, &policy)?, cps })
        }
        Table::SubjectAltName { critical, names } => (
            critical,
            ExtensionRule::SubjectAltName(choice(entry, &names, NamesSource::from_name)?),
        ),
        Table::IssuerAltName { critical } => (critical, ExtensionRule::IssuerAltName),
        Table::BasicConstraints { critical } => {
            (critical, ExtensionRule::BasicConstraintsAuthority)
        }
        Table::CrlDistributionPoints { critical, point } => (
            critical,
            ExtensionRule::CrlDistributionPoints(choice(entry, &point, ListPoint::from_name)?),
        ),
        Table::AuthorityInfoAccess { critical } => (critical, ExtensionRule::AuthorityInfoAccess),
        Table::AuthorityKeyIdentifier { critical, issuer_and_serial } => {
            (critical, ExtensionRule::AuthorityKeyIdentifier { issuer_and_serial })
        }
        Table::SubjectKeyIdentifier { critical } => (critical, ExtensionRule::SubjectKeyIdentifier),
        Table::OcspNoCheck { critical } => (critical, ExtensionRule::OcspNoCheck),
    };
    Ok(Extension { rule, critical })
}

fn key_usage(entry: &str, bits: &[String]) -> Result<ExtensionRule, PolicyError> {
    let bits = bits
        .iter()
        .map(|bit| choice(entry, bit, KeyUsageBit::from_name))
        .collect::<Result<Vec<_>, _>>()?;
    // RFC 5280 4.2.1.3: at least one bit must be set.
    if bits.is_empty() {
        refuse(entry, "keyUsage sets at least one bit")
    } else {
        Ok(ExtensionRule::KeyUsage(bits))
    }
}

fn oid(entry: &str, text: &str) -> Result<ObjectIdentifier, PolicyError> {
    text.parse().or_else(|rule: &str| refuse(entry, format!("{text:?} is not {rule}")))
}

impl NamesSource {
    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::IssuerAlternative => "issuer-alternative",
            Self::BasicAttributes => "basic-attributes",
            Self::Requested => "requested",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::IssuerAlternative, Self::BasicAttributes, Self::Requested]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

impl ListPoint {
    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Issuer => "issuer",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Partition, Self::Issuer].into_iter().find(|p| p.name() == name)
    }
}
