//! OCSP against openssl as client: requests it makes, responses it believes.

use std::fs;
use std::path::Path;

use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;
use jitsuin_x509 as x509;
use x509::Error;
use x509::der_writer::DerWriter;
use x509::ocsp::{
    CertId, CertificateStatus, ErrorStatus, HashAlgorithm, OcspRequest, OcspResponse,
    ReceivedStatus, RequestSignature, ResponseTemplate, SingleResponse, assemble_basic,
    error_response,
};

use crate::support::{self, Signer, ca, openssl, openssl_output, pem_of, spki, time, write};

/// Writes CA and user certificate, and returns the directory.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let key = &ca().spki;
    write(directory.path(), "ca.pem", pem_of(&support::self_signed(key)));
    write(directory.path(), "user.pem", pem_of(&support::authentication_user(key, key)));
    directory
}

pub(crate) fn request(directory: &Path, options: &[&str]) -> Vec<u8> {
    let mut arguments = vec!["ocsp", "-issuer", "ca.pem"];
    arguments.extend(options);
    arguments.extend(["-reqout", "request.der"]);
    openssl(directory, &arguments);
    std::fs::read(directory.join("request.der")).unwrap()
}

pub(crate) fn plain_request() -> Vec<u8> {
    request(directory().path(), &["-cert", "user.pem", "-serial", "0x1234"])
}

fn our_id(hash: HashAlgorithm) -> CertId {
    let serial = support::serial(0xa5).to_integer();
    CertId::of(hash, &support::ca_name(), &spki(&ca().spki), &serial)
}

#[test]
fn v5_requests_of_openssl_are_read() {
    let d = directory();
    let der = request(d.path(), &["-cert", "user.pem", "-sha256", "-cert", "user.pem"]);
    let read = OcspRequest::parse(&der).unwrap();
    assert_eq!(read.certificates, [our_id(HashAlgorithm::Sha1), our_id(HashAlgorithm::Sha256)]);
    assert_eq!(read.certificates[0].serial_number(), Some(support::serial(0xa5)));
    assert!(read.nonce.as_ref().unwrap().has_allowed_length());
    assert!(read.signature.is_none() && read.unknown_critical.is_empty() && read.accepts_basic());
    assert!(
        OcspRequest::parse(&request(d.path(), &["-no_nonce", "-cert", "user.pem"]))
            .unwrap()
            .nonce
            .is_none()
    );
}

/// The AlgorithmIdentifier of RSASSA-PSS (RFC 4055 3.1) with these digests and this salt.
fn pss(digest: &str, mask: &str, salt: u64) -> Vec<u8> {
    let oid = |text: &str| const_oid::ObjectIdentifier::new(text).unwrap();
    let mut w = DerWriter::new();
    w.sequence(|w| {
        w.oid(oid("1.2.840.113549.1.1.10"));
        w.sequence(|w| {
            w.context(0, |w| w.sequence(|w| w.oid(oid(digest))));
            w.context(1, |w| {
                w.sequence(|w| {
                    w.oid(oid("1.2.840.113549.1.1.8"));
                    w.sequence(|w| {
                        w.oid(oid(mask));
                        w.null();
                    });
                });
            });
            w.context(2, |w| w.integer(salt));
        });
    });
    w.into_bytes()
}

#[test]
fn v5_requests_are_believed_by_every_algorithm_that_verifiers_sign_with() {
    const SHA: [(&str, &str, u64); 3] = [
        ("-sha256", "2.16.840.1.101.3.4.2.1", 32),
        ("-sha384", "2.16.840.1.101.3.4.2.2", 48),
        ("-sha512", "2.16.840.1.101.3.4.2.3", 64),
    ];
    let d = directory();
    let key = ["genpkey", "-algorithm", "RSA", "-out", "rsa.key"];
    openssl(d.path(), &[&key[..], &["-pkeyopt", "rsa_keygen_bits:2048"]].concat());
    openssl(d.path(), &["pkey", "-in", "rsa.key", "-pubout", "-outform", "DER", "-out", "rsa.pub"]);
    let spki = fs::read(d.path().join("rsa.pub")).unwrap();
    let unsigned = OcspRequest::parse(&plain_request()).unwrap();
    write(d.path(), "tbs.der", &unsigned.tbs);
    let signed = |algorithm: Vec<u8>, digest: &str, options: &[&str]| {
        let sign = ["dgst", digest, "-sign", "rsa.key", "-out", "signature"];
        openssl(d.path(), &[&sign[..], options, &["tbs.der"]].concat());
        let signature = fs::read(d.path().join("signature")).unwrap();
        let signature = RequestSignature { algorithm, signature, certificates: Vec::new() };
        OcspRequest { signature: Some(signature), ..unsigned.clone() }.verify(&spki)
    };
    let plain = |last: u8| {
        let mut identifier = vec![0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, last];
        identifier.extend([5, 0]);
        identifier
    };
    let padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
    for ((digest, oid, salt), last) in SHA.into_iter().zip([11, 12, 13]) {
        signed(plain(last), digest, &[]).expect(digest);
        signed(pss(oid, oid, salt), digest, &padding).expect(digest);
        // The word is wrong for what was signed otherwise, not for what nobody here can verify.
        let swapped = signed(pss(oid, oid, salt), digest, &[]);
        assert!(matches!(swapped, Err(Error::BadSignature { .. })), "{digest}");
    }
    let (sha1, sha256) = ("1.3.14.3.2.26", SHA[0].1);
    for unsupported in
        [plain(5), pss(sha1, sha1, 20), pss(sha256, sha1, 32), pss(sha256, sha256, 20)]
    {
        let outcome = signed(unsupported.clone(), "-sha256", &padding);
        let told = matches!(outcome, Err(Error::UnsupportedAlgorithm { .. }));
        assert!(told, "{unsupported:02x?}: {outcome:?}");
    }
}

