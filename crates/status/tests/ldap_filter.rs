//! Filters: three-valued, blind to what is withheld, and indifferent to what is not UTF-8.

use bytes::Bytes;
use jitsuin_status::ldap::Truth::{False, True, Undefined};
use jitsuin_status::ldap::{
    Assertion, Attribute, AttributeDescription, Entry, Filter, SubstringPattern, Truth, Values,
    evaluate,
};

fn description(text: &str) -> AttributeDescription {
    AttributeDescription::parse(text).unwrap_or_else(|| panic!("{text:?}"))
}

fn claim(attribute: &str, value: &[u8]) -> Assertion {
    Assertion { attribute: description(attribute), value: Bytes::copy_from_slice(value) }
}

fn equal(attribute: &str, value: &str) -> Filter {
    Filter::Equality(claim(attribute, value.as_bytes()))
}

fn present(attribute: &str) -> Filter {
    Filter::Present(description(attribute))
}

/// `*` separates the pieces, as in RFC 4515.
fn pattern(attribute: &str, text: &str) -> Filter {
    let pieces: Vec<&str> = text.split('*').collect();
    let edge = |piece: &str| (!piece.is_empty()).then(|| Bytes::copy_from_slice(piece.as_bytes()));
    let middle = pieces[1..pieces.len() - 1].iter();
    Filter::Substrings(SubstringPattern {
        attribute: description(attribute),
        first: edge(pieces[0]),
        middle: middle.map(|piece| Bytes::copy_from_slice(piece.as_bytes())).collect(),
        last: edge(pieces[pieces.len() - 1]),
    })
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

/// A distribution point whose list must never be fetched by a filter.
fn entry(withheld: &[&str], with_list: bool) -> Entry {
    let list = Attribute {
        description: description("certificateRevocationList;binary"),
        values: Values::Later(std::sync::Arc::new(|| panic!("a filter read the list"))),
    };
    let texts = [
        Attribute::text("objectClass", ["top", "cRLDistributionPoint"]),
        Attribute::text("cn", ["Kawaguchi-shi  CRLDP", "川口市"]),
        Attribute::text("modifyTimestamp", ["20261122060000Z"]),
        Attribute::text("subschemaSubentry", ["cn=Subschema"]),
    ];
    Entry {
        dn: "cn=Kawaguchi-shi CRLDP,c=JP".parse().expect("a name"),
        attributes: texts.into_iter().flatten().chain(with_list.then_some(list)).collect(),
        withheld: withheld.iter().map(|name| description(name)).collect(),
    }
}

fn check(cases: Vec<(Filter, Truth)>) {
    let entry = entry(&[], true);
    for (filter, expected) in cases {
        assert_eq!(evaluate(&filter, &entry), expected, "{filter:?}");
    }
}

#[test]
fn v3_presence_and_equality() {
    check(vec![
        (present("objectClass"), True),
        (present("OBJECTCLASS"), True),
        (present("2.5.4.0"), True),
        (present("name"), True),
        (present("l"), False),
        (present("shoeSize"), Undefined),
        (present("certificateRevocationList"), True),
        (present("certificateRevocationList;binary"), True),
        (present("cn;binary"), False),
        (equal("cn", "kawaguchi-SHI crldp"), True),
        (equal("commonName", " Kawaguchi-shi CRLDP "), True),
        (equal("name", "川口市"), True),
        (equal("cn", "Warabi-shi CRLDP"), False),
        (equal("l", "Kawaguchi"), False),
        (equal("objectClass", "crldistributionpoint"), True),
        (equal("objectClass", "2.5.6.19"), True),
        (equal("objectClass", "pkiCA"), False),
        (equal("subschemaSubentry", "CN = subschema"), True),
        (equal("subschemaSubentry", "not a name"), Undefined),
        (equal("shoeSize", "27"), Undefined),
    ]);
}

#[test]
fn v3_values_that_are_not_utf_8_or_have_no_rule_are_undefined() {
    check(vec![
        (Filter::Equality(claim("cn", b"\x30\x82\xff")), Undefined),
        (Filter::Equality(claim("userCertificate;binary", b"\x30\x82\xff")), Undefined),
        (equal("certificateRevocationList;binary", "x"), Undefined),
        (pattern("certificateRevocationList;binary", "*x*"), Undefined),
        (pattern("objectClass", "top*"), Undefined),
        (Filter::GreaterOrEqual(claim("cn", b"a")), Undefined),
        (Filter::Undefined, Undefined),
    ]);
}

#[test]
fn v3_patterns() {
    check(vec![
        (pattern("cn", "Kawa*"), True),
        (pattern("cn", "*CRLDP"), True),
        (pattern("cn", "kawa*shi*dp"), True),
        (pattern("cn", "*-shi crl*"), True),
        (pattern("cn", "*shi *"), True),
        (pattern("cn", "kawa*kawa*"), False),
        (pattern("cn", "Kawaguchi-shi CRLDP*CRLDP"), False),
        (pattern("cn", "*dp*crl*"), False),
        (pattern("cn", "川*市"), True),
        (pattern("l", "*a*"), False),
    ]);
}

#[test]
fn v3_order_is_told_for_times() {
    let at = |time: &str| claim("modifyTimestamp", time.as_bytes());
    check(vec![
        (Filter::GreaterOrEqual(at("20261122060000Z")), True),
        (Filter::GreaterOrEqual(at("20261122060001Z")), False),
        (Filter::LessOrEqual(at("20261122060000Z")), True),
        (Filter::LessOrEqual(at("2026112206Z")), True),
        (Filter::LessOrEqual(at("2026112205Z")), False),
        (Filter::LessOrEqual(at("yesterday")), Undefined),
        (Filter::Equality(at("202611220600Z")), True),
    ]);
}

#[test]
fn v3_three_valued_logic() {
    let (yes, no, unknown) = (|| present("cn"), || present("l"), || Filter::Undefined);
    check(vec![
        (Filter::And(vec![]), True),
        (Filter::Or(vec![]), False),
        (Filter::And(vec![yes(), yes()]), True),
        (Filter::And(vec![yes(), unknown()]), Undefined),
        (Filter::And(vec![unknown(), no()]), False),
        (Filter::Or(vec![unknown(), no()]), Undefined),
        (Filter::Or(vec![unknown(), yes()]), True),
        (not(yes()), False),
        (not(no()), True),
        (not(unknown()), Undefined),
        (not(Filter::And(vec![not(no()), Filter::Or(vec![no(), yes()])])), False),
    ]);
}

#[test]
fn v3_filters_are_no_oracle_for_what_is_withheld() {
    let filters = [
        present("certificateRevocationList"),
        present("certificateRevocationList;binary"),
        not(present("certificateRevocationList")),
        equal("certificateRevocationList", "x"),
        Filter::Or(vec![present("certificateRevocationList"), present("l")]),
    ];
    for filter in filters {
        for with_list in [true, false] {
            let entry = entry(&["certificateRevocationList"], with_list);
            assert_eq!(evaluate(&filter, &entry), Undefined, "{filter:?}, list: {with_list}");
        }
    }
    let entry = entry(&["cn"], false);
    for filter in [equal("cn", "川口市"), pattern("cn", "川*"), present("cn")] {
        assert_eq!(evaluate(&filter, &entry), Undefined, "{filter:?}");
    }
    assert_eq!(
        evaluate(&equal("name", "川口市"), &entry),
        False,
        "a supertype shows nothing either"
    );
}
