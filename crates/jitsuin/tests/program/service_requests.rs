//! Certificates for servers from PKCS#10 requests that openssl made, through five people's hands.

use std::fs;

use serde_json::Value;
use testkit::run;

use crate::workplace::{CLERK, INTAKE, OPERATOR_2, STAFF, Workplace};

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

/// What the intake of a request for a certificate is told.
fn intake<'a>(kind: &'a str, request: &'a str) -> Vec<&'a str> {
    vec!["--kind", kind, "--request", request]
}

fn issue(place: &Workplace, kind: &str, request: &str) -> Value {
    place.issued(&intake(kind, request))
}

fn refused(place: &Workplace, kind: &str, request: &str) -> String {
    place.refusal(&INTAKE, &place.intake(&intake(kind, request)))
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
fn l13_nobody_does_two_steps_and_nobody_else_does_any() {
    let place = Workplace::new();
    let request = request(&place, "server", "-newkey rsa:2048");
    let id = place.released(&intake("tls-server", &request));
    let same = place.refusal(&STAFF, &["request", "issue", &id]);
    assert!(same.contains("A 5.2.2"), "{same}");
    for step in ["approve", "release", "issue", "revoke", "withdraw", "show"] {
        place.refusal(&CLERK, &["request", step, &id]);
    }
    place.refusal(&INTAKE, &["request", "issue", &id]);
    place.refusal(&INTAKE, &["request", "examine", &id, "--findings", "none"]);
    let shown = place.answer(&STAFF, &["request", "show", &id]);
    assert_eq!(shown["state"], "released");
    let withdrawn = place.answer(&INTAKE, &["request", "withdraw", &id]);
    assert_eq!(withdrawn["state"], "withdrawn");
    place.refusal(&OPERATOR_2, &["request", "issue", &id]);
    let listed = place.answer(&STAFF, &["request", "list", "--state", "withdrawn"]);
    assert_eq!(listed["requests"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[test]
fn l13_a_servers_certificate_is_renewed_and_the_old_one_revoked_by_requests() {
    let place = Workplace::new();
    let old = issue(&place, "tls-server", &request(&place, "old", "-newkey rsa:2048"));
    let old = old["serial"].as_str().unwrap();
    let new = request(&place, "new", "-newkey rsa:2048");
    let renewal = [&intake("tls-server", &new)[..], &["--renews", old]].concat();
    let renewed = place.issued(&renewal);
    assert_eq!(place.state("jpki-auth", renewed["serial"].as_str().unwrap()), "good");
    let order = ["--cause", "renewed", "--requester", "authority"];
    let direct = place.refusal(&STAFF, &[&["revoke", "jpki-auth", old], &order[..]].concat());
    assert!(direct.contains("A 4.9.3.2"), "{direct}");
    let id = place.released(&["--revokes", old, "--cause", "renewed"]);
    assert_eq!(place.state("jpki-auth", old), "good");
    place.refusal(&STAFF, &["request", "revoke", &id]);
    let revoked = place.answer(&OPERATOR_2, &["request", "revoke", &id]);
    assert_eq!(revoked["state"], "revoked");
    let shown = place.answer(&STAFF, &["cert", "show", "jpki-auth", old]);
    assert_eq!((&shown["state"], &shown["reason"]), (&"revoked".into(), &"superseded".into()));
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
    // What is asked for by no request, or is nothing, is no choice.
    for kind in ["self-signed", "nonsense"] {
        let said = place.run_as_is(&INTAKE, &place.intake(&intake(kind, &whole)));
        assert_eq!(said.status, Some(2), "{kind}: {}", said.text);
        assert!(said.text.contains("[possible values: ocsp-responder,"), "{kind}: {}", said.text);
    }
    fs::write(place.path().join("empty.csr"), "").unwrap();
    refused(&place, "tls-server", "empty.csr");
    issue(&place, "tls-server", &whole);
}

/// Without its custodians the CA's key signs nothing, and no serial waits for it meanwhile.
#[test]
fn l13_k2_a_request_waits_released_while_the_key_sleeps() {
    let place = Workplace::new();
    let request = request(&place, "server", "-newkey rsa:2048");
    let id = place.released(&intake("tls-server", &request));
    let asleep = place.run_as_is(&OPERATOR_2, &["request", "issue", &id]);
    assert_eq!(asleep.status, Some(1), "{}", asleep.text);
    assert_eq!(place.answer(&STAFF, &["request", "show", &id])["state"], "released");
    let issued = place.answer(&OPERATOR_2, &["request", "issue", &id]);
    assert_eq!(issued["state"], "issued");
}
