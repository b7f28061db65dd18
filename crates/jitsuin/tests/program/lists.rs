//! Revocation lists as openssl uses them: what they refuse, when they end, and what stays for ever.

use std::collections::BTreeMap;
use std::fs;

use jiff::civil::DateTime;
use jiff::{Span, ToSpan, Unit};

use crate::client::{Asker, after};
use crate::demo::{Certificate, Demo};

/// Serial numbers with their reasons, as openssl prints them, in lower case and without spaces.
pub(crate) fn entries(demo: &Demo, list: &str) -> BTreeMap<String, String> {
    let text = demo.says(&format!("openssl crl -noout -text -in {list}"));
    let mut found = BTreeMap::new();
    let mut serial = String::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(number) = line.strip_prefix("Serial Number: ") {
            serial = whole_serial(number);
            found.insert(serial.clone(), "unspecified".to_owned());
        } else if line.starts_with("X509v3 CRL Reason Code:") {
            let reason = lines.next().unwrap().to_lowercase().replace(' ', "");
            found.insert(serial.clone(), reason);
        }
    }
    found
}

/// A serial number of 16 octets as the program writes it: openssl leaves out leading zero octets,
/// with which one in 256 begins.
pub(crate) fn whole_serial(printed: &str) -> String {
    format!("{:0>32}", printed.to_lowercase())
}

fn verify(demo: &Demo, one: &Certificate, list: &str) -> String {
    let root = &demo.ca(&one.ca).certificate_pem;
    let path = &one.certificate_pem;
    demo.client(&format!("openssl verify -crl_check -CAfile {root} -CRLfile {list} {path}")).text
}

#[test]
fn v1_v3_l10_openssl_refuses_by_the_list_what_is_revoked_or_held() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        for name in &ca.crl_dns {
            let list = demo.list(name);
            let covered = demo.ready.certificates.iter().filter(|one| one.crl_dn == *name);
            for one in covered {
                let said = verify(&demo, one, &list);
                let counts_as_good = one.status == "good"
                    || (one.status == "undelivered" && one.ca == "saitama-sign");
                if counts_as_good {
                    assert!(said.ends_with(": OK\n"), "{one:?}: {said}");
                } else {
                    assert!(said.contains("error 23 "), "{one:?}: {said}");
                }
            }
        }
    }
}

#[test]
fn v2_openssl_refuses_the_list_of_another_municipality() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        for one in demo.certificates(&ca.id, "user", "good").into_iter().take(2) {
            for other in ca.crl_dns.iter().filter(|name| **name != one.crl_dn) {
                let said = verify(&demo, one, &demo.list(other));
                assert!(said.contains("error 44 "), "{one:?} {other}: {said}");
            }
        }
    }
}

#[test]
fn v2_l11_every_serial_is_in_the_list_of_its_municipality_with_a_reason_of_the_policy() {
    let demo = Demo::start();
    let auth = "affiliationchanged cacompromise certificatehold cessationofoperation \
                keycompromise superseded unspecified";
    let sign = "affiliationchanged cacompromise cessationofoperation keycompromise superseded";
    for (ca, allowed) in [("jpki-auth", auth), ("saitama-sign", sign)] {
        let mut reasons = Vec::new();
        for name in &demo.ca(ca).crl_dns {
            let found = entries(&demo, &demo.list(name));
            let expected: Vec<_> = demo
                .ready
                .certificates
                .iter()
                .filter(|one| one.crl_dn == *name && is_listed(one))
                .map(|one| one.serial_hex.clone())
                .collect();
            let mut listed: Vec<_> = found.keys().cloned().collect();
            listed.sort_by_key(|serial| expected.iter().position(|one| one == serial));
            assert_eq!(listed, expected, "{name}");
            reasons.extend(found.into_values());
        }
        reasons.sort();
        reasons.dedup();
        assert_eq!(reasons.join(" "), allowed, "{ca}");
    }
}

/// Whether a list must name it.
pub(crate) fn is_listed(one: &Certificate) -> bool {
    match one.status.as_str() {
        "revoked" | "held" => true,
        "undelivered" => one.ca == "jpki-auth",
        _ => false,
    }
}

/// When a list was made, when it ends, and when it said the next one comes.
fn times(demo: &Demo, list: &str) -> (DateTime, DateTime, DateTime) {
    let text = demo
        .says(&format!("openssl crl -noout -lastupdate -nextupdate -dateopt iso_8601 -in {list}"));
    let time = |field| after(&text, field)[0].trim_end_matches('Z').parse().unwrap();
    let parsed = demo.says(&format!("openssl asn1parse -in {list}"));
    let mut lines = parsed.lines().skip_while(|line| !line.ends_with(":1.3.6.1.4.1.311.21.4"));
    let value = lines.nth(1).expect("not critical, so the value follows");
    let (_, hex) = value.split_once("[HEX DUMP]:170D").expect("a UTCTime");
    let digits: String =
        hex.as_bytes().chunks(2).map(|pair| char::from(pair[1])).take(12).collect();
    let next = DateTime::strptime("%y%m%d%H%M%S", &digits).unwrap();
    (time("lastUpdate="), time("nextUpdate="), next)
}

fn hours(from: DateTime, to: DateTime) -> i64 {
    let span: Span = to.since((Unit::Hour, from)).unwrap();
    assert_eq!(span.fieldwise(), i64::from(span.get_hours()).hours().fieldwise(), "whole hours");
    i64::from(span.get_hours())
}

