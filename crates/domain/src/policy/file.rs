//! A policy as it is read from TOML: texts and numbers, nothing checked yet but the shape.

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub policy: Header,
    pub cps: CpsTable,
    pub issuer: IssuerTable,
    pub keys: KeysTable,
    pub custodians: CustodiansTable,
    pub applications: ApplicationsTable,
    #[serde(default)]
    pub identity: Vec<IdentityTable>,
    pub hold: Option<HoldTable>,
    pub revocation: Vec<RevocationTable>,
    pub lists: ListsTable,
    pub ocsp: OcspTable,
    pub profile: Vec<ProfileTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub ca: String,
    pub title: String,
    pub effective_from: String,
    pub test: bool,
    pub prefecture: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CpsTable {
    pub title: String,
    pub uri: String,
    #[serde(default)]
    pub laws: Vec<LawTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LawTable {
    pub title: String,
    pub uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    pub name: Vec<String>,
    pub alternative_name: Vec<String>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysTable {
    pub ca: KeyTable,
    pub signature: String,
    pub user: Option<UserKeyTable>,
    pub other: KeyTable,
    pub ca_renewal_years: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyTable {
    pub algorithm: String,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserKeyTable {
    pub algorithm: String,
    #[serde(default)]
    pub instead: Vec<String>,
    pub made_by: String,
    pub pool: Option<u16>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustodiansTable {
    pub threshold: u8,
    pub number: u8,
    pub window_minutes: u16,
    pub active_hours: u16,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationsTable {
    pub kinds: Vec<String>,
    pub second_approval: bool,
    pub undelivered: String,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityTable {
    pub applicant: String,
    pub evidence: Vec<String>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldTable {
    pub requested_by: Vec<String>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationTable {
    pub subjects: String,
    pub cause: String,
    pub reason: u8,
    pub requested_by: Vec<String>,
    #[serde(default)]
    pub second_approval: bool,
    #[serde(default)]
    pub online: bool,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListsTable {
    pub validity_hours: u16,
    pub period_hours: u16,
    pub base: Vec<String>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OcspTable {
    pub uri: String,
    pub verifiers_only: bool,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileTable {
    pub kind: String,
    pub subject: SubjectTable,
    pub validity: ValidityTable,
    pub extensions: Vec<ExtensionTable>,
    pub clause: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum SubjectTable {
    Issuer {},
    RandomAndMunicipality { random: u8, suffix: String },
    PlaceAndSequence {},
    Service { base: Vec<String> },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum ValidityTable {
    Birthdays { count: u8, renewed_count: u8, renewal_months: u8 },
    Years { years: u8 },
    OldWithNew {},
    NewWithOld {},
}

/// An extension, tagged by its name in RFC 5280 and RFC 6960.
#[derive(Debug, Deserialize)]
#[serde(tag = "id", deny_unknown_fields)]
pub(super) enum ExtensionTable {
    #[serde(rename = "keyUsage")]
    KeyUsage { critical: bool, bits: Vec<String> },
    #[serde(rename = "extKeyUsage")]
    ExtendedKeyUsage { critical: bool, purposes: Vec<String> },
    #[serde(rename = "certificatePolicies")]
    CertificatePolicies { critical: bool, policy: String, cps: bool },
    #[serde(rename = "subjectAltName")]
    SubjectAltName { critical: bool, names: String },
    #[serde(rename = "issuerAltName")]
    IssuerAltName { critical: bool },
    #[serde(rename = "basicConstraints")]
    BasicConstraints { critical: bool },
    #[serde(rename = "cRLDistributionPoints")]
    CrlDistributionPoints { critical: bool, point: String },
    #[serde(rename = "authorityInfoAccess")]
    AuthorityInfoAccess { critical: bool },
    #[serde(rename = "authorityKeyIdentifier")]
    AuthorityKeyIdentifier { critical: bool, issuer_and_serial: bool },
    #[serde(rename = "subjectKeyIdentifier")]
    SubjectKeyIdentifier { critical: bool },
    #[serde(rename = "ocsp-nocheck")]
    OcspNoCheck { critical: bool },
}
