//! Each lint finds what it is for: a conforming draft is broken in one way at a time.

use domain::algorithm::SignatureAlgorithm;
use jitsuin_x509 as x509;
use x509::certificate::CertificateTemplate;
use x509::crl::{CrlTemplate, DistributionPointScope, write_tbs};
use x509::extension::{Extension, ExtensionValue, KeyUsage, PolicyInformation};
use x509::general_name::GeneralName;
use x509::lint::{
    CERTIFICATE_LINTS, CRL_LINTS, CrlExpectation, Expectation, Finding, OCSP_LINTS,
    OcspExpectation, lint_certificate, lint_crl_header, lint_ocsp,
};
use x509::name::Name;
use x509::ocsp::{CertId, CertificateStatus, HashAlgorithm, ResponseTemplate, SingleResponse};

use crate::support::{self, ca, expectation, serial, spki, time};

fn names(result: Result<(), Vec<Finding>>) -> Vec<&'static str> {
    result.err().unwrap_or_default().into_iter().map(|finding| finding.lint).collect()
}

fn user() -> CertificateTemplate {
    support::authentication_user(&ca().spki, include_bytes!("../golden/user.spki.der"))
}

/// What is found in `template` by who expects just that.
fn found_in(template: &CertificateTemplate) -> Vec<&'static str> {
    names(lint_certificate(&template.to_tbs().unwrap(), &expectation(template)))
}

#[test]
fn p9_what_differs_from_the_draft_is_found() {
    let template = user();
    let wanted = expectation(&template);
    let changed = |change: fn(&mut CertificateTemplate)| {
        let mut other = template.clone();
        change(&mut other);
        names(lint_certificate(&other.to_tbs().unwrap(), &wanted))
    };
    assert_eq!(changed(|_| {}), [""; 0]);
    assert_eq!(changed(|t| t.serial = serial(0x22)), ["serial_as_drafted"]);
    assert_eq!(changed(|t| t.signature = SignatureAlgorithm::RsaSha384), ["signature_as_drafted"]);
    assert_eq!(changed(|t| t.issuer = support::ca_japanese_name()), ["issuer"]);
    assert_eq!(changed(|t| t.subject = support::ca_name()), ["subject"]);
    assert_eq!(
        changed(|t| t.validity.not_after = time("2031-11-22T15:00:00Z")),
        ["validity_as_drafted"]
    );
    assert_eq!(changed(|t| t.extensions.swap(0, 1)), ["extensions_as_drafted"]);
    assert_eq!(changed(|t| t.extensions[3].critical = true), ["extensions_as_drafted"]);
    let small = |t: &mut CertificateTemplate| {
        t.subject_public_key_info = include_bytes!("../golden/user_1024.spki.der").to_vec();
    };
    assert_eq!(changed(small), ["key_as_drafted", "subject_key_identifier"]);
}

#[test]
fn p9_what_rfc_5280_forbids_is_found_even_if_drafted() {
    let changed = |change: fn(&mut CertificateTemplate)| {
        let mut template = user();
        change(&mut template);
        found_in(&template)
    };
    assert_eq!(changed(|t| t.validity.not_after = t.validity.not_before), ["validity_order"]);
    assert_eq!(changed(|t| t.issuer = Name::parse(&[0x30, 0]).unwrap()), ["issuer"]);
    assert_eq!(changed(|t| t.extensions[0].critical = false), ["key_usage"]);
    assert_eq!(
        changed(|t| t.extensions[0].value = ExtensionValue::KeyUsage(KeyUsage::KEY_CERT_SIGN)),
        ["key_usage"]
    );
    assert_eq!(
        changed(|t| t.extensions.push(Extension::non_critical(ExtensionValue::BasicConstraints {
            ca: false,
            path_length: Some(1),
        }))),
        ["basic_constraints"]
    );
    assert_eq!(
        changed(|t| {
            let policy = const_oid::ObjectIdentifier::new_unwrap("1.2.3");
            let twice = vec![PolicyInformation { policy, cps_uri: None }; 2];
            t.extensions[2].value = ExtensionValue::CertificatePolicies(twice);
        }),
        ["policies"]
    );
    assert_eq!(
        changed(|t| t.extensions[1].value =
            ExtensionValue::ExtendedKeyUsage(vec![x509::oid::OCSP_SIGNING])),
        ["ocsp_signing"]
    );
}

