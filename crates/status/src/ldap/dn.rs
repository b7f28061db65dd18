//! Distinguished names as LDAP writes them (RFC 4514), compared as the directory compares them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use domain::name::DistinguishedName;

use super::dn_parser;
use super::schema;

/// Longest name accepted, in octets: the longest of ours is under 300, even with every octet escaped under 1,000.
pub const MAX_DN_BYTES: usize = 2_048;
/// Most relative names in one name: ours have six.
pub const MAX_RDNS: usize = 32;
/// Most attributes in one relative name: ours have one.
pub const MAX_RDN_ATTRIBUTES: usize = 8;

/// A distinguished name, the most specific relative name first.
///
/// Two names are equal when RFC 4517's `distinguishedNameMatch` says so for attribute types with
/// `caseIgnoreMatch`: types are compared by their short keyword, values without regard to case and
/// with runs of white space counted as one space. Of the NFKC step of RFC 4518 2.3 only what leads to
/// ASCII is applied, full-width forms: the names of this directory are romanised.
#[derive(Debug, Clone, Default)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

/// One relative distinguished name: one attribute, or several joined by `+`.
#[derive(Debug, Clone)]
pub struct Rdn {
    attributes: Vec<NameAttribute>,
    key: Vec<(String, NameValue)>,
}

/// One attribute of a relative name.
#[derive(Debug, Clone)]
pub struct NameAttribute {
    /// The type: a short keyword such as `CN` where it is known, else as received.
    pub kind: String,
    /// The value as received.
    pub value: NameValue,
}

/// A value in a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameValue {
    /// A character string.
    Text(String),
    /// The BER encoding of a value that is not a string (the `#hex` form of RFC 4514 section 2.4).
    Ber(Vec<u8>),
}

/// Why a text is not a distinguished name of RFC 4514.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name: {rule} (at octet {at})")]
pub struct InvalidDn {
    /// The octet at which reading stopped, counted from 0.
    pub at: usize,
    /// The rule that is broken.
    pub rule: &'static str,
}

impl Dn {
    /// The empty name: the root of the tree, and the name of the root DSE.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether this is the empty name.
    pub fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The relative names, most specific first.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// The name one step above, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.rdns.split_first()?;
        Some(Self { rdns: above.to_vec() })
    }

    /// Whether this name is `base` or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        self.rdns.ends_with(&base.rdns)
    }

    /// Whether this name lies exactly one step below `base`.
    pub fn is_child_of(&self, base: &Self) -> bool {
        self.rdns.len() == base.rdns.len() + 1 && self.is_within(base)
    }

    /// A text that is the same for equal names and for no others.
    pub(super) fn comparison_key(&self) -> String {
        format!("{:?}", self.rdns.iter().map(|rdn| &rdn.key).collect::<Vec<_>>())
    }

    pub(super) fn from_rdns(rdns: Vec<Rdn>) -> Self {
        Self { rdns }
    }
}

impl Rdn {
    pub(super) fn new(attributes: Vec<NameAttribute>) -> Self {
        let mut key: Vec<_> = attributes.iter().map(NameAttribute::key).collect();
        // The attributes of a relative name are a set (X.501), so their order must not count.
        key.sort();
        Self { attributes, key }
    }

    /// The attributes in the order received.
    pub fn attributes(&self) -> &[NameAttribute] {
        &self.attributes
    }
}

impl NameAttribute {
    fn key(&self) -> (String, NameValue) {
        let value = match &self.value {
            NameValue::Text(text) => NameValue::Text(fold(text)),
            ber @ NameValue::Ber(_) => ber.clone(),
        };
        (self.kind.to_lowercase(), value)
    }
}

/// Prepares a string for `caseIgnoreMatch`: full-width forms of ASCII as ASCII, lower case, no space at the
/// ends, runs of space as one.
pub(super) fn fold(text: &str) -> String {
    let lower = text.chars().map(narrowed).collect::<String>().to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The ASCII character of which this is the full-width form, as a Japanese keyboard writes it: U+FF01 to
/// U+FF5E stand in the order of ASCII.
fn narrowed(character: char) -> char {
    match character {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    }
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Rdn {}

impl Hash for Rdn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rdns.hash(state);
    }
}

impl FromStr for Dn {
    type Err = InvalidDn;

    fn from_str(text: &str) -> Result<Self, InvalidDn> {
        dn_parser::parse(text)
    }
}

impl From<&DistinguishedName> for Dn {
    /// Turns the order of the encoding (country first) into that of LDAP (most specific first).
    fn from(name: &DistinguishedName) -> Self {
        let rdn = |attribute: &domain::name::Attribute| {
            let value = NameValue::Text(attribute.value.clone());
            Rdn::new(vec![NameAttribute { kind: attribute.kind.keyword().to_owned(), value }])
        };
        Self { rdns: name.0.iter().rev().map(rdn).collect() }
    }
}

impl fmt::Display for Dn {
    /// The string form of RFC 4514, which reads back to an equal name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{rdn}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.attributes.iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            write!(f, "{}={}", attribute.kind, attribute.value)?;
        }
        Ok(())
    }
}

impl fmt::Display for NameValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_escaped(f, text),
            Self::Ber(octets) => {
                f.write_str("#")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

/// Escapes by RFC 4514 section 2.4; spaces and control characters that parsing would trim are escaped too.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, character) in text.char_indices() {
        let edge = at == 0 || at == last;
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{character}")?,
            '#' if at == 0 => f.write_str("\\#")?,
            ' ' if edge => f.write_str("\\ ")?,
            control if control.is_ascii_control() => write!(f, "\\{:02x}", u32::from(control))?,
            other => write!(f, "{other}")?,
        }
    }
    Ok(())
}

/// The short keyword of an attribute type given as keyword, long name or OID; unknown ones as received.
pub(super) fn canonical_kind(kind: &str) -> String {
    let bare = match kind.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("OID.") => &kind[4..],
        _ => kind,
    };
    match schema::attribute_type(bare) {
        Some(known) => {
            known.names.last().map_or_else(|| bare.to_owned(), |n| n.to_ascii_uppercase())
        }
        None => bare.to_owned(),
    }
}
