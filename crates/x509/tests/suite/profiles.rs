//! Every profile shape: golden octets, a foreign reader, a second implementation.

use std::path::PathBuf;

use der::{Decode, Encode};
use jitsuin_x509 as x509;
use x509::certificate::CertificateTemplate;
use x509::general_name::GeneralName;
use x509::lint::lint_certificate;
use x509::pem;
use x509::read::{Certificate, DistributionPoint};

use crate::support::{self, ca, expectation, openssl, spki, write};

const CA_KEY: &[u8] = include_bytes!("../golden/ca.spki.der");
const USER_KEY: &[u8] = include_bytes!("../golden/user.spki.der");
const USER_KEY_1024: &[u8] = include_bytes!("../golden/user_1024.spki.der");

/// Compares with the checked-in TBS, or writes it when UPDATE_GOLDEN is set.
fn check_golden(file: &str, template: &CertificateTemplate) {
    let tbs = template.to_tbs().unwrap();
    lint_certificate(&tbs, &expectation(template)).unwrap();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &tbs).unwrap();
    }
    assert_eq!(tbs, std::fs::read(&path).unwrap(), "{file}");
}

#[test]
fn p3_every_profile_shape_has_its_golden_octets() {
    check_golden("self_signed.tbs.der", &support::self_signed(CA_KEY));
    check_golden("authentication_user.tbs.der", &support::authentication_user(CA_KEY, USER_KEY));
    check_golden("signature_user.tbs.der", &support::signature_user(CA_KEY, USER_KEY_1024));
    check_golden("ocsp_responder.tbs.der", &support::ocsp_responder(CA_KEY, USER_KEY));
    check_golden("tls_server.tbs.der", &support::tls_server(CA_KEY, USER_KEY));
}

#[test]
fn p3_openssl_and_x509_cert_read_every_profile_shape() {
    let directory = tempfile::tempdir().unwrap();
    let d = directory.path();
    let key = &ca().spki;
    let root = ca().certificate(&support::self_signed(key));
    write(d, "ca.pem", pem::encode(pem::CERTIFICATE, &root).unwrap());
    for template in [
        support::self_signed(key),
        support::authentication_user(key, USER_KEY),
        support::signature_user(key, USER_KEY_1024),
        support::ocsp_responder(key, USER_KEY),
        support::tls_server(key, USER_KEY),
    ] {
        let der = ca().certificate(&template);
        let again = x509_cert::Certificate::from_der(&der).unwrap().to_der().unwrap();
        assert_eq!(again, der);
        write(d, "c.der", &der);
        openssl(d, &["asn1parse", "-inform", "DER", "-in", "c.der"]);
        write(d, "c.pem", pem::encode(pem::CERTIFICATE, &der).unwrap());
        // S's users have 1024 bits, which only security level 0 lets through; the attime is inside
        // every period here.
        openssl(
            d,
            &[
                "verify",
                "-attime",
                "1800000000",
                "-auth_level",
                "0",
                "-x509_strict",
                "-CAfile",
                "ca.pem",
                "c.pem",
            ],
        );
        let text = openssl(d, &["x509", "-in", "c.pem", "-noout", "-text", "-nameopt", "utf8"]);
        assert!(text.contains("Version: 3 (0x2)"), "{text}");
    }
}

#[test]
fn p7_openssl_shows_the_six_basic_attributes() {
    let directory = tempfile::tempdir().unwrap();
    let der = ca().certificate(&support::signature_user(&ca().spki, USER_KEY_1024));
    write(directory.path(), "c.der", &der);
    let text = openssl(
        directory.path(),
        &["x509", "-inform", "DER", "-in", "c.der", "-noout", "-ext", "subjectAltName"],
    );
    for (_, value) in support::BASIC_ATTRIBUTES {
        assert!(text.contains(value), "{value} in {text}");
    }
    assert_eq!(text.matches("othername").count(), 6, "{text}");
}

