//! The four basic attributes in signature certificates, read by openssl and checked by Python.

use std::fs;

use jiff::civil::Date;
use testkit::run;

use crate::client::python;
use crate::demo::Demo;

/// Object identifiers and values of the otherNames, in the order of the certificate.
fn other_names(demo: &Demo, path: &str) -> Vec<(String, String)> {
    let whole = demo.says(&format!("openssl asn1parse -in {path}"));
    let mut lines = whole.lines().skip_while(|line| !line.ends_with("Subject Alternative Name"));
    let value = lines.nth(1).expect("the extension's value");
    assert!(value.contains("OCTET STRING"), "not critical, so the value follows: {value}");
    let offset = value.split(':').next().unwrap().trim();
    let inner = demo.says(&format!("openssl asn1parse -strparse {offset} -in {path}"));
    let mut shapes = Vec::new();
    let mut names = Vec::new();
    for line in inner.lines() {
        let (position, rest) = line.split_once("d=").unwrap();
        assert!(position.ends_with(':'), "{line}");
        let (shape, value) = match rest.split_once("  :") {
            Some((shape, value)) => (shape, value.trim_start_matches([' ', ':'])),
            None => (rest, ""),
        };
        let shape = shape.rsplit_once(": ").map_or(shape, |(_, shape)| shape).trim();
        shapes.push(shape.to_owned());
        match shape {
            "OBJECT" => names.push((value.to_owned(), String::new())),
            "UTF8STRING" => names.last_mut().unwrap().1 = value.to_owned(),
            _ => {}
        }
    }
    // Each is [0] { OBJECT IDENTIFIER, [0] { UTF8String } }.
    let one = ["cont [ 0 ]", "OBJECT", "cont [ 0 ]", "UTF8STRING"];
    assert_eq!(shapes[0], "SEQUENCE");
    assert!(shapes[1..].chunks(4).all(|found| found == one), "{inner}");
    names
}

/// Whether the digits are an era and a day of that era (S 7-1-1).
fn is_era_date(text: &str) -> bool {
    let (era, day) = text.split_at(1);
    let Ok(day) = Date::strptime("%Y%m%d", day) else { return false };
    let begin = |year, month, date| Date::new(year, month, date).unwrap();
    let eras = [
        ("1", begin(1868, 1, 25), begin(1912, 7, 30)),
        ("2", begin(1912, 7, 30), begin(1926, 12, 25)),
        ("3", begin(1926, 12, 25), begin(1989, 1, 8)),
        ("4", begin(1989, 1, 8), begin(2019, 5, 1)),
        ("5", begin(2019, 5, 1), begin(2200, 1, 1)),
    ];
    eras.iter().any(|(digit, from, to)| era == *digit && (*from..=*to).contains(&day))
}

#[test]
fn p7_signature_certificates_carry_the_basic_attributes_in_order() {
    let demo = Demo::start();
    assert!(is_era_date("319740712") && !is_era_date("320000101") && !is_era_date("319740732"));
    let of_sign = demo.ready.certificates.iter().filter(|one| one.ca == "saitama-sign");
    let users: Vec<_> = of_sign.filter(|one| one.kind == "user").collect();
    for one in users {
        let names = other_names(&demo, &one.certificate_pem);
        let ids: Vec<_> = names.iter().map(|(id, _)| id.rsplit('.').next().unwrap()).collect();
        assert_eq!(ids, ["1", "4", "3", "5", "2", "6"], "{names:?}");
        assert!(names.iter().all(|(id, _)| id.starts_with("1.2.392.200149.8.5.5.")), "{names:?}");
        let values: Vec<_> = names.iter().map(|(_, value)| value.as_str()).collect();
        let [name, birth, gender, address, name_flags, address_flags] = values[..] else {
            panic!("{values:?}")
        };
        // A foreign resident's name stands as on the residence card, with plain spaces.
        let joined = name.contains('\u{3000}') && !name.contains(' ');
        assert!(joined || name.is_ascii(), "{name}");
        assert!(is_era_date(birth), "{birth}");
        assert!(["1", "2", "3"].contains(&gender), "{gender}");
        assert!(address.starts_with("埼玉県") && address.chars().count() <= 200, "{address}");
        for (text, flags) in [(name, name_flags), (address, address_flags)] {
            assert_eq!(text.chars().count(), flags.len(), "{text} {flags}");
            assert!(flags.bytes().all(|flag| b"01".contains(&flag)), "{flags}");
        }
    }
}

#[test]
fn p8_names_and_addresses_hold_only_characters_that_pythons_euc_jp_knows() {
    let demo = Demo::start();
    let mut texts = Vec::new();
    for status in ["good", "revoked", "undelivered"] {
        for one in demo.certificates("saitama-sign", "user", status) {
            let names = other_names(&demo, &one.certificate_pem);
            texts.extend([names[0].1.clone(), names[3].1.clone()]);
        }
    }
    fs::write(demo.path().join("texts"), texts.join("\n")).unwrap();
    let script = "import sys; text = open('texts', encoding='utf-8').read(); \
                  text.encode('euc_jp'); print(len(text.split('\\n')))";
    let said = run(demo.path(), python().to_str().unwrap(), &["-c", script]);
    assert_eq!(said.text.trim(), texts.len().to_string());
    // The oracle does refuse: 髙 is the character that most substitutes stand for.
    fs::write(demo.path().join("texts"), "髙橋").unwrap();
    let said = run(demo.path(), python().to_str().unwrap(), &["-c", script]);
    assert!(!said.success && said.text.contains("UnicodeEncodeError"), "{}", said.text);
}
