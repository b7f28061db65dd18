//! Distinguished names of the directory: RFC 4514 in both directions, and what counts as equal.

use domain::name::{Attribute, AttributeKind, DistinguishedName};
use jitsuin_status::ldap::{Dn, MAX_DN_BYTES, NameValue};
use proptest::prelude::*;

fn dn(text: &str) -> Dn {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn v3_a_name_of_ours_reads_most_specific_first() {
    let encoded = DistinguishedName(vec![
        Attribute::new(AttributeKind::Country, "JP"),
        Attribute::new(AttributeKind::Organization, "JPKI"),
        Attribute::new(AttributeKind::OrganizationalUnit, "JPKI for user authentication"),
        Attribute::new(AttributeKind::OrganizationalUnit, "CRL Distribution Points"),
        Attribute::new(AttributeKind::OrganizationalUnit, "Saitama-ken"),
        Attribute::new(AttributeKind::CommonName, "Kawaguchi-shi CRLDP"),
    ]);
    let text = "CN=Kawaguchi-shi CRLDP,OU=Saitama-ken,OU=CRL Distribution Points,\
                OU=JPKI for user authentication,O=JPKI,C=JP";
    assert_eq!(Dn::from(&encoded), dn(text));
    assert_eq!(Dn::from(&encoded).to_string(), text);
    assert!(dn(text).is_within(&dn("o=jpki,c=jp")));
    assert!(dn(text).is_child_of(&dn(text).parent().expect("it has one")));
}

#[test]
fn equal_names() {
    let pairs = [
        ("CN=a,C=JP", "cn=A,c=jp"),
        ("CN=a,C=JP", " cn = a , c = JP "),
        ("CN=a,C=JP", "commonName=a,countryName=JP"),
        ("CN=a,C=JP", "2.5.4.3=a,OID.2.5.4.6=JP"),
        ("CN=a,C=JP", "cn=a;c=JP"),
        ("CN=a b", "CN=a   b"),
        ("CN=a b", "CN=\"a b\""),
        ("CN=a b", "CN=\\61 b"),
        ("CN=a b", "CN=#0c03612062"),
        ("CN=a b", "CN=#1303612062"),
        ("CN=a\\, b", "CN=\"a, b\""),
        ("CN=a\\, b", "CN=a\\2c b"),
        ("CN=\\E5\\9F\\BC", "CN=埼"),
        ("CN=a+OU=b", "OU=b+CN=a"),
        ("CN=a=b", "CN=a\\=b"),
        ("CN=a", "CN=a\\ "),
    ];
    for (left, right) in pairs {
        assert_eq!(dn(left), dn(right), "{left} and {right}");
    }
}

#[test]
fn different_names() {
    let pairs = [
        ("CN=a", "OU=a"),
        ("CN=a,OU=b", "OU=b,CN=a"),
        ("CN=a+OU=b", "CN=a,OU=b"),
        ("CN=ab", "CN=a b"),
        ("CN=a", "CN=a,C=JP"),
        ("CN=#0401ff", "CN=#0401fe"),
        ("CN=a,CN=b", "CN=a\\,CN=b"),
    ];
    for (left, right) in pairs {
        assert_ne!(dn(left), dn(right), "{left} and {right}");
    }
    assert!(!dn("CN=a,C=JP").is_within(&dn("CN=b,C=JP")));
    assert!(!dn("C=JP").is_child_of(&dn("C=JP")));
}

#[test]
fn texts_that_are_no_names() {
    let long = format!("CN={}", "a".repeat(MAX_DN_BYTES));
    let many = ["CN=a"; 33].join(",");
    let wide = ["CN=a"; 9].join("+");
    let texts = [
        "a",
        "=a",
        "CN",
        "CN=a,",
        "CN=a,,C=JP",
        ",",
        "+",
        "CN=a+",
        "CN=\\",
        "CN=\\4",
        "CN=\\zz",
        "CN=\\ff",
        "CN=\"a",
        "CN=\"a\"b",
        "CN=#",
        "CN=#0",
        "CN=#0g",
        "CN=a<b",
        "CN=a\"b",
        "1=a",
        "1..2=a",
        "2.05.4=a",
        "C N=a",
        "-a=b",
        "埼=a",
        "CN=a\0b",
        &long,
        &many,
        &wide,
    ];
    for text in texts {
        assert!(text.parse::<Dn>().is_err(), "{text:?} was read");
    }
}

#[test]
fn a_value_that_is_not_a_string_stays_as_it_is_encoded() {
    let name = dn("CN=#0401ff");
    assert_eq!(name.rdns()[0].attributes()[0].value, NameValue::Ber(vec![4, 1, 0xff]));
    assert_eq!(name.to_string(), "CN=#0401ff");
}

#[test]
fn the_empty_name_is_the_root() {
    assert!(dn("").is_root() && dn("  ").is_root());
    assert_eq!(dn("").parent(), None);
    assert_eq!(dn("C=JP").parent(), Some(Dn::root()));
    assert!(dn("C=JP").is_child_of(&Dn::root()));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = text.parse::<Dn>();
    }

    #[test]
    fn what_looks_like_a_name_is_read_or_refused(text in "[cnouCN=,+;#\\\\\" 0-9a-f\u{3000}]{0,40}") {
        if let Ok(name) = text.parse::<Dn>() {
            prop_assert_eq!(name.to_string().parse::<Dn>(), Ok(name));
        }
    }

    #[test]
    fn any_value_survives_writing_and_reading(values in prop::collection::vec("\\PC{1,20}|[ #\"+,;<>=\\\\\0\n]{1,6}", 1..6)) {
        let attributes = values.iter().map(|value| Attribute::new(AttributeKind::CommonName, value.clone()));
        let name = Dn::from(&DistinguishedName(attributes.collect()));
        let read: Dn = name.to_string().parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        for (written, read) in name.rdns().iter().zip(read.rdns()) {
            prop_assert_eq!(&written.attributes()[0].value, &read.attributes()[0].value);
        }
        prop_assert_eq!(read, name);
    }
}