#[test]
fn v5_a_hash_that_is_not_known_is_named() {
    let d = directory();
    let read = OcspRequest::parse(&request(d.path(), &["-sha512", "-cert", "user.pem"])).unwrap();
    let sha512 = const_oid::ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
    assert_eq!(read.certificates[0].hash_algorithm, Err(sha512));
}

#[test]
fn v5_a_signed_request_verifies_with_the_signer_only() {
    let d = directory();
    openssl(
        d.path(),
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "signer.key",
            "-out",
            "signer.pem",
            "-subj",
            "/C=JP/CN=verifier",
            "-days",
            "3",
        ],
    );
    let der = request(
        d.path(),
        &["-cert", "user.pem", "-signer", "signer.pem", "-signkey", "signer.key"],
    );
    let read = OcspRequest::parse(&der).unwrap();
    let brought = read.signature.as_ref().unwrap().read_certificates().unwrap();
    let signer = &brought[0].tbs;
    assert_eq!(signer.subject.to_string(), "CN=verifier,C=JP");
    read.verify(&signer.subject_public_key_info).unwrap();
    assert!(matches!(read.verify(&ca().spki), Err(Error::BadSignature { .. })));
    assert!(read.requestor_name.is_some());
    let unsigned = OcspRequest::parse(&plain_request()).unwrap();
    assert!(matches!(unsigned.verify(&ca().spki), Err(Error::BadSignature { .. })));
}

/// Signs a response about the user certificate by a delegated responder and asks openssl.
fn ask_openssl(status: CertificateStatus, hash: &str) -> String {
    let d = directory();
    let responder = Signer::generate();
    let certificate = ca().certificate(&support::ocsp_responder(&ca().spki, &responder.spki));
    let der = request(d.path(), &[hash, "-cert", "user.pem"]);
    let read = OcspRequest::parse(&der).unwrap();
    let now = Timestamp::now();
    let template = ResponseTemplate {
        responder_key_hash: spki(&responder.spki).key_identifier(),
        produced_at: now,
        singles: vec![SingleResponse {
            cert_id: read.certificates[0].der.clone(),
            status,
            this_update: now,
            next_update: Some(now + jiff::Span::new().minutes(5)),
        }],
        nonce: read.nonce.map(|nonce| nonce.value),
    };
    let tbs = template.to_tbs();
    let signature = responder.sign(&tbs);
    let response = assemble_basic(&tbs, SignatureAlgorithm::RsaSha256, &signature, &[certificate]);
    write(d.path(), "response.der", &response);
    let OcspResponse::Successful(basic) = OcspResponse::parse(&response).unwrap() else {
        panic!("not successful");
    };
    basic.verify(&responder.spki).unwrap();
    assert!(basic.verify(&ca().spki).is_err());
    // With -no_nonce openssl leaves the request's nonce alone, and compares ours with it.
    let output = openssl_output(
        d.path(),
        &[
            "ocsp",
            "-no_nonce",
            "-respin",
            "response.der",
            "-reqin",
            "request.der",
            "-issuer",
            "ca.pem",
            hash,
            "-cert",
            "user.pem",
            "-CAfile",
            "ca.pem",
        ],
    );
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn v5_openssl_believes_every_status_and_reason() {
    let at = time("2026-11-20T03:04:05Z");
    let mut wanted = vec![
        (CertificateStatus::Good, "user.pem: good".to_owned()),
        (CertificateStatus::Unknown, "user.pem: unknown".to_owned()),
        (CertificateStatus::Revoked { at, reason: None }, "user.pem: revoked".to_owned()),
    ];
    for (code, words) in [
        (1, "keyCompromise"),
        (2, "cACompromise"),
        (3, "affiliationChanged"),
        (4, "superseded"),
        (5, "cessationOfOperation"),
        (6, "certificateHold"),
    ] {
        let status = CertificateStatus::Revoked { at, reason: Some(code) };
        wanted.push((status, format!("Reason: {words}")));
    }
    for (status, words) in wanted {
        let text = ask_openssl(status, "-sha1");
        assert!(text.contains("Response verify OK") && text.contains(&words), "{words}: {text}");
    }
    assert!(ask_openssl(CertificateStatus::Good, "-sha256").contains("user.pem: good"));
}

#[test]
fn v5_openssl_reads_every_error() {
    let d = directory();
    for (status, words) in [
        (ErrorStatus::MalformedRequest, "malformedrequest (1)"),
        (ErrorStatus::InternalError, "internalerror (2)"),
        (ErrorStatus::TryLater, "trylater (3)"),
        (ErrorStatus::SigRequired, "sigrequired (5)"),
        (ErrorStatus::Unauthorized, "unauthorized (6)"),
    ] {
        let der = error_response(status);
        assert_eq!(OcspResponse::parse(&der).unwrap(), OcspResponse::Refused(status as u8));
        write(d.path(), "error.der", der);
        let output = openssl_output(d.path(), &["ocsp", "-respin", "error.der", "-noverify"]);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.contains(words), "{text}");
    }
}