#[test]
fn p3_the_reader_gives_back_what_was_written() {
    let template = support::signature_user(&ca().spki, USER_KEY_1024);
    let certificate = Certificate::parse(&ca().certificate(&template)).unwrap();
    certificate.verify(&ca().spki).unwrap();
    assert!(certificate.verify(USER_KEY).is_err());
    let tbs = &certificate.tbs;
    assert_eq!(tbs.serial_number(), Some(template.serial));
    assert_eq!((tbs.validity, &tbs.subject), (template.validity, &template.subject));
    assert_eq!(tbs.ocsp_uris().unwrap(), ["http://127.0.0.1/ocsp"]);
    let point = DistributionPoint::DirectoryName(support::distribution_point("Kawagoe-shi"));
    assert_eq!(tbs.crl_distribution_points().unwrap(), [point]);
    let issuer_names = [GeneralName::DirectoryName(support::ca_japanese_name())];
    assert_eq!(tbs.issuer_alt_names().unwrap(), issuer_names);
    let values: Vec<_> = tbs
        .subject_alt_names()
        .unwrap()
        .into_iter()
        .map(|name| match name {
            GeneralName::OtherName { value, .. } => value,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(values, support::BASIC_ATTRIBUTES.map(|(_, value)| value));
    let aki = tbs.authority_key_identifier().unwrap().unwrap();
    assert_eq!(aki.key_identifier, spki(&ca().spki).key_identifier());
    let (issuer, serial) = aki.issuer_and_serial.unwrap();
    assert_eq!((issuer, serial), (support::ca_name(), support::serial(0x11).to_integer()));
    assert_eq!(
        tbs.subject_key_identifier().unwrap().unwrap(),
        spki(USER_KEY_1024).key_identifier()
    );
}

#[test]
fn p3_policy_mappings_and_constraints_are_read_by_openssl() {
    use x509::extension::{Extension, ExtensionValue, PolicyMapping};
    let mut template = support::self_signed(&ca().spki);
    let policy = const_oid::ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.1.10");
    template.extensions.push(Extension::non_critical(ExtensionValue::PolicyMappings(vec![
        PolicyMapping { issuer_domain: policy, subject_domain: policy },
    ])));
    template.extensions.push(Extension::critical(ExtensionValue::PolicyConstraints {
        require_explicit_policy: Some(0),
        inhibit_policy_mapping: Some(200),
    }));
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "c.der", ca().certificate(&template));
    let text = openssl(directory.path(), &["x509", "-inform", "DER", "-in", "c.der", "-text"]);
    assert!(text.contains("Require Explicit Policy:0, Inhibit Policy Mapping:200"), "{text}");
    assert!(text.contains("1.2.392.200149.8.5.1.1.10:1.2.392.200149.8.5.1.1.10"), "{text}");
}

#[test]
fn v4_fingerprints_are_those_openssl_prints() {
    let directory = tempfile::tempdir().unwrap();
    let der = ca().certificate(&support::self_signed(&ca().spki));
    write(directory.path(), "c.der", &der);
    for (option, ours) in [
        ("-sha256", x509::fingerprint::sha256_colon_hex(&der)),
        ("-sha1", x509::fingerprint::sha1_colon_hex(&der)),
    ] {
        let arguments =
            ["x509", "-inform", "DER", "-in", "c.der", "-noout", "-fingerprint", option];
        let text = openssl(directory.path(), &arguments);
        assert_eq!(text.trim().split_once('=').unwrap().1, ours);
    }
}

#[test]
fn a_draft_the_format_cannot_carry_is_refused() {
    let mut twice = support::self_signed(CA_KEY);
    twice.extensions.push(twice.extensions[0].clone());
    assert!(twice.to_tbs().is_err());
    let mut not_ascii = support::tls_server(CA_KEY, USER_KEY);
    not_ascii.extensions[2] = x509::extension::Extension::non_critical(
        x509::extension::ExtensionValue::SubjectAltName(vec![GeneralName::Dns("川越".into())]),
    );
    assert!(not_ascii.to_tbs().is_err());
}
