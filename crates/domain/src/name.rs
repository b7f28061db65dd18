//! Distinguished names as a policy writes them: ordered, with the string type of every value.

use std::fmt;

/// An attribute type that may stand in a name of ours (X.520, RFC 5280 appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeKind {
    /// countryName, always a PrintableString of two letters.
    Country,
    /// organizationName.
    Organization,
    /// organizationalUnitName.
    OrganizationalUnit,
    /// localityName.
    Locality,
    /// stateOrProvinceName.
    StateOrProvince,
    /// commonName.
    CommonName,
}

impl AttributeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Country,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::Locality,
        Self::StateOrProvince,
        Self::CommonName,
    ];

    /// The keyword of RFC 4514 section 3.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::Locality => "L",
            Self::StateOrProvince => "ST",
            Self::CommonName => "CN",
        }
    }

    /// The kind with this keyword.
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.keyword() == keyword)
    }
}

/// How a value is encoded; policy decides, and nothing re-encodes it later (OpenBao #2861).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StringType {
    /// PrintableString.
    Printable,
    /// UTF8String.
    Utf8,
}

/// One attribute of a name; every relative distinguished name of ours holds exactly one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    /// The attribute type.
    pub kind: AttributeKind,
    /// How the value is encoded.
    pub string_type: StringType,
    /// The value.
    pub value: String,
}

/// A distinguished name in the order of its encoding: country first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistinguishedName(pub Vec<Attribute>);

impl DistinguishedName {
    /// This name with `attributes` added below it.
    pub fn below(&self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        Self(self.0.iter().cloned().chain(attributes).collect())
    }
}

impl Attribute {
    /// An attribute with the string type JPKI uses: PrintableString for the country, else UTF8String.
    pub fn new(kind: AttributeKind, value: impl Into<String>) -> Self {
        let string_type = match kind {
            AttributeKind::Country => StringType::Printable,
            _ => StringType::Utf8,
        };
        Self { kind, string_type, value: value.into() }
    }
}

impl fmt::Display for DistinguishedName {
    /// The string form of RFC 4514: last attribute first, special characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.0.iter().rev().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{}=", attribute.kind.keyword())?;
            write_escaped(f, &attribute.value)?;
        }
        Ok(())
    }
}

/// Escapes a value by RFC 4514 section 2.4.
fn write_escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let at_edge = c == ' ' && (index == 0 || index == last) || c == '#' && index == 0;
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            '\0' => f.write_str("\\00")?,
            _ if at_edge => write!(f, "\\{c}")?,
            _ => write!(f, "{c}")?,
        }
    }
    Ok(())
}
