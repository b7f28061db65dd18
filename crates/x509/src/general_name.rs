//! GeneralName, the names of alternative names and distribution points (RFC 5280 4.2.1.6).

use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use der::{Tag, Tagged};

use crate::der_reader::{Fields, single};
use crate::der_writer::{DerWriter, tag};
use crate::error::Error;
use crate::name::Name;

/// A general name of the kinds this system writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// otherName with a UTF8String value, as JPKI carries the basic attributes.
    OtherName {
        /// What the value means.
        oid: ObjectIdentifier,
        /// The value.
        value: String,
    },
    /// rfc822Name.
    Rfc822(String),
    /// dNSName, ASCII (A-labels).
    Dns(String),
    /// directoryName.
    DirectoryName(Name),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress.
    IpAddress(IpAddr),
    /// A kind we only read: its tag number and content octets.
    Other {
        /// The context tag's number.
        number: u8,
        /// The content octets.
        content: Vec<u8>,
    },
}

impl GeneralName {
    /// Writes this name.
    ///
    /// # Errors
    /// [`Error::Draft`] if an IA5String holds other characters or nothing.
    pub(crate) fn write(&self, w: &mut DerWriter) -> Result<(), Error> {
        match self {
            Self::OtherName { oid, value } => w.context(0, |w| {
                w.oid(*oid);
                // The value is EXPLICIT [0] (RFC 5280 4.2.1.6: AnotherName).
                w.context(0, |w| w.string(tag::UTF8_STRING, value));
            }),
            Self::Rfc822(text) => w.context_primitive(1, ia5("rfc822Name", text)?),
            Self::Dns(text) => w.context_primitive(2, ia5("dNSName", text)?),
            // Name is a CHOICE, so its tag is explicit even here (X.680 31.2.7).
            Self::DirectoryName(name) => w.context(4, |w| w.raw(name.as_der())),
            Self::Uri(text) => {
                w.context_primitive(6, ia5("uniformResourceIdentifier", text)?);
            }
            Self::IpAddress(IpAddr::V4(address)) => w.context_primitive(7, &address.octets()),
            Self::IpAddress(IpAddr::V6(address)) => w.context_primitive(7, &address.octets()),
            Self::Other { .. } => {
                return Err(Error::draft("general name", "a kind that is only read"));
            }
        }
        Ok(())
    }

    /// Reads one general name from its whole element.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Error> {
        const WHAT: &str = "general name";
        let element = single(WHAT, der)?;
        let Tag::ContextSpecific { constructed, number } = element.tag() else {
            return Err(Error::malformed(WHAT, "no context tag"));
        };
        let content = element.value();
        match (number.value(), constructed) {
            (0, true) => parse_other_name(content),
            (1, false) => Ok(Self::Rfc822(read_ia5(content)?)),
            (2, false) => Ok(Self::Dns(read_ia5(content)?)),
            (4, true) => Name::parse(content).map(Self::DirectoryName),
            (6, false) => Ok(Self::Uri(read_ia5(content)?)),
            (7, false) => read_address(content),
            (number, _) => Ok(Self::Other { number: number as u8, content: content.to_vec() }),
        }
    }
}

/// Writes names one after the other, without the SEQUENCE around them.
pub(crate) fn write_all(w: &mut DerWriter, names: &[GeneralName]) -> Result<(), Error> {
    names.iter().try_for_each(|name| name.write(w))
}

/// Reads names one after the other, at most `limit` of them.
pub(crate) fn parse_all(content: &[u8], limit: usize) -> Result<Vec<GeneralName>, Error> {
    let mut fields = Fields::of_content("general names", content)?;
    let mut names = Vec::new();
    while !fields.is_finished() {
        if names.len() == limit {
            return Err(Error::TooLarge { what: "general names", length: limit + 1, limit });
        }
        names.push(GeneralName::parse(fields.raw()?)?);
    }
    Ok(names)
}

fn parse_other_name(content: &[u8]) -> Result<GeneralName, Error> {
    let mut fields = Fields::of_content("otherName", content)?;
    let oid = fields.oid()?;
    let wrapped = fields.any()?;
    fields.finish()?;
    let value = match single("otherName", wrapped.value()) {
        Ok(value) if value.tag() == Tag::Utf8String => std::str::from_utf8(value.value()).ok(),
        _ => None,
    };
    match value {
        Some(value) => Ok(GeneralName::OtherName { oid, value: value.to_owned() }),
        None => Ok(GeneralName::Other { number: 0, content: content.to_vec() }),
    }
}

fn read_ia5(content: &[u8]) -> Result<String, Error> {
    match std::str::from_utf8(content) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Error::malformed("general name", "an IA5String with other characters")),
    }
}

fn read_address(content: &[u8]) -> Result<GeneralName, Error> {
    if let Ok(octets) = <[u8; 4]>::try_from(content) {
        return Ok(GeneralName::IpAddress(octets.into()));
    }
    match <[u8; 16]>::try_from(content) {
        Ok(octets) => Ok(GeneralName::IpAddress(octets.into())),
        Err(_) => Err(Error::malformed("iPAddress", "neither 4 nor 16 octets")),
    }
}

fn ia5<'a>(what: &'static str, text: &'a str) -> Result<&'a [u8], Error> {
    if text.is_empty() || !text.is_ascii() {
        return Err(Error::draft(what, format!("{text:?} is not a filled IA5String")));
    }
    Ok(text.as_bytes())
}
