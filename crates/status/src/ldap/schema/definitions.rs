//! The tables of RFC 4512, 4519, 4523 and 3045 entries that this directory uses.

use super::Matching::{
    self, CaseIgnore, DistinguishedName, GeneralizedTime, Integer, ObjectIdentifier,
};
use super::{AttributeType, ObjectClass};

/// Directory String.
pub(super) const DIRECTORY_STRING: &str = "1.3.6.1.4.1.1466.115.121.1.15";
const COUNTRY_STRING: &str = "1.3.6.1.4.1.1466.115.121.1.11";
const OID_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.38";
const DN_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.12";
const TIME_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.24";
const INTEGER_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.27";
const CERTIFICATE: &str = "1.3.6.1.4.1.1466.115.121.1.8";
const CERTIFICATE_LIST: &str = "1.3.6.1.4.1.1466.115.121.1.9";
const CERTIFICATE_PAIR: &str = "1.3.6.1.4.1.1466.115.121.1.10";
const ATTRIBUTE_TYPE_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.3";
const OBJECT_CLASS_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.37";
const MATCHING_RULE_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.30";
const SYNTAX_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.54";

/// Every syntax used, with its name (RFC 4517 section 3.3, RFC 4523 section 2).
pub(in super::super) const SYNTAXES: &[(&str, &str)] = &[
    (ATTRIBUTE_TYPE_SYNTAX, "Attribute Type Description"),
    (CERTIFICATE, "X.509 Certificate"),
    (CERTIFICATE_LIST, "X.509 Certificate List"),
    (CERTIFICATE_PAIR, "X.509 Certificate Pair"),
    (COUNTRY_STRING, "Country String"),
    (DN_SYNTAX, "DN"),
    (DIRECTORY_STRING, "Directory String"),
    (TIME_SYNTAX, "Generalized Time"),
    (INTEGER_SYNTAX, "INTEGER"),
    (MATCHING_RULE_SYNTAX, "Matching Rule Description"),
    (OBJECT_CLASS_SYNTAX, "Object Class Description"),
    (OID_SYNTAX, "OID"),
    (SYNTAX_SYNTAX, "LDAP Syntax Description"),
];

/// Every matching rule used: OID, name, syntax of the assertion (RFC 4517 section 4.2).
pub(in super::super) const MATCHING_RULES: &[(&str, &str, &str)] = &[
    ("2.5.13.0", "objectIdentifierMatch", OID_SYNTAX),
    ("2.5.13.1", "distinguishedNameMatch", DN_SYNTAX),
    ("2.5.13.2", "caseIgnoreMatch", DIRECTORY_STRING),
    ("2.5.13.4", "caseIgnoreSubstringsMatch", "1.3.6.1.4.1.1466.115.121.1.58"),
    ("2.5.13.14", "integerMatch", INTEGER_SYNTAX),
    ("2.5.13.27", "generalizedTimeMatch", TIME_SYNTAX),
    ("2.5.13.28", "generalizedTimeOrderingMatch", TIME_SYNTAX),
];