#[test]
fn v1_lists_are_valid_for_72_hours_and_say_that_the_next_comes_after_24() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        let users = ca.crl_dns.iter().map(|name| demo.list(name));
        let values = demo.ldap_values(&ca.arl_dn, "authorityRevocationList;binary");
        let authorities = values.iter().map(|der| demo.list_as_pem(der));
        for list in users.chain(authorities) {
            let (made, ends, next) = times(&demo, &list);
            assert_eq!((hours(made, ends), hours(made, next)), (72, 24), "{list}");
            let text = demo.says(&format!("openssl crl -noout -text -in {list}"));
            assert!(text.contains("Version 2 (0x1)"), "{text}");
            assert!(text.contains("X509v3 Issuing Distribution Point: critical"), "{text}");
            assert!(text.contains("X509v3 Authority Key Identifier:"), "{text}");
            let read = demo.says(&format!("certtool --crl-info --infile {list}"));
            assert!(read.contains("Signature Algorithm: RSA-SHA256"), "{read}");
        }
    }
}

#[test]
fn v2_authority_lists_stand_apart_by_kind_and_cover_authorities_alone() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        let own: Vec<&str> = ca.arl_dn.split(',').rev().collect();
        let own = own.join(", ").replace('=', " = ");
        for (partition, point) in [
            ("arl-self-signed", own.clone()),
            ("arl-link", format!("{own}, CN = Link ARLDP")),
            ("arl-cross", format!("{own}, CN = Cross ARLDP")),
        ] {
            let path = format!("/crl/{}/1/{partition}.crl", ca.id);
            let (status, der) = demo.fetch(&path, &Asker::Nobody);
            assert_eq!(status, "200", "{path}");
            fs::write(demo.path().join("arl.der"), der).unwrap();
            let pem = demo.list_as_pem(&demo.path().join("arl.der"));
            let text = demo.says(&format!("openssl crl -noout -text -in {pem}"));
            let covers = format!("DirName:{point}                Only CA Certificates");
            assert!(after(&text, &covers).len() == 1, "{covers}: {text}");
            assert!(text.contains("No Revoked Certificates."), "{text}");
            let root = &ca.certificate_pem;
            let said = demo.says(&format!("openssl crl -noout -verify -CAfile {root} -in {pem}"));
            assert_eq!(said, "verify OK\n");
        }
    }
}

#[test]
fn v8_every_list_ever_issued_is_fetched_by_its_number_and_numbers_and_times_advance() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        let users = demo.ready.certificates.iter().filter(|one| one.ca == ca.id);
        let mut partitions: Vec<_> = users.filter_map(|one| one.municipality.clone()).collect();
        partitions.sort();
        partitions.dedup();
        partitions.extend(["other", "arl-self-signed", "arl-link", "arl-cross"].map(str::to_owned));
        for partition in partitions {
            let place = format!("/crl/{}/1/{partition}", ca.id);
            let newest = number(&demo, ca.certificate_pem.as_str(), &format!("{place}.crl"));
            assert!(newest.0 >= 2, "the demo published more than once: {place}");
            let mut before = None;
            for expected in 1..=newest.0 {
                let path = format!("{place}/{expected}.crl");
                let found = number(&demo, &ca.certificate_pem, &path);
                assert_eq!(found.0, expected, "{path}");
                assert!(before.is_none_or(|earlier| earlier < found.1), "{path}");
                before = Some(found.1);
            }
            assert_eq!(before, Some(newest.1));
            let beyond = format!("{place}/{}.crl", newest.0 + 1);
            assert_eq!(demo.fetch(&beyond, &Asker::Verifier).0, "404", "{beyond}");
        }
    }
}

/// The number of a list that the CA signed, and when it was made.
fn number(demo: &Demo, root: &str, path: &str) -> (u64, DateTime) {
    let (status, der) = demo.fetch(path, &Asker::Verifier);
    assert_eq!(status, "200", "{path}");
    fs::write(demo.path().join("numbered.der"), der).unwrap();
    let said = demo.says(&format!(
        "openssl crl -inform DER -noout -crlnumber -lastupdate -dateopt iso_8601 -verify \
         -CAfile {root} -in numbered.der"
    ));
    assert!(said.contains("verify OK"), "{path}: {said}");
    let digits = after(&said, "crlNumber=0x")[0];
    let made = after(&said, "lastUpdate=")[0].trim_end_matches('Z');
    (u64::from_str_radix(digits, 16).unwrap(), made.parse().unwrap())
}

#[test]
fn v3_v8_user_lists_are_withheld_from_whoever_is_no_verifier() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        for one in demo.certificates(&ca.id, "user", "good") {
            let asked = ["-s", "base", "-b", &one.crl_dn, "(objectClass=*)"];
            let url = &demo.ready.ldap_url;
            let attribute = "certificateRevocationList;binary";
            let said = demo.ldap("ldapsearch", url, &[&asked[..], &[attribute]].concat());
            assert_eq!(said.status, Some(50), "{}", said.text);
            let said = demo.ldap("ldapsearch", url, &asked);
            assert!(said.success && !said.text.contains(attribute), "{}", said.text);
            let place = one.municipality.as_deref().unwrap();
            for path in
                [format!("/crl/{}/1/{place}.crl", ca.id), format!("/crl/{}/1/{place}/1.crl", ca.id)]
            {
                let (status, body) = demo.fetch(&path, &Asker::Nobody);
                assert_eq!(status, "401", "{path}");
                assert!(!body.starts_with(b"\x30"), "{path}");
            }
        }
    }
}
