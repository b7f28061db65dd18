//! PKCS#10 requests as openssl makes them.

use std::path::Path;

use domain::algorithm::KeyAlgorithm;
use jitsuin_x509 as x509;
use x509::Error;
use x509::general_name::GeneralName;
use x509::pem;
use x509::pkcs10::CertificateRequest;

use crate::support::openssl;

pub(crate) fn request(directory: &Path) -> Vec<u8> {
    let pem_text = openssl(
        directory,
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-subj",
            "/C=JP/O=Test/CN=www.example.jp",
            "-addext",
            "subjectAltName=DNS:www.example.jp,DNS:example.jp,IP:192.0.2.1,IP:2001:db8::1",
        ],
    );
    pem::decode(pem::CERTIFICATE_REQUEST, &pem_text).unwrap()
}

#[test]
fn l13_a_request_of_openssl_is_read_and_its_possession_proven() {
    let directory = tempfile::tempdir().unwrap();
    let request = CertificateRequest::parse_and_verify(&request(directory.path())).unwrap();
    assert_eq!(request.subject.to_string(), "CN=www.example.jp,O=Test,C=JP");
    assert_eq!(request.public_key.key_algorithm(), Some(KeyAlgorithm::Rsa2048));
    assert_eq!(
        request.requested_alt_names().unwrap(),
        [
            GeneralName::Dns("www.example.jp".into()),
            GeneralName::Dns("example.jp".into()),
            GeneralName::IpAddress([192, 0, 2, 1].into()),
            GeneralName::IpAddress("2001:db8::1".parse::<std::net::IpAddr>().unwrap()),
        ]
    );
}

#[test]
fn l13_ecdsa_requests_without_names_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let pem_text = openssl(
        directory.path(),
        &[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
            "-sha384",
            "-nodes",
            "-keyout",
            "key.pem",
            "-subj",
            "/CN=a",
        ],
    );
    let der = pem::decode(pem::CERTIFICATE_REQUEST, &pem_text).unwrap();
    let request = CertificateRequest::parse_and_verify(&der).unwrap();
    assert_eq!(request.public_key.key_algorithm(), Some(KeyAlgorithm::EcP384));
    assert_eq!(request.requested_alt_names().unwrap(), []);
}

#[test]
fn l13_a_request_without_possession_of_the_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut der = request(directory.path());
    *der.last_mut().unwrap() ^= 1;
    let refusal = CertificateRequest::parse_and_verify(&der);
    assert!(matches!(refusal, Err(Error::BadSignature { .. })), "{refusal:?}");
}