/// Every attribute type (RFC 4512, 4519, 4523, 5020, 3045).
pub(in super::super) const ATTRIBUTE_TYPES: &[AttributeType] = &[
    user("2.5.4.0", &["objectClass"], ObjectIdentifier, OID_SYNTAX),
    user("2.5.4.41", &["name"], CaseIgnore, DIRECTORY_STRING),
    AttributeType {
        single_value: true,
        syntax: COUNTRY_STRING,
        ..naming("2.5.4.6", &["countryName", "c"])
    },
    naming("2.5.4.10", &["organizationName", "o"]),
    naming("2.5.4.11", &["organizationalUnitName", "ou"]),
    naming("2.5.4.7", &["localityName", "l"]),
    naming("2.5.4.8", &["stateOrProvinceName", "st"]),
    naming("2.5.4.3", &["commonName", "cn"]),
    user("2.5.4.13", &["description"], CaseIgnore, DIRECTORY_STRING),
    user("2.5.4.36", &["userCertificate"], Matching::None, CERTIFICATE),
    user("2.5.4.37", &["cACertificate"], Matching::None, CERTIFICATE),
    user("2.5.4.38", &["authorityRevocationList"], Matching::None, CERTIFICATE_LIST),
    user("2.5.4.39", &["certificateRevocationList"], Matching::None, CERTIFICATE_LIST),
    user("2.5.4.40", &["crossCertificatePair"], Matching::None, CERTIFICATE_PAIR),
    user("2.5.4.53", &["deltaRevocationList"], Matching::None, CERTIFICATE_LIST),
    single(operational("2.5.18.1", &["createTimestamp"], GeneralizedTime, TIME_SYNTAX)),
    single(operational("2.5.18.2", &["modifyTimestamp"], GeneralizedTime, TIME_SYNTAX)),
    single(operational("2.5.18.10", &["subschemaSubentry"], DistinguishedName, DN_SYNTAX)),
    single(operational("1.3.6.1.1.20", &["entryDN"], DistinguishedName, DN_SYNTAX)),
    operational("2.5.21.4", &["matchingRules"], Matching::None, MATCHING_RULE_SYNTAX),
    operational("2.5.21.5", &["attributeTypes"], Matching::None, ATTRIBUTE_TYPE_SYNTAX),
    operational("2.5.21.6", &["objectClasses"], Matching::None, OBJECT_CLASS_SYNTAX),
    operational("1.3.6.1.4.1.1466.101.120.16", &["ldapSyntaxes"], Matching::None, SYNTAX_SYNTAX),
    operational("1.3.6.1.4.1.1466.101.120.5", &["namingContexts"], DistinguishedName, DN_SYNTAX),
    operational(
        "1.3.6.1.4.1.1466.101.120.7",
        &["supportedExtension"],
        ObjectIdentifier,
        OID_SYNTAX,
    ),
    operational("1.3.6.1.4.1.1466.101.120.13", &["supportedControl"], ObjectIdentifier, OID_SYNTAX),
    operational("1.3.6.1.4.1.1466.101.120.15", &["supportedLDAPVersion"], Integer, INTEGER_SYNTAX),
    operational("1.3.6.1.4.1.4203.1.3.5", &["supportedFeatures"], ObjectIdentifier, OID_SYNTAX),
    single(operational("1.3.6.1.1.4", &["vendorName"], CaseIgnore, DIRECTORY_STRING)),
    single(operational("1.3.6.1.1.5", &["vendorVersion"], CaseIgnore, DIRECTORY_STRING)),
];

const LISTS: &[&str] =
    &["certificateRevocationList", "authorityRevocationList", "deltaRevocationList"];

/// Every object class (RFC 4512, 4519, 4523).
pub(in super::super) const OBJECT_CLASSES: &[ObjectClass] = &[
    ObjectClass {
        superclass: None,
        kind: "ABSTRACT",
        ..class("2.5.6.0", "top", &["objectClass"], &[])
    },
    class("2.5.6.2", "country", &["c"], &["description"]),
    class("2.5.6.3", "locality", &[], &["l", "st", "description"]),
    class("2.5.6.4", "organization", &["o"], &["l", "st", "description"]),
    class("2.5.6.5", "organizationalUnit", &["ou"], &["l", "st", "description"]),
    class("2.5.6.8", "organizationalRole", &["cn"], &["ou", "l", "st", "description"]),
    class("2.5.6.19", "cRLDistributionPoint", &["cn"], LISTS),
    auxiliary("2.5.6.21", "pkiUser", &["userCertificate"]),
    auxiliary(
        "2.5.6.22",
        "pkiCA",
        &[
            "cACertificate",
            "certificateRevocationList",
            "authorityRevocationList",
            "crossCertificatePair",
        ],
    ),
    class("2.5.17.0", "subentry", &["cn"], &[]),
    auxiliary(
        "2.5.20.1",
        "subschema",
        &["attributeTypes", "objectClasses", "matchingRules", "ldapSyntaxes"],
    ),
];

const fn user(
    oid: &'static str,
    names: &'static [&'static str],
    matching: Matching,
    syntax: &'static str,
) -> AttributeType {
    AttributeType {
        oid,
        names,
        supertype: None,
        matching,
        syntax,
        single_value: false,
        operational: false,
    }
}

const fn naming(oid: &'static str, names: &'static [&'static str]) -> AttributeType {
    AttributeType { supertype: Some("name"), ..user(oid, names, CaseIgnore, DIRECTORY_STRING) }
}

const fn operational(
    oid: &'static str,
    names: &'static [&'static str],
    matching: Matching,
    syntax: &'static str,
) -> AttributeType {
    AttributeType { operational: true, ..user(oid, names, matching, syntax) }
}

const fn single(attribute: AttributeType) -> AttributeType {
    AttributeType { single_value: true, ..attribute }
}

const fn class(
    oid: &'static str,
    name: &'static str,
    must: &'static [&'static str],
    may: &'static [&'static str],
) -> ObjectClass {
    ObjectClass { oid, name, superclass: Some("top"), kind: "STRUCTURAL", must, may }
}

const fn auxiliary(
    oid: &'static str,
    name: &'static str,
    may: &'static [&'static str],
) -> ObjectClass {
    ObjectClass { kind: "AUXILIARY", ..class(oid, name, &[], may) }
}