#[test]
fn k9_p9_what_lasts_longer_than_its_issuer_is_found() {
    let mut template = user();
    template.validity.not_before = time("2026-11-28T00:00:00Z");
    let mut wanted = expectation(&template);
    let found = |wanted: &Expectation| names(lint_certificate(&template.to_tbs().unwrap(), wanted));
    assert_eq!(found(&wanted), [""; 0], "both end in the same second");
    wanted.issuer_ends = wanted.validity.not_after - jiff::SignedDuration::from_secs(1);
    assert_eq!(found(&wanted), ["validity_within_issuer"]);
}

#[test]
fn p9_bad_alternative_names_are_found() {
    let with = |names| {
        let mut template = user();
        let value = ExtensionValue::SubjectAltName(names);
        template.extensions.push(Extension::non_critical(value));
        found_in(&template)
    };
    assert_eq!(with(vec![GeneralName::Dns("a.example".into())]), [""; 0]);
    for bad in ["a..b", " ", "a b", &"x".repeat(64)] {
        assert_eq!(with(vec![GeneralName::Dns(bad.into())]), ["alternative_names"], "{bad}");
    }
    // x509-cert refuses an empty list as it reads, or the lint finds it.
    assert!(!with(vec![]).is_empty());
}

#[test]
fn p9_serials_of_low_entropy_are_found() {
    let mut template = user();
    template.serial = "1234".parse().unwrap();
    assert_eq!(found_in(&template), ["serial_entropy"]);
    // The rule holds from 2016-09-30; an older certificate was not bound by it.
    template.validity.not_before = time("2016-09-29T00:00:00Z");
    assert_eq!(found_in(&template), [""; 0]);
}

