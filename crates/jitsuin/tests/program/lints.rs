//! What pkilint says about certificates, lists and OCSP responses: only what the profile demands.

use std::fs;

use testkit::run;

use crate::client::{Asker, python};
use crate::demo::Demo;

/// A severity and what was found.
type Finding = (&'static str, &'static str);

/// CPS pointers are in every certificate (A 7.1, S 7-1); pkilint would rather have none.
const POINTER: Finding = ("NOTICE", "pkix.certificate_policies_policy_has_qualifier");

/// The demo's own host name is no name of the public DNS.
const LOCALHOST: Finding = ("ERROR", "pkix.invalid_domain_name_syntax");

/// Runs one of pkilint's linters and compares everything it finds from NOTICE on.
fn lint(demo: &Demo, linter: &str, options: &[&str], path: &str, expected: &[Finding]) {
    let program = python().parent().unwrap().join(linter);
    let severity = ["lint", "-s", "NOTICE", "-f", "CSV"];
    let arguments = [&severity[..], options, &[path]].concat();
    let said = run(demo.path(), program.to_str().unwrap(), &arguments);
    let mut lines = said.text.lines();
    assert_eq!(lines.next(), Some("node_path,validator,severity,code,message"), "{}", said.text);
    let found: Vec<_> = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let columns: Vec<_> = line.split(',').collect();
            (columns[2], columns[3])
        })
        .collect();
    assert_eq!(found, expected, "{linter} {path}: {}", said.text);
}

#[test]
fn p9_pkilint_finds_nothing_in_certificates_but_what_the_profile_demands() {
    let demo = Demo::start();
    for (ca, kind, status, expected) in [
        ("jpki-auth", "user", "good", &[POINTER][..]),
        ("jpki-auth", "user", "undelivered", &[POINTER]),
        ("saitama-sign", "user", "good", &[POINTER]),
        ("saitama-sign", "user", "revoked", &[POINTER]),
        ("jpki-auth", "ocsp-responder", "good", &[POINTER]),
        ("saitama-sign", "ocsp-responder", "good", &[POINTER]),
        ("jpki-auth", "tls-server", "good", &[POINTER, LOCALHOST]),
    ] {
        // Each lint starts a Python of its own: two of a kind are enough.
        for one in demo.certificates(ca, kind, status).into_iter().take(2) {
            lint(&demo, "lint_pkix_cert", &[], &one.certificate_pem, expected);
        }
    }
    for ca in &demo.ready.cas {
        lint(&demo, "lint_pkix_cert", &[], &ca.certificate_pem, &[]);
    }
    // What the demo hands to its verifier, whose own affair it is: no CA of ours issued it.
    lint(&demo, "lint_pkix_cert", &[], &demo.ready.verifier.client_certificate_pem, &[]);
}

#[test]
fn v1_pkilint_finds_nothing_in_the_lists() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        for name in ca.crl_dns.iter().take(3) {
            let list = demo.list(name);
            lint(&demo, "lint_crl", &["-t", "CRL", "-p", "PKIX"], &list, &[]);
        }
        for list in demo.ldap_values(&ca.arl_dn, "authorityRevocationList;binary") {
            let list = demo.list_as_pem(&list);
            lint(&demo, "lint_crl", &["-t", "ARL", "-p", "PKIX"], &list, &[]);
        }
    }
}

#[test]
fn v5_pkilint_finds_nothing_in_ocsp_responses() {
    let demo = Demo::start();
    for (ca, status) in [("jpki-auth", "good"), ("jpki-auth", "held"), ("saitama-sign", "revoked")]
    {
        let one = demo.certificates(ca, "user", status)[0];
        let said = demo.ask(ca, &[one], Asker::Verifier, "-respout response.der");
        assert!(said.contains("Response verify OK"), "{said}");
        lint(&demo, "lint_ocsp_response", &[], "response.der", &[]);
        fs::remove_file(demo.path().join("response.der")).unwrap();
    }
}
