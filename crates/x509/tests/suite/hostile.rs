//! Truncated, flipped and invented input: every parser answers, none panics.

use std::sync::OnceLock;

use jitsuin_x509 as x509;
use proptest::prelude::*;
use x509::cms::{SignedData, unarmored};
use x509::crl::Crl;
use x509::name::Name;
use x509::ocsp::response_reader::ResponseData;
use x509::ocsp::{CertId, OcspRequest, OcspResponse};
use x509::pkcs10::CertificateRequest;
use x509::public_key::SpkiInfo;
use x509::read::{Certificate, TbsCertificate};

use crate::support::{self, ca};

/// Gives `input` to every parser and walks whatever they let through.
fn feed(input: &[u8]) {
    if let Ok(certificate) = Certificate::parse(input) {
        let _ = certificate.verify(&ca().spki);
        walk(&certificate.tbs);
    }
    if let Ok(tbs) = TbsCertificate::parse(input) {
        walk(&tbs);
    }
    if let Ok(crl) = Crl::parse(input) {
        let _ = (crl.verify(&ca().spki), crl.number(), crl.next_publish());
        let _ = (crl.issuing_distribution_point(), crl.authority_key_identifier());
        assert!(crl.entries().count() <= input.len());
    }
    if let Ok(request) = OcspRequest::parse(input) {
        let _ = (request.verify(&ca().spki), request.accepts_basic());
        let _ = request.nonce.map(|nonce| nonce.has_allowed_length());
    }
    if let Ok(name) = Name::parse(input) {
        assert!(name.matches(&name.clone()));
        let _ = name.to_string();
    }
    let _ = (OcspResponse::parse(input), ResponseData::parse(input), CertId::parse(input));
    let _ = CertificateRequest::parse_and_verify(input);
    let _ = SignedData::parse(input).map(|signed| signed.verify());
    let _ = unarmored(input);
    let _ = SpkiInfo::parse(input).map(|key| key.key_algorithm());
    let _ = x509::pem::decode(x509::pem::CERTIFICATE, &String::from_utf8_lossy(input));
}

fn walk(tbs: &TbsCertificate) {
    let _ = (tbs.key_usage(), tbs.extended_key_usage(), tbs.basic_constraints());
    let _ = (tbs.subject_key_identifier(), tbs.authority_key_identifier());
    let _ = (tbs.certificate_policies(), tbs.subject_alt_names(), tbs.issuer_alt_names());
    let _ = (tbs.crl_distribution_points(), tbs.ocsp_uris(), tbs.public_key());
    let _ = tbs.is_self_issued();
}

/// One valid input of each kind.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let key = &ca().spki;
        let directory = tempfile::tempdir().unwrap();
        let entries: Vec<_> = crate::crl::entries(5).map(Result::unwrap).collect();
        vec![
            ca().certificate(&support::signature_user(key, key)),
            support::self_signed(key).to_tbs().unwrap(),
            crate::crl::list(&crate::crl::template("Kawagoe-shi"), &entries),
            crate::ocsp::plain_request(),
            crate::ocsp::response_tbs(),
            crate::pkcs10::request(directory.path()),
            crate::cms::message(),
            key.clone(),
            support::ca_japanese_name().as_der().to_vec(),
        ]
    })
}

#[test]
fn every_truncation_is_answered() {
    for sample in samples() {
        (0..=sample.len()).for_each(|length| feed(&sample[..length]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutations_of_valid_input_are_answered(
        kind in 0..samples().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut input = samples()[kind].clone();
        for (index, octet) in changes {
            let at = index.index(input.len());
            input[at] = octet;
        }
        feed(&input);
    }

    #[test]
    fn garbage_is_answered(input in prop::collection::vec(any::<u8>(), 0..300)) {
        feed(&input);
    }

    #[test]
    fn p9_every_second_from_1950_to_9999_survives_the_wire(
        second in -631_152_000i64..=253_402_300_799,
    ) {
        let at = jiff::Timestamp::from_second(second).unwrap();
        let encoded = x509::time::encode(at);
        let element = der::AnyRef::try_from(encoded.as_bytes()).unwrap();
        prop_assert_eq!(x509::time::decode(element).unwrap(), at);
    }

    #[test]
    fn elements_of_any_length_are_read_by_the_der_crate(length in 0usize..70_000) {
        let mut w = x509::der_writer::DerWriter::new();
        w.sequence(|w| w.octet_string(&vec![7; length]));
        let bytes = w.into_bytes();
        let outer = der::AnyRef::try_from(bytes.as_slice()).unwrap();
        let inner = der::AnyRef::try_from(outer.value()).unwrap();
        prop_assert_eq!(inner.value().len(), length);
    }
}