#[test]
fn p9_a_date_in_the_wrong_form_is_found() {
    // The writer cannot make one, so its octets are altered: UTCTime becomes GeneralizedTime.
    let template = user();
    let tbs = template.to_tbs().unwrap();
    let utc = b"\x30\x1e\x17\x0d261122010203Z\x17\x0d311122145959Z";
    let general = b"\x30\x20\x17\x0d261122010203Z\x18\x0f20311122145959Z";
    let at = tbs.windows(utc.len()).position(|window| window == utc).unwrap();
    let mut altered = [&tbs[..at], general, &tbs[at + utc.len()..]].concat();
    let length = u16::from_be_bytes([altered[2], altered[3]]) + 2;
    altered[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(names(lint_certificate(&altered, &expectation(&template))), ["validity_form"]);
}

#[test]
fn p9_every_lint_states_name_and_clause_once() {
    let certificate = CERTIFICATE_LINTS.iter().map(|lint| (lint.name, lint.clause));
    let names: std::collections::BTreeSet<_> = certificate.clone().map(|(name, _)| name).collect();
    assert_eq!(names.len(), CERTIFICATE_LINTS.len());
    let crl = CRL_LINTS.iter().map(|lint| (lint.name, lint.clause));
    let ocsp = OCSP_LINTS.iter().map(|lint| (lint.name, lint.clause));
    assert!(
        certificate
            .chain(crl)
            .chain(ocsp)
            .all(|(name, clause)| !name.is_empty() && !clause.is_empty())
    );
    let garbage = lint_certificate(b"garbage", &expectation(&user())).unwrap_err();
    assert_eq!(garbage[0].lint, "readable");
    assert!(garbage[0].to_string().starts_with("readable (X.690): "));
}

fn crl_expectation(template: &CrlTemplate) -> CrlExpectation {
    CrlExpectation {
        signature: template.signature,
        issuer: template.issuer.clone(),
        authority_key_identifier: template.authority_key_identifier.key_identifier.clone(),
        number: template.number,
        this_update: template.this_update,
        next_update: template.next_update,
        next_publish: template.next_publish,
        distribution_point: template.distribution_point.as_ref().map(|p| (p.name.clone(), p.scope)),
    }
}

#[test]
fn v1_v2_a_list_that_differs_from_its_series_is_found() {
    let template = crate::crl::template("Kawagoe-shi");
    let wanted = crl_expectation(&template);
    let changed = |change: fn(&mut CrlTemplate)| {
        let mut other = template.clone();
        change(&mut other);
        let mut tbs = Vec::new();
        write_tbs(&other, || crate::crl::entries(3), &mut tbs).unwrap();
        names(lint_crl_header(&tbs, &wanted))
    };
    assert_eq!(changed(|_| {}), [""; 0]);
    assert_eq!(changed(|t| t.signature = SignatureAlgorithm::RsaSha384), ["signature"]);
    assert_eq!(changed(|t| t.issuer = support::ca_japanese_name()), ["issuer"]);
    assert_eq!(changed(|t| t.number -= 1), ["number"]);
    assert_eq!(changed(|t| t.next_publish = None), ["next_publish"]);
    let elsewhere = |t: &mut CrlTemplate| {
        t.distribution_point.as_mut().unwrap().name = support::distribution_point("Sayama-shi");
    };
    assert_eq!(changed(elsewhere), ["distribution_point"]);
    assert_eq!(changed(|t| t.distribution_point = None), ["distribution_point"]);
    let authorities = |t: &mut CrlTemplate| {
        t.distribution_point.as_mut().unwrap().scope = DistributionPointScope::CaCertificates;
    };
    assert_eq!(changed(authorities), ["distribution_point"]);
    let other_key = |t: &mut CrlTemplate| t.authority_key_identifier.key_identifier = vec![1; 20];
    assert_eq!(changed(other_key), ["authority_key_identifier"]);
    assert_eq!(changed(|t| t.next_update = t.this_update), ["period", "next_publish"]);
}

#[test]
fn v5_an_answer_that_differs_from_the_database_is_found() {
    let at = time("2026-11-20T03:04:05Z");
    let serial = serial(0xa5).to_integer();
    let id = CertId::of(HashAlgorithm::Sha1, &support::ca_name(), &spki(&ca().spki), &serial).der;
    let single = SingleResponse {
        cert_id: id,
        status: CertificateStatus::Revoked { at, reason: Some(6) },
        this_update: time("2026-11-22T00:00:00Z"),
        next_update: Some(time("2026-11-22T00:05:00Z")),
    };
    let template = ResponseTemplate {
        responder_key_hash: [7; 20],
        produced_at: time("2026-11-22T00:00:01Z"),
        singles: vec![single],
        nonce: Some(vec![4, 1, 9]),
    };
    let wanted = OcspExpectation {
        responder_key_hash: template.responder_key_hash,
        singles: template.singles.clone(),
        nonce: template.nonce.clone(),
    };
    let changed = |change: fn(&mut ResponseTemplate)| {
        let mut other = template.clone();
        change(&mut other);
        names(lint_ocsp(&other.to_tbs(), &wanted))
    };
    assert_eq!(changed(|_| {}), [""; 0]);
    assert_eq!(changed(|t| t.responder_key_hash = [8; 20]), ["responder"]);
    assert_eq!(changed(|t| t.singles[0].status = CertificateStatus::Good), ["status"]);
    assert_eq!(changed(|t| t.nonce = None), ["nonce"]);
    assert_eq!(changed(|t| t.singles.clear()), ["answers"]);
    assert_eq!(changed(|t| t.produced_at = time("2026-11-21T00:00:00Z")), ["times"]);
}