pub(crate) fn response_tbs() -> Vec<u8> {
    let at = time("2026-11-20T03:04:05Z");
    let single = |status| SingleResponse {
        cert_id: our_id(HashAlgorithm::Sha1).der,
        status,
        this_update: time("2026-11-22T00:00:00Z"),
        next_update: Some(time("2026-11-22T00:05:00Z")),
    };
    ResponseTemplate {
        responder_key_hash: [7; 20],
        produced_at: time("2026-11-22T00:00:01Z"),
        singles: vec![
            single(CertificateStatus::Good),
            single(CertificateStatus::Revoked { at, reason: Some(6) }),
            single(CertificateStatus::Unknown),
        ],
        nonce: Some(vec![4, 2, 1, 2]),
    }
    .to_tbs()
}

#[test]
fn v5_the_response_reader_gives_back_what_was_written() {
    let data = x509::ocsp::response_reader::ResponseData::parse(&response_tbs()).unwrap();
    let at = time("2026-11-20T03:04:05Z");
    let statuses: Vec<_> = data.singles.iter().map(|single| single.status).collect();
    assert_eq!(
        statuses,
        [
            ReceivedStatus::Good,
            ReceivedStatus::Revoked { at, reason: Some(6) },
            ReceivedStatus::Unknown,
        ]
    );
    assert_eq!(data.nonce.unwrap().octets(), [1, 2]);
    assert_eq!(data.singles[0].cert_id, our_id(HashAlgorithm::Sha1));
}

/// An unsigned request with `count` CertIDs and one request extension.
fn hand_made(count: usize, extension: Option<(&str, bool, &[u8])>) -> Vec<u8> {
    let mut w = DerWriter::new();
    w.sequence(|w| {
        w.sequence(|w| {
            w.sequence(|w| {
                for _ in 0..count {
                    w.sequence(|w| w.raw(&our_id(HashAlgorithm::Sha1).der));
                }
            });
            if let Some((oid, critical, value)) = extension {
                w.context(2, |w| {
                    w.sequence(|w| {
                        w.sequence(|w| {
                            w.oid(const_oid::ObjectIdentifier::new_unwrap(oid));
                            if critical {
                                w.boolean(true);
                            }
                            w.octet_string(value);
                        })
                    })
                });
            }
        })
    });
    w.into_bytes()
}

#[test]
fn v5_requests_are_bounded() {
    assert_eq!(OcspRequest::parse(&hand_made(100, None)).unwrap().certificates.len(), 100);
    assert!(matches!(OcspRequest::parse(&hand_made(101, None)), Err(Error::TooLarge { .. })));
    assert!(matches!(OcspRequest::parse(&hand_made(0, None)), Err(Error::Malformed { .. })));
    let long = vec![0x30; 65 << 10];
    assert!(matches!(OcspRequest::parse(&long), Err(Error::TooLarge { .. })));
}

#[test]
fn v5_nonces_and_unknown_critical_extensions_are_told() {
    let with = |oid, critical, value: &[u8]| {
        OcspRequest::parse(&hand_made(1, Some((oid, critical, value)))).unwrap()
    };
    let nonce = "1.3.6.1.5.5.7.48.1.2";
    let of_length = |length: u8| {
        let mut writer = DerWriter::new();
        writer.octet_string(&vec![9; usize::from(length)]);
        let value = writer.into_bytes();
        with(nonce, false, &value).nonce.unwrap().has_allowed_length()
    };
    assert!(!of_length(0) && of_length(1) && of_length(128) && !of_length(129));
    let odd = "1.2.3.4";
    assert_eq!(with(odd, true, &[5, 0]).unknown_critical.len(), 1);
    assert_eq!(with(odd, false, &[5, 0]).unknown_critical.len(), 0);
    // Only some other response type is acceptable to this client.
    let types = with("1.3.6.1.5.5.7.48.1.4", false, &[0x30, 5, 6, 3, 0x2a, 3, 4]);
    assert!(!types.accepts_basic());
}
