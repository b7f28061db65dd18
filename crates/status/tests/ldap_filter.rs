//! Filters: three-valued, blind to what is withheld, and indifferent to what is not UTF-8.

use bytes::Bytes;
use jitsuin_status::ldap::Truth::{False, True, Undefined};
use jitsuin_status::ldap::{
    Assertion, Attribute, AttributeDescription, Entry, Extensible, Filter, SubstringPattern, Truth,
    Values, evaluate,
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
        // In Japan it is nine hours later (RFC 4517 3.3.13).
        (Filter::Equality(at("20261122150000+0900")), True),
        (Filter::Equality(at("2026112215+09")), True),
        (Filter::Equality(at("20261122000000-0600")), True),
        (Filter::Equality(at("20261122053000-0030")), True),
        (Filter::Equality(at("2026112205.5-0030")), True),
        (Filter::Equality(at("202611220559,5-0000")), False),
        (Filter::LessOrEqual(at("20261122060000.000000001Z")), True),
        (Filter::GreaterOrEqual(at("20261122060000.000000001Z")), False),
        (Filter::GreaterOrEqual(at("20261123080000+0900")), False),
        (Filter::LessOrEqual(at("20261122080000+0900")), False),
        (Filter::LessOrEqual(at("20261122060000")), Undefined),
        (Filter::LessOrEqual(at("20261122060000+9")), Undefined),
        (Filter::LessOrEqual(at("20261122060000+2400")), Undefined),
        (Filter::LessOrEqual(at("20261322060000Z")), Undefined),
        (Filter::LessOrEqual(at("20261122060000.Z")), Undefined),
        (Filter::LessOrEqual(at("20261122060000Zulu")), Undefined),
    ]);
}

/// `attribute`, `:dn`, a rule and a value, as RFC 4515 writes them before and after `:=`.
fn by_rule(attribute: &str, of_names: bool, rule: &str, value: &str) -> Filter {
    Filter::Extensible(Extensible {
        rule: (!rule.is_empty()).then(|| rule.to_owned()),
        attribute: (!attribute.is_empty()).then(|| description(attribute)),
        value: Bytes::copy_from_slice(value.as_bytes()),
        of_names,
    })
}

#[test]
fn v3_every_rule_that_the_subschema_tells_of_can_be_named() {
    check(vec![
        (by_rule("cn", false, "caseIgnoreMatch", "KAWAGUCHI-shi crldp"), True),
        (by_rule("cn", false, "2.5.13.2", "川口市"), True),
        (by_rule("cn", false, "", "川口市"), True),
        (by_rule("cn", false, "caseIgnoreSubstringsMatch", "kawa*dp"), True),
        (by_rule("cn", false, "caseIgnoreSubstringsMatch", "kawa\\2a*"), False),
        (by_rule("cn", false, "caseIgnoreSubstringsMatch", "kawa"), Undefined),
        (by_rule("objectClass", false, "objectIdentifierMatch", "cRLDistributionPoint"), True),
        (by_rule("objectClass", false, "2.5.13.0", "2.5.6.19"), True),
        (by_rule("subschemaSubentry", false, "distinguishedNameMatch", "CN=subschema"), True),
        (by_rule("subschemaSubentry", false, "distinguishedNameMatch", "not a name"), Undefined),
        (by_rule("modifyTimestamp", false, "generalizedTimeMatch", "202611221500+09"), True),
        (by_rule("modifyTimestamp", false, "generalizedTimeOrderingMatch", "2026112207Z"), True),
        (by_rule("modifyTimestamp", false, "generalizedTimeOrderingMatch", "2026112206Z"), False),
        // A rule that is not the attribute's, an unknown one, neither rule nor attribute.
        (by_rule("cn", false, "distinguishedNameMatch", "c=JP"), Undefined),
        (by_rule("cn", false, "caseExactMatch", "川口市"), Undefined),
        (by_rule("", false, "", "川口市"), Undefined),
        // Without an attribute: all that have the rule.
        (by_rule("", false, "caseIgnoreMatch", "川口市"), True),
        (by_rule("", false, "distinguishedNameMatch", "cn=Subschema"), True),
        (by_rule("", false, "caseIgnoreMatch", "JP"), False),
        // With the attributes of the name.
        (by_rule("", true, "caseIgnoreMatch", "JP"), True),
        (by_rule("c", true, "", "jp"), True),
        (by_rule("c", false, "", "jp"), False),
        (by_rule("cn", true, "caseIgnoreMatch", "jp"), False),
        // What no rule is for is not read.
        (by_rule("certificateRevocationList;binary", false, "caseIgnoreMatch", "x"), Undefined),
    ]);
    let hidden = entry(&["certificateRevocationList"], true);
    let asked = by_rule("certificateRevocationList;binary", true, "", "x");
    assert_eq!(evaluate(&asked, &hidden), Undefined);
}

#[test]
fn v3_full_width_forms_are_what_a_japanese_keyboard_writes_for_ascii() {
    check(vec![
        (equal("cn", "Ｋａｗａｇｕｃｈｉ－ｓｈｉ　ＣＲＬＤＰ"), True),
        (pattern("cn", "Ｋａｗａ*"), True),
        (equal("subschemaSubentry", "cn=Ｓｕｂｓｃｈｅｍａ"), True),
        (equal("cn", "Ｓaitama"), False),
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
