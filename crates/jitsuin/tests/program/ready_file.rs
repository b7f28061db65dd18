//! The ready file: which fields are there, which are not, and that every path leads to a PEM file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::demo::Demo;
use crate::lists::whole_serial;

/// What the file has today. Fields of what is not built yet (`scvp_url`, `hsm`, `card`) are absent.
const FIELDS: [&str; 14] = [
    "audit_public_key",
    "card",
    "cas",
    "certificates",
    "holder_url",
    "ldap_url",
    "ldaps_url",
    "ocsp_url",
    "operators",
    "pid",
    "repository_url",
    "tls_ca_pem",
    "verifier",
    "web_url",
];

fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_ready_file_has_the_agreed_fields_and_none_is_empty() {
    let demo = Demo::start();
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    assert_eq!(fields(&ready), FIELDS);
    let ca_fields = ["arl_dn", "certificate_pem", "crl_dns", "id", "ocsp_url"];
    for ca in ready["cas"].as_array().unwrap() {
        assert_eq!(fields(ca), ca_fields);
    }
    for certificate in ready["certificates"].as_array().unwrap() {
        let mut expected =
            vec!["ca", "certificate_pem", "crl_dn", "kind", "municipality", "serial_hex", "status"];
        // Only a user's certificate belongs to a municipality.
        expected.retain(|field| *field != "municipality" || certificate["kind"] == "user");
        assert_eq!(fields(certificate), expected);
    }
    for operator in ready["operators"].as_array().unwrap() {
        assert_eq!(fields(operator), ["login", "password", "role"]);
    }
    let verifier =
        ["bind_dn", "client_certificate_pem", "client_key_pem", "id", "password", "password_file"];
    assert_eq!(fields(&ready["verifier"]), verifier);
    let card = [
        "auth_certificate_pem",
        "auth_pin",
        "empty_reader",
        "empty_reader_address",
        "holder",
        "id",
        "pcsc_socket",
        "reader",
        "sign_certificate_pem",
        "sign_password",
    ];
    assert_eq!(fields(&ready["card"]), card);
    assert_filled(&ready, "");
}

fn assert_filled(value: &Value, place: &str) {
    match value {
        Value::Null => panic!("{place} is null"),
        Value::String(text) => assert!(!text.is_empty(), "{place} is empty"),
        Value::Array(all) => {
            assert!(!all.is_empty(), "{place} is empty");
            all.iter().for_each(|one| assert_filled(one, place));
        }
        Value::Object(all) => {
            all.iter().for_each(|(name, one)| assert_filled(one, &format!("{place}/{name}")));
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_pem_path_is_readable_and_openssl_reads_what_it_promises() {
    let demo = Demo::start();
    let ready = &demo.ready;
    for ca in &ready.cas {
        demo.says(&format!("openssl x509 -noout -in {}", ca.certificate_pem));
    }
    for one in &ready.certificates {
        let root = &demo.ca(&one.ca).certificate_pem;
        let path = &one.certificate_pem;
        assert!(demo.says(&format!("openssl verify -CAfile {root} {path}")).ends_with(": OK\n"));
        let serial = demo.says(&format!("openssl x509 -noout -serial -in {path}"));
        let serial = serial.trim().strip_prefix("serial=").map(whole_serial);
        assert_eq!(serial.as_ref(), Some(&one.serial_hex));
    }
    demo.says(&format!("openssl x509 -noout -in {}", ready.tls_ca_pem));
    demo.says(&format!("openssl x509 -noout -in {}", ready.verifier.client_certificate_pem));
    demo.says(&format!("openssl pkey -noout -check -in {}", ready.verifier.client_key_pem));
}

#[test]
fn both_cas_serve_at_least_three_municipalities_in_mixed_states() {
    let demo = Demo::start();
    assert!(demo.ready.certificates.len() >= 20);
    let ids: Vec<_> = demo.ready.cas.iter().map(|ca| ca.id.as_str()).collect();
    assert_eq!(ids, ["jpki-auth", "saitama-sign"]);
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    let mut states = BTreeMap::<_, BTreeSet<_>>::new();
    for one in &demo.ready.certificates {
        let Some(place) = &one.municipality else { continue };
        places.entry(one.ca.as_str()).or_default().insert(place.clone());
        states.entry(one.ca.as_str()).or_default().insert(one.status.as_str());
    }
    assert!(places.values().all(|found| found.len() >= 3), "{places:?}");
    let auth = BTreeSet::from(["good", "held", "revoked", "undelivered"]);
    // S knows no hold (S 4-4-5).
    let sign = BTreeSet::from(["good", "revoked", "undelivered"]);
    assert_eq!(states, BTreeMap::from([("jpki-auth", auth), ("saitama-sign", sign)]));
}

#[test]
fn the_pid_is_the_programs_and_the_urls_are_on_this_machine() {
    let mut demo = Demo::start();
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    for (field, scheme) in [
        ("web_url", "https"),
        ("holder_url", "https"),
        ("ocsp_url", "http"),
        ("repository_url", "http"),
        ("ldap_url", "ldap"),
        ("ldaps_url", "ldaps"),
    ] {
        let url = ready[field].as_str().unwrap();
        assert!(url.starts_with(&format!("{scheme}://127.0.0.1:")), "{field}: {url}");
    }
    let name = std::fs::read_to_string(format!("/proc/{}/comm", demo.ready.pid)).unwrap();
    assert_eq!(name, "jitsuin\n");
    // What it makes is its owner's, and its memory is never written to a file.
    let told = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", demo.ready.pid));
    assert!(told("status").unwrap().contains("Umask:\t0077"));
    let limits = told("limits").unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    // What it prints has nobody's token or password in it; where they are, it says.
    let printed = std::fs::read_to_string(demo.path().join("log")).unwrap();
    for one in ready["operators"].as_array().unwrap().iter().chain([&ready["verifier"]]) {
        assert!(!printed.contains(one["password"].as_str().unwrap()), "{}", one["login"]);
    }
    assert!(printed.contains("/operator-1.header "));
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    assert!(demo.stop().success());
}
