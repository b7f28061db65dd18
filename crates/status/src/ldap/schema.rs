//! The schema this directory serves: attribute types, object classes, syntaxes and matching rules, as data.

mod definitions;

pub(super) use definitions::{ATTRIBUTE_TYPES, MATCHING_RULES, OBJECT_CLASSES, SYNTAXES};

/// An attribute type (RFC 4512 section 4.1.2).
#[derive(Debug, PartialEq, Eq)]
pub struct AttributeType {
    /// The object identifier.
    pub oid: &'static str,
    /// The names, the one that names in this directory use last.
    pub names: &'static [&'static str],
    /// The supertype, whose syntax and rules are shared.
    pub supertype: Option<&'static str>,
    /// How values are compared.
    pub matching: Matching,
    /// The OID of the syntax.
    pub syntax: &'static str,
    /// Whether an entry holds at most one value.
    pub single_value: bool,
    /// Whether it is operational, and so only returned when asked for by name or `+`.
    pub operational: bool,
}

/// How values of an attribute are compared (RFC 4517 section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// caseIgnoreMatch and caseIgnoreSubstringsMatch.
    CaseIgnore,
    /// objectIdentifierMatch.
    ObjectIdentifier,
    /// distinguishedNameMatch.
    DistinguishedName,
    /// generalizedTimeMatch and generalizedTimeOrderingMatch.
    GeneralizedTime,
    /// integerMatch.
    Integer,
    /// No rule this server knows: certificates, lists and pairs would need the exact-match rules of
    /// RFC 4523, so that assertions about them are Undefined and never load a value.
    None,
}

/// An object class (RFC 4512 section 4.1.1).
#[derive(Debug)]
pub(super) struct ObjectClass {
    /// The object identifier.
    pub(super) oid: &'static str,
    /// The name.
    pub(super) name: &'static str,
    /// The superclass.
    pub(super) superclass: Option<&'static str>,
    /// `ABSTRACT`, `STRUCTURAL` or `AUXILIARY`.
    pub(super) kind: &'static str,
    /// Attributes an entry must hold.
    pub(super) must: &'static [&'static str],
    /// Attributes an entry may hold.
    pub(super) may: &'static [&'static str],
}

/// The attribute type with this name or OID, without regard to case.
pub(super) fn attribute_type(name: &str) -> Option<&'static AttributeType> {
    ATTRIBUTE_TYPES
        .iter()
        .find(|t| t.oid == name || t.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
}

/// The object class with this name or OID, without regard to case.
pub(super) fn object_class(name: &str) -> Option<&'static ObjectClass> {
    OBJECT_CLASSES.iter().find(|c| c.oid == name || c.name.eq_ignore_ascii_case(name))
}

impl AttributeType {
    /// Whether this type is `other` or a subtype of it.
    pub fn is_kind_of(&self, other: &Self) -> bool {
        self.oid == other.oid
            || self.supertype.and_then(attribute_type).is_some_and(|t| t.is_kind_of(other))
    }

    /// The AttributeTypeDescription of RFC 4512 section 4.1.2.
    pub fn definition(&self) -> String {
        let mut text = format!("( {} NAME {}", self.oid, quoted_names(self.names));
        match self.supertype {
            Some(supertype) => text += &format!(" SUP {supertype}"),
            None => text += self.matching.clauses(),
        }
        if self.supertype.is_none() || self.syntax != definitions::DIRECTORY_STRING {
            text += &format!(" SYNTAX {}", self.syntax);
        }
        if self.single_value {
            text += " SINGLE-VALUE";
        }
        if self.operational {
            text += " NO-USER-MODIFICATION USAGE directoryOperation";
        }
        text + " )"
    }
}

impl Matching {
    fn clauses(self) -> &'static str {
        match self {
            Self::CaseIgnore => " EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch",
            Self::ObjectIdentifier => " EQUALITY objectIdentifierMatch",
            Self::DistinguishedName => " EQUALITY distinguishedNameMatch",
            Self::GeneralizedTime => {
                " EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch"
            }
            Self::Integer => " EQUALITY integerMatch",
            Self::None => "",
        }
    }
}

impl ObjectClass {
    /// The ObjectClassDescription of RFC 4512 section 4.1.1.
    pub(super) fn definition(&self) -> String {
        let mut text = format!("( {} NAME '{}'", self.oid, self.name);
        if let Some(superclass) = self.superclass {
            text += &format!(" SUP {superclass}");
        }
        text += &format!(" {}", self.kind);
        for (word, attributes) in [("MUST", self.must), ("MAY", self.may)] {
            if !attributes.is_empty() {
                text += &format!(" {word} ( {} )", attributes.join(" $ "));
            }
        }
        text + " )"
    }
}

fn quoted_names(names: &[&str]) -> String {
    match names {
        [one] => format!("'{one}'"),
        // Definitions show the name that programs look for first.
        several => {
            format!("( '{}' )", several.iter().rev().copied().collect::<Vec<_>>().join("' '"))
        }
    }
}
