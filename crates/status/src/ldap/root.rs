//! The entries the server itself provides: the root DSE and the subschema (RFC 4512 sections 4.2 and 5.1).

use super::directory::{Attribute, Entry};
use super::dn::Dn;
use super::paging::PAGED_RESULTS;
use super::schema;

/// OID of StartTLS (RFC 4511 section 4.14).
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// OID of Who am I? (RFC 4532).
pub(super) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
/// The name of the subschema entry.
const SUBSCHEMA: &str = "cn=Subschema";
/// All operational attributes by `+` (RFC 3673), and filters that are always true or false (RFC 4526).
const FEATURES: [&str; 2] = ["1.3.6.1.4.1.4203.1.5.1", "1.3.6.1.4.1.4203.1.5.3"];

/// The root DSE: what this server can do.
pub(super) fn root_dse(contexts: &[Dn], start_tls: bool) -> Entry {
    let contexts: Vec<String> = contexts.iter().map(Dn::to_string).collect();
    let extensions = [WHO_AM_I].into_iter().chain(start_tls.then_some(START_TLS));
    entry(
        Dn::root(),
        vec![
            Attribute::text("objectClass", ["top"]),
            definitions("namingContexts", contexts),
            Attribute::text("subschemaSubentry", [SUBSCHEMA]),
            Attribute::text("supportedLDAPVersion", ["3"]),
            Attribute::text("supportedControl", [PAGED_RESULTS]),
            Attribute::text("supportedExtension", extensions),
            Attribute::text("supportedFeatures", FEATURES),
            Attribute::text("vendorName", ["jitsuin"]),
            Attribute::text("vendorVersion", [env!("CARGO_PKG_VERSION")]),
        ],
    )
}

/// The subschema entry, if `dn` is its name.
pub(super) fn subschema(dn: &Dn) -> Option<Entry> {
    if SUBSCHEMA.parse::<Dn>().as_ref() != Ok(dn) {
        return None;
    }
    let attribute_types = schema::ATTRIBUTE_TYPES.iter().map(|t| t.definition()).collect();
    let object_classes = schema::OBJECT_CLASSES.iter().map(|c| c.definition()).collect();
    let syntaxes =
        schema::SYNTAXES.iter().map(|(oid, name)| format!("( {oid} DESC '{name}' )")).collect();
    let rules = schema::MATCHING_RULES.iter();
    let rules = rules
        .map(|(oid, name, syntax)| format!("( {oid} NAME '{name}' SYNTAX {syntax} )"))
        .collect();
    let mut entry = entry(
        dn.clone(),
        vec![
            Attribute::text("objectClass", ["top", "subentry", "subschema"]),
            Attribute::text("cn", ["Subschema"]),
            definitions("attributeTypes", attribute_types),
            definitions("objectClasses", object_classes),
            definitions("ldapSyntaxes", syntaxes),
            definitions("matchingRules", rules),
        ],
    );
    add_operational(&mut entry);
    Some(entry)
}

/// Adds what every entry has: its own name as a value, and where its schema stands.
pub(super) fn add_operational(entry: &mut Entry) {
    let name = entry.dn.to_string();
    entry.attributes.extend(Attribute::text("entryDN", [name.as_str()]));
    entry.attributes.extend(Attribute::text("subschemaSubentry", [SUBSCHEMA]));
}

fn entry(dn: Dn, attributes: Vec<Option<Attribute>>) -> Entry {
    Entry { dn, attributes: attributes.into_iter().flatten().collect(), withheld: Vec::new() }
}

fn definitions(name: &str, values: Vec<String>) -> Option<Attribute> {
    // An attribute has at least one value (RFC 4512 section 2.2), so an empty tree names no context.
    let values = (!values.is_empty()).then_some(values)?;
    Attribute::text(name, values.iter().map(String::as_str))
}
