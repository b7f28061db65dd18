//! Distinguished names on the wire: written once, kept as received, compared by RFC 5280 7.1.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::{AnyRef, Tag, Tagged};
use domain::name::{AttributeKind, DistinguishedName, StringType};

use crate::der_reader::{Fields, bounded};
use crate::der_writer::{DerWriter, tag};
use crate::error::Error;
use crate::oid;

// The longest name JPKI uses is under 400 octets; 8 KiB leave room for any foreign one.
const MAX_NAME_LENGTH: usize = 8 << 10;
// A JPKI name has at most six attributes; nobody's directory is 64 levels deep.
const MAX_ATTRIBUTES: usize = 64;

/// A DER Name with its octets exactly as written or received.
///
/// `==` compares octets; [`Name::matches`] compares as RFC 5280 7.1 asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
    attributes: Vec<Vec<ReceivedAttribute>>,
}

/// One attribute as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ReceivedAttribute {
    kind: ObjectIdentifier,
    tag: u8,
    value: Vec<u8>,
}

impl Name {
    /// Writes `name` with the string types it states.
    ///
    /// # Errors
    /// [`Error::Draft`] for an empty value, one over its upper bound (RFC 5280 appendix A.1), or
    /// one outside its string type's repertoire.
    pub fn write(name: &DistinguishedName) -> Result<Self, Error> {
        let mut writer = DerWriter::with_capacity(256);
        writer.sequence(|w| name.0.iter().try_for_each(|a| write_attribute(w, a)))?;
        Self::parse(&writer.into_bytes())
    }

    /// Reads a DER Name, and keeps its octets.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        bounded("name", der, MAX_NAME_LENGTH)?;
        let mut fields = Fields::of_sequence("name", der)?;
        let mut attributes = Vec::new();
        while !fields.is_finished() {
            if attributes.len() == MAX_ATTRIBUTES {
                let length = attributes.len() + 1;
                return Err(Error::TooLarge { what: "name", length, limit: MAX_ATTRIBUTES });
            }
            attributes.push(read_relative_name(fields.content(Tag::Set)?)?);
        }
        Ok(Self { der: der.to_vec(), attributes })
    }

    /// The octets.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the name has no attribute.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Whether both names are the same by RFC 5280 7.1.
    ///
    /// PrintableString and UTF8String values compare without regard to type, letter case and
    /// repeated, leading or trailing spaces; every other type by its octets.
    pub fn matches(&self, other: &Self) -> bool {
        self.attributes.len() == other.attributes.len()
            && self
                .attributes
                .iter()
                .zip(&other.attributes)
                .all(|(a, b)| relative_names_match(a, b))
    }
}

