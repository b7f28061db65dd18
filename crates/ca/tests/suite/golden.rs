//! Every profile of the shipped policies, octet for octet, in a file that a person can read.
//!
//! A line is a DER element. What differs from run to run has a name in its place: serial numbers,
//! keys and their identifiers, and the random part of a subject. UPDATE_GOLDEN writes the files.

use std::fmt::Write;
use std::path::PathBuf;

use ca::{CertificationAuthority, ServiceRequest};
use domain::algorithm::KeyAlgorithm;
use domain::certificate::CertificateKind;
use domain::id::SerialNumber;
use testkit::act;
use x509::digest::sha1;
use x509::oid::ObjectIdentifier;
use x509::read::Certificate;

use super::world::World;

const CONSTRUCTED: u8 = 0x20;

/// What stands in a certificate and cannot be foreseen, with the name it gets.
type Masks = Vec<(Vec<u8>, &'static str)>;

/// One element with everything below it, and what follows it.
fn dump<'a>(der: &'a [u8], depth: usize, masks: &Masks, text: &mut String) -> &'a [u8] {
    let (tag, content, rest) = element(der).expect("DER");
    let indent = "  ".repeat(depth);
    if let Some((_, name)) = masks.iter().find(|(value, _)| value == content) {
        writeln!(text, "{indent}{tag:02x} <{name}>").expect("text");
        return rest;
    }
    // An OCTET STRING that holds one whole element is an extension's value.
    let holds = tag == 0x04 && element(content).is_some_and(|(_, _, after)| after.is_empty());
    if tag & CONSTRUCTED != 0 || holds {
        writeln!(text, "{indent}{tag:02x}").expect("text");
        let mut inside = content;
        while !inside.is_empty() {
            inside = dump(inside, depth + 1, masks, text);
        }
        return rest;
    }
    let line = format!("{indent}{tag:02x} {}", value(tag, content));
    writeln!(text, "{}", line.trim_end()).expect("text");
    rest
}

/// Tag, content and what follows, where the length is written and fits.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

fn value(tag: u8, content: &[u8]) -> String {
    match tag {
        0x06 => ObjectIdentifier::from_bytes(content).expect("an OID").to_string(),
        // UTF8String, PrintableString, IA5String, UTCTime, dNSName, URI.
        0x0c | 0x13 | 0x16 | 0x17 | 0x82 | 0x86 if content.is_ascii() || tag == 0x0c => {
            format!("{:?}", std::str::from_utf8(content).expect("UTF-8"))
        }
        _ => content.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

fn check(world: &World, authority: &CertificationAuthority, serial: &SerialNumber, profile: &str) {
    let der = authority.certificate(serial).expect("it exists").der.expect("issued");
    let certificate = Certificate::parse(&der).expect("a certificate");
    let key = |spki: &[u8]| x509::public_key::SpkiInfo::parse(spki).expect("a key");
    let own = key(&certificate.tbs.subject_public_key_info);
    let root = authority.generations().current_at(world.clock.now()).expect("a key");
    let bits = [&[0][..], own.subject_public_key()].concat();
    let mut masks = vec![
        (serial.to_integer().to_vec(), "serial"),
        (root.self_signed.to_integer().to_vec(), "serial of the CA"),
        (bits, "key"),
        (sha1(own.subject_public_key()).to_vec(), "SHA-1 of the key"),
        (sha1(root.key.subject_public_key()).to_vec(), "SHA-1 of the CA's key"),
    ];
    let text = certificate.tbs.subject.to_string();
    if let Some(random) = text.strip_prefix("CN=").and_then(|cn| cn.strip_suffix("11203003A,C=JP"))
    {
        assert_eq!(random.len(), 14);
        masks.push((format!("{random}11203003A").into_bytes(), "14 random of [0-9A-Z]11203003A"));
    }
    let mut found = String::new();
    assert!(dump(certificate.tbs.der.as_ref(), 0, &masks, &mut found).is_empty());
    let file = format!("{}.{profile}.txt", authority.id());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(&file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("a file can be written");
    }
    let wanted = std::fs::read_to_string(&path).expect("the golden file is checked in");
    assert_eq!(found, wanted, "{file} at {}", world.clock.now());
}

#[test]
fn p3_p2_p7_every_profile_of_the_shipped_policies_has_its_golden_octets() {
    let world = World::new();
    check(&world, &world.auth, &world.good_auth(1), "user");
    check(&world, &world.sign, &world.good_sign(1), "user");
    for authority in [&world.auth, &world.sign] {
        let root =
            authority.generations().current_at(world.clock.now()).expect("a key").self_signed;
        check(&world, authority, &root, "self-signed");
        for kind in [
            CertificateKind::OcspResponder,
            CertificateKind::TlsServer,
            CertificateKind::VerificationServer,
        ] {
            if !authority.policy().profiles.contains_key(&kind) {
                continue;
            }
            let label = format!("{}-{kind}", authority.id()).parse().expect("a label");
            let key = world.keys.generate(&label, KeyAlgorithm::Rsa2048).expect("a key");
            let is_tls = kind == CertificateKind::TlsServer;
            let request = ServiceRequest {
                kind,
                common_name: "www.example".to_owned(),
                spki: key.spki_der,
                dns_names: if is_tls { vec!["www.example".to_owned()] } else { Vec::new() },
                addresses: if is_tls { vec![[192, 0, 2, 1].into()] } else { Vec::new() },
            };
            let issued = authority
                .service_certificates()
                .issue(&act(&world.clock), &request)
                .expect("issued");
            check(&world, authority, &issued.serial, &kind.to_string());
        }
    }
}
