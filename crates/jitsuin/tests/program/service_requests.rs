//! Certificates for servers from PKCS#10 requests that openssl made.

use std::fs;

use serde_json::Value;
use testkit::run;

use crate::workplace::{STAFF, Workplace};

fn openssl(place: &Workplace, line: &str) -> String {
    let said = run(place.path(), "openssl", &line.split_whitespace().collect::<Vec<_>>());
    assert!(said.success, "{line}: {}", said.text);
    said.text
}

/// Makes a key and a request named `name` with further options of `openssl req`.
fn request(place: &Workplace, name: &str, options: &str) -> String {
    let line = format!(
        "req -new -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}.example \
         -addext subjectAltName=DNS:{name}.example {options}"
    );
    openssl(place, &line);
    format!("{name}.csr")
}

fn issue(place: &Workplace, kind: &str, request: &str) -> Value {
    place.answer(&STAFF, &["ca", "issue", "jpki-auth", "--kind", kind, "--request", request])
}

fn refused(place: &Workplace, kind: &str, request: &str) -> String {
    place.refusal(&STAFF, &["ca", "issue", "jpki-auth", "--kind", kind, "--request", request])
}

#[test]
fn l13_p3_a_server_is_certified_from_openssls_request_for_its_own_key() {
    let place = Workplace::new();
    let request = request(&place, "server", "-newkey rsa:2048");
    let issued = issue(&place, "tls-server", &request);
    fs::write(place.path().join("server.pem"), issued["certificate_pem"].as_str().unwrap())
        .unwrap();
    let root = issued["authority_certificate_pem"].as_str().unwrap();
    fs::write(place.path().join("root.pem"), root).unwrap();
    let verify = "verify -purpose sslserver -verify_hostname server.example -CAfile root.pem";
    assert_eq!(openssl(&place, &format!("{verify} server.pem")), "server.pem: OK\n");
    let certified = openssl(&place, "x509 -noout -pubkey -in server.pem");
    assert_eq!(certified, openssl(&place, "pkey -pubout -in server.key"));
    // Once: the same key is never certified again, neither here nor by another kind.
    refused(&place, "tls-server", &request);
}

#[test]
fn p9_requests_with_weak_keys_or_broken_proofs_are_refused() {
    let place = Workplace::new();
    for (name, options) in [
        ("short", "-newkey rsa:1024"),
        ("long", "-newkey rsa:3072"),
        ("curve", "-newkey ec -pkeyopt ec_paramgen_curve:P-256"),
        ("exponent", "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3"),
    ] {
        let request = request(&place, name, options);
        refused(&place, "tls-server", &request);
    }
    let whole = request(&place, "whole", "-newkey rsa:2048");
    openssl(&place, "req -in whole.csr -outform DER -out whole.der");
    let mut der = fs::read(place.path().join("whole.der")).unwrap();
    *der.last_mut().unwrap() ^= 1;
    fs::write(place.path().join("broken.der"), &der).unwrap();
    openssl(&place, "req -inform DER -in broken.der -out broken.csr");
    refused(&place, "tls-server", "broken.csr");
    refused(&place, "self-signed", &whole);
    refused(&place, "nonsense", &whole);
    fs::write(place.path().join("empty.csr"), "").unwrap();
    refused(&place, "tls-server", "empty.csr");
    issue(&place, "tls-server", &whole);
}
