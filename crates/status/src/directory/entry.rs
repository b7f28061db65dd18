//! The attributes that an entry has by its place and kind alone (RFC 4512, RFC 4519, RFC 4523).

use jiff::Timestamp;

use super::tree::Holds;
use crate::ldap::{Attribute, AttributeDescription, Dn, NameValue, Values};

/// Object classes, and the attributes of the relative name.
pub(super) fn named_attributes(dn: &Dn, holds: &Holds) -> Vec<Attribute> {
    let classes = match holds {
        Holds::Nothing => vec!["top", structural_class(dn)],
        Holds::Authority(_) => vec!["top", structural_class(dn), "pkiCA"],
        Holds::Lists => vec!["top", "cRLDistributionPoint"],
    };
    let named = dn.rdns().first().into_iter().flat_map(|rdn| rdn.attributes());
    let named = named.filter_map(|attribute| match &attribute.value {
        NameValue::Text(text) => Attribute::text(&attribute.kind.to_lowercase(), [text.as_str()]),
        NameValue::Ber(_) => None,
    });
    Attribute::text("objectClass", classes).into_iter().chain(named).collect()
}

/// An attribute, unless it would have no value.
pub(super) fn described(description: &str, values: Values) -> Option<Attribute> {
    if matches!(&values, Values::Here(values) if values.is_empty()) {
        return None;
    }
    Some(Attribute { description: AttributeDescription::parse(description)?, values })
}

/// When the entry last changed.
pub(super) fn modify_timestamp(at: Timestamp) -> Option<Attribute> {
    let time = at.strftime("%Y%m%d%H%M%SZ").to_string();
    Attribute::text("modifyTimestamp", [time.as_str()])
}

/// What only verifiers read of a distribution point of user certificates.
pub(super) fn withheld_lists() -> Vec<AttributeDescription> {
    AttributeDescription::parse("certificateRevocationList").into_iter().collect()
}

/// The class of an entry by the type of its name (RFC 4519 3).
fn structural_class(dn: &Dn) -> &'static str {
    let kind = dn.rdns().first().and_then(|rdn| rdn.attributes().first());
    match kind.map(|attribute| attribute.kind.as_str()) {
        Some("C") => "country",
        Some("O") => "organization",
        Some("OU") => "organizationalUnit",
        Some("L" | "ST") => "locality",
        _ => "organizationalRole",
    }
}
