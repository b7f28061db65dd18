//! Key checks on real keys of every kind, signatures of every algorithm.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_x509 as x509;
use x509::Error;
use x509::certificate::assemble;
use x509::der_writer::DerWriter;
use x509::key_check::{RefusedKey, check};
use x509::oid;
use x509::public_key::{KeyNumbers, SpkiInfo};
use x509::read::Certificate;

use crate::support::{self, ca, openssl, spki};

fn no_blocklist(_: &[u8; 32]) -> bool {
    false
}

/// A SubjectPublicKeyInfo around these RSA numbers.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> SpkiInfo {
    let mut key = DerWriter::new();
    key.sequence(|w| {
        let sign: &[u8] = if modulus[0] >= 0x80 { &[0] } else { &[] };
        w.integer_octets(&[sign, modulus].concat());
        w.integer_octets(exponent);
    });
    let mut w = DerWriter::new();
    w.sequence(|w| {
        w.sequence(|w| {
            w.oid(oid::RSA_ENCRYPTION);
            w.null();
        });
        w.bit_string(&key.into_bytes());
    });
    SpkiInfo::parse(&w.into_bytes()).unwrap()
}

fn modulus() -> Vec<u8> {
    match spki(&ca().spki).numbers() {
        KeyNumbers::Rsa { modulus, .. } => modulus.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn p9_good_keys_pass() {
    for _ in 0..3 {
        let signer = support::Signer::generate();
        assert_eq!(check(&spki(&signer.spki), KeyAlgorithm::Rsa2048, &no_blocklist), Ok(()));
    }
    let small = include_bytes!("../golden/user_1024.spki.der");
    assert_eq!(check(&spki(small), KeyAlgorithm::Rsa1024, &no_blocklist), Ok(()));
}

#[test]
fn p5_p9_bad_rsa_keys_are_refused_by_the_rule_they_break() {
    let wanted = KeyAlgorithm::Rsa2048;
    let refusal = |key: &SpkiInfo| check(key, wanted, &no_blocklist).unwrap_err();
    let mut even = modulus();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(refusal(&rsa_spki(&even, &[1, 0, 1])), RefusedKey::EvenModulus);
    assert_eq!(refusal(&rsa_spki(&modulus(), &[3])), RefusedKey::Exponent);
    let small = include_bytes!("../golden/user_1024.spki.der");
    assert!(matches!(refusal(&spki(small)), RefusedKey::WrongAlgorithm { .. }));
    // 2^2048 - 1 is odd and divisible by 3.
    assert_eq!(refusal(&rsa_spki(&[0xff; 256], &[1, 0, 1])), RefusedKey::SmallFactor(3));
    // A modulus of 2047 bits is not 2048.
    let mut short = modulus();
    short[0] = 0x7f;
    let found = "rsa-2047".to_owned();
    assert_eq!(
        refusal(&rsa_spki(&short, &[1, 0, 1])),
        RefusedKey::WrongAlgorithm { wanted, found }
    );
}

#[test]
fn p9_a_listed_key_is_refused() {
    let key = spki(&ca().spki);
    let listed = key.spki_sha256();
    let refusal = check(&key, KeyAlgorithm::Rsa2048, &|digest: &[u8; 32]| *digest == listed);
    assert_eq!(refusal, Err(RefusedKey::KnownWeak));
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, SpkiInfo) {
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    let der = key.public_key().as_der().unwrap().as_ref().to_vec();
    let info = SpkiInfo::parse(&der).unwrap();
    (key, info)
}

#[test]
fn p5_ecdsa_certificates_verify() {
    for (signing, key_algorithm, algorithm) in [
        (&ECDSA_P256_SHA256_ASN1_SIGNING, KeyAlgorithm::EcP256, SignatureAlgorithm::EcdsaSha256),
        (&ECDSA_P384_SHA384_ASN1_SIGNING, KeyAlgorithm::EcP384, SignatureAlgorithm::EcdsaSha384),
    ] {
        let (key, info) = ec(signing);
        assert_eq!(check(&info, key_algorithm, &no_blocklist), Ok(()));
        let mut template = support::self_signed(info.as_der());
        template.signature = algorithm;
        let tbs = template.to_tbs().unwrap();
        let signature = key.sign(&SystemRandom::new(), &tbs).unwrap();
        let certificate =
            Certificate::parse(&assemble(&tbs, algorithm, signature.as_ref())).unwrap();
        certificate.verify(info.as_der()).unwrap();
        assert!(certificate.verify(&ca().spki).is_err());
        let directory = tempfile::tempdir().unwrap();
        let text = x509::pem::encode(x509::pem::CERTIFICATE, &certificate.der).unwrap();
        support::write(directory.path(), "c.pem", text);
        openssl(
            directory.path(),
            &["verify", "-attime", "1800000000", "-CAfile", "c.pem", "-check_ss_sig", "c.pem"],
        );
    }
}

#[test]
fn p9_points_off_the_curve_and_compressed_ones_are_refused() {
    let (_, info) = ec(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let mut off = info.as_der().to_vec();
    *off.last_mut().unwrap() ^= 1;
    let refusal = check(&spki(&off), KeyAlgorithm::EcP256, &no_blocklist);
    assert_eq!(refusal, Err(RefusedKey::NotOnCurve));
    let mut w = DerWriter::new();
    w.sequence(|w| {
        w.sequence(|w| {
            w.oid(oid::EC_PUBLIC_KEY);
            w.oid(oid::P256);
        });
        let point = info.subject_public_key();
        w.bit_string(&[&[2 + (point[64] & 1)], &point[1..33]].concat());
    });
    let refusal = check(&spki(&w.into_bytes()), KeyAlgorithm::EcP256, &no_blocklist);
    assert_eq!(refusal, Err(RefusedKey::NotOnCurve));
}

#[test]
fn p5_a_signature_by_an_rsa_1024_key_of_openssl_verifies() {
    let directory = tempfile::tempdir().unwrap();
    let d = directory.path();
    openssl(d, &["genrsa", "-out", "key.pem", "1024"]);
    openssl(d, &["rsa", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "key.der"]);
    support::write(d, "message", b"an application");
    openssl(d, &["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "message"]);
    let key = std::fs::read(d.join("key.der")).unwrap();
    let signature = std::fs::read(d.join("signature")).unwrap();
    let verify = |message: &[u8]| {
        let algorithm = SignatureAlgorithm::RsaSha256;
        x509::signature::verify("application", &key, algorithm, message, &signature)
    };
    verify(b"an application").unwrap();
    assert!(matches!(verify(b"another one"), Err(Error::BadSignature { .. })));
}