impl fmt::Display for Name {
    /// The string form of RFC 4514: last attribute first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, relative) in self.attributes.iter().rev().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let text = relative.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
            write!(f, "{separator}{text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ReceivedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = kind_of(self.kind);
        match (kind, self.text()) {
            (Some(kind), Some(text)) => {
                write!(f, "{}={}", kind.keyword(), escape(text))
            }
            // A type or a value of an unknown kind is shown as its octets (RFC 4514 2.3, 2.4).
            _ => {
                match kind {
                    Some(kind) => write!(f, "{}=#", kind.keyword())?,
                    None => write!(f, "{}=#", self.kind)?,
                }
                let mut writer = DerWriter::new();
                writer.element(self.tag, &self.value);
                writer.into_bytes().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

impl ReceivedAttribute {
    /// The value if it is of one of the two string types RFC 5280 has us compare as text.
    fn text(&self) -> Option<&str> {
        match self.tag {
            tag::PRINTABLE_STRING | tag::UTF8_STRING => std::str::from_utf8(&self.value).ok(),
            _ => None,
        }
    }

    fn matches(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match (self.text(), other.text()) {
                (Some(a), Some(b)) => a == b || fold(a) == fold(b),
                _ => self.tag == other.tag && self.value == other.value,
            }
    }
}

/// The object identifier of an attribute type.
pub fn oid_of(kind: AttributeKind) -> ObjectIdentifier {
    match kind {
        AttributeKind::Country => oid::COUNTRY,
        AttributeKind::Organization => oid::ORGANIZATION,
        AttributeKind::OrganizationalUnit => oid::ORGANIZATIONAL_UNIT,
        AttributeKind::Locality => oid::LOCALITY,
        AttributeKind::StateOrProvince => oid::STATE_OR_PROVINCE,
        AttributeKind::CommonName => oid::COMMON_NAME,
    }
}

fn kind_of(oid: ObjectIdentifier) -> Option<AttributeKind> {
    AttributeKind::ALL.into_iter().find(|kind| oid_of(*kind) == oid)
}

fn write_attribute(w: &mut DerWriter, attribute: &domain::name::Attribute) -> Result<(), Error> {
    check_value(attribute)?;
    let string_tag = match attribute.string_type {
        StringType::Printable => tag::PRINTABLE_STRING,
        StringType::Utf8 => tag::UTF8_STRING,
    };
    w.set(|w| {
        w.sequence(|w| {
            w.oid(oid_of(attribute.kind));
            w.string(string_tag, &attribute.value);
        });
    });
    Ok(())
}

/// Checks repertoire and upper bound (RFC 5280 appendix A.1: ub-common-name and its kin).
fn check_value(attribute: &domain::name::Attribute) -> Result<(), Error> {
    let keyword = attribute.kind.keyword();
    let refuse = |rule: String| Err(Error::draft("name", format!("{keyword}: {rule}")));
    let limit = match attribute.kind {
        AttributeKind::Country => 2,
        AttributeKind::Locality | AttributeKind::StateOrProvince => 128,
        _ => 64,
    };
    let length = attribute.value.chars().count();
    if length == 0 || length > limit {
        return refuse(format!("{length} characters where 1 to {limit} are allowed"));
    }
    let printable = attribute.value.bytes().all(is_printable);
    match (attribute.kind, attribute.string_type) {
        (AttributeKind::Country, StringType::Utf8) => refuse("must be a PrintableString".into()),
        (_, StringType::Printable) if !printable => {
            refuse(format!("{:?} is not a PrintableString", attribute.value))
        }
        _ => Ok(()),
    }
}

/// Whether PrintableString has this character (X.680 41.4).
fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet)
}

fn read_relative_name(content: &[u8]) -> Result<Vec<ReceivedAttribute>, Error> {
    let mut fields = Fields::of_content("name", content)?;
    let mut attributes = Vec::new();
    while !fields.is_finished() {
        let mut pair = Fields::of_content("name", fields.content(Tag::Sequence)?)?;
        let kind = pair.oid()?;
        attributes.push(read_value(kind, pair.any()?)?);
        pair.finish()?;
    }
    if attributes.is_empty() {
        return Err(Error::malformed("name", "a relative name without attribute"));
    }
    Ok(attributes)
}

fn read_value(kind: ObjectIdentifier, value: AnyRef<'_>) -> Result<ReceivedAttribute, Error> {
    let octets = value.value();
    let well_formed = match value.tag() {
        Tag::PrintableString => octets.iter().all(u8::is_ascii),
        Tag::Utf8String => std::str::from_utf8(octets).is_ok(),
        _ => true,
    };
    if !well_formed {
        return Err(Error::malformed("name", "characters that its string type does not have"));
    }
    Ok(ReceivedAttribute { kind, tag: value.tag().number().value() as u8, value: octets.to_vec() })
}

/// Sets are compared without order; more than one attribute in one is rare, so this may be slow.
fn relative_names_match(a: &[ReceivedAttribute], b: &[ReceivedAttribute]) -> bool {
    a.len() == b.len()
        && a.iter().all(|x| b.iter().any(|y| x.matches(y)))
        && b.iter().all(|y| a.iter().any(|x| x.matches(y)))
}

/// Case folded and spaces squeezed (RFC 5280 7.1, RFC 4518 as far as it asks for these).
fn fold(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Escapes a value by RFC 4514 section 2.4, as `domain` does for its own names.
fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        let at_edge =
            character == ' ' && (index == 0 || index == last) || character == '#' && index == 0;
        match character {
            '\0' => escaped.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend(['\\', character]),
            _ if at_edge => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::name::Attribute;

    use super::*;

    fn name(attributes: Vec<Attribute>) -> Name {
        Name::write(&DistinguishedName(attributes)).expect("a name")
    }

    fn organisation(string_type: StringType, value: &str) -> Name {
        let kind = AttributeKind::Organization;
        name(vec![Attribute { kind, string_type, value: value.into() }])
    }

    #[test]
    fn p3_a_name_shows_as_the_domain_shows_it() {
        let dn = DistinguishedName(vec![
            Attribute::new(AttributeKind::Country, "JP"),
            Attribute::new(AttributeKind::Organization, "公的個人認証サービス"),
            Attribute::new(AttributeKind::CommonName, " a,b+c\\#d "),
        ]);
        assert_eq!(Name::write(&dn).expect("a name").to_string(), dn.to_string());
    }

    #[test]
    fn names_match_across_case_space_and_string_type() {
        let a = organisation(StringType::Utf8, "JPKI for user  authentication");
        let b = organisation(StringType::Printable, " jpki FOR user authentication ");
        assert!(a.matches(&b) && b.matches(&a));
        assert_ne!(a, b);
        assert!(!a.matches(&organisation(StringType::Utf8, "JPKI for digital signature")));
    }

    #[test]
    fn values_outside_their_type_are_refused() {
        let refused = |kind, string_type, value: &str| {
            let attribute = Attribute { kind, string_type, value: value.into() };
            assert!(Name::write(&DistinguishedName(vec![attribute])).is_err(), "{value}");
        };
        refused(AttributeKind::Country, StringType::Utf8, "JP");
        refused(AttributeKind::Country, StringType::Printable, "JPN");
        refused(AttributeKind::CommonName, StringType::Printable, "a_b");
        refused(AttributeKind::CommonName, StringType::Utf8, "");
        refused(AttributeKind::CommonName, StringType::Utf8, &"あ".repeat(65));
    }

    #[test]
    fn an_unknown_type_is_shown_as_octets() {
        // emailAddress, an IA5String.
        let mut w = DerWriter::new();
        w.sequence(|w| {
            w.set(|w| {
                w.sequence(|w| {
                    w.oid(ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"));
                    w.string(tag::IA5_STRING, "a@b");
                });
            });
        });
        let name = Name::parse(&w.into_bytes()).expect("a name");
        assert_eq!(name.to_string(), "1.2.840.113549.1.9.1=#1603614062");
    }
}
