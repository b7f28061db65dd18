//! Attribute descriptions: a type and its options, such as `certificateRevocationList;binary` (RFC 4512 section 2.5).

use std::fmt;

use super::schema::{self, AttributeType};

/// Longest attribute description accepted, in octets: the longest of ours has 33.
pub const MAX_DESCRIPTION_BYTES: usize = 256;

/// An attribute type with its options.
#[derive(Debug, Clone)]
pub struct AttributeDescription {
    text: String,
    attribute_type: Option<&'static AttributeType>,
    /// Lower case and sorted, since options form a set.
    options: Vec<String>,
}

impl AttributeDescription {
    /// Reads a description, or `None` when the text breaks the grammar of RFC 4512 section 2.5.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_DESCRIPTION_BYTES {
            return None;
        }
        let mut parts = text.split(';');
        let base = parts.next()?;
        let options: Option<Vec<String>> =
            parts.map(|option| is_option(option).then(|| option.to_lowercase())).collect();
        let mut options = options?;
        options.sort();
        options.dedup();
        let well_formed =
            is_option(base) || base.split('.').all(|arc| !arc.is_empty() && is_digits(arc));
        well_formed.then(|| Self {
            text: text.to_owned(),
            attribute_type: schema::attribute_type(base),
            options,
        })
    }

    /// The attribute type, when the schema has it.
    pub fn attribute_type(&self) -> Option<&'static AttributeType> {
        self.attribute_type
    }

    /// Whether a reader who asks for `asked` gets this attribute: the same type or a subtype, with at
    /// least the options asked for. So `cACertificate` also brings `cACertificate;binary`.
    pub fn is_asked_by(&self, asked: &Self) -> bool {
        let (Some(own), Some(wanted)) = (self.attribute_type, asked.attribute_type) else {
            return false;
        };
        own.is_kind_of(wanted) && asked.options.iter().all(|option| self.options.contains(option))
    }

    /// Whether both are of the same attribute type, whatever their options.
    pub fn same_type(&self, other: &Self) -> bool {
        match (self.attribute_type, other.attribute_type) {
            (Some(own), Some(theirs)) => own.oid == theirs.oid,
            _ => false,
        }
    }
}

impl PartialEq for AttributeDescription {
    fn eq(&self, other: &Self) -> bool {
        match (self.attribute_type, other.attribute_type) {
            (Some(own), Some(theirs)) => own.oid == theirs.oid && self.options == other.options,
            _ => self.text.eq_ignore_ascii_case(&other.text),
        }
    }
}

impl Eq for AttributeDescription {}

impl fmt::Display for AttributeDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_digit())
}

fn is_option(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}
