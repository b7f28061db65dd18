//! Paths over two generations of a key, with openssl as the oracle on the same certificates.

use domain::name::AttributeKind;
use jiff::Timestamp;
use jitsuin_x509 as x509;
use x509::certificate::{CertificateTemplate, Validity};
use x509::extension::{AuthorityKeyIdentifier, Extension, ExtensionValue, KeyUsage};
use x509::path::{Anchor, Budget, PathError, Question, Reader, build};
use x509::pem;
use x509::read::Certificate;

use crate::support::{Signer, ca_name, name, serial, spki, time};

const AT: &str = "2026-11-22T03:00:00Z";

struct Generations {
    old: Signer,
    new: Signer,
    old_root: Certificate,
    new_root: Certificate,
    links: Vec<Certificate>,
}

fn authority(of: &Signer, signer: &Signer, number: u8) -> CertificateTemplate {
    let identifier = |key: &Signer| spki(&key.spki).key_identifier().to_vec();
    CertificateTemplate {
        serial: serial(number),
        signature: domain::algorithm::SignatureAlgorithm::RsaSha256,
        issuer: ca_name(),
        validity: Validity {
            not_before: time("2026-01-01T00:00:00Z"),
            not_after: time("2036-01-01T00:00:00Z"),
        },
        subject: ca_name(),
        subject_public_key_info: of.spki.clone(),
        extensions: vec![
            Extension::critical(ExtensionValue::KeyUsage(
                KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN),
            )),
            Extension::critical(ExtensionValue::BasicConstraints { ca: true, path_length: None }),
            Extension::non_critical(ExtensionValue::SubjectKeyIdentifier(identifier(of))),
            Extension::non_critical(ExtensionValue::AuthorityKeyIdentifier(
                AuthorityKeyIdentifier {
                    key_identifier: identifier(signer),
                    issuer_and_serial: None,
                },
            )),
        ],
    }
}

fn signed(template: &CertificateTemplate, signer: &Signer) -> Certificate {
    Certificate::parse(&signer.certificate(template)).unwrap()
}

impl Generations {
    fn new() -> Self {
        let (old, new) = (Signer::generate(), Signer::generate());
        let own =
            |of: &Signer, signer: &Signer, number| signed(&authority(of, signer, number), signer);
        let (old_root, new_root) = (own(&old, &old, 1), own(&new, &new, 2));
        let links = vec![own(&old, &new, 3), own(&new, &old, 4)];
        Self { old, new, old_root, new_root, links }
    }

    /// A user by one of the keys; with `serial`, its issuer is named by its root's serial too.
    fn user(&self, signer: &Signer, root: Option<&Certificate>) -> CertificateTemplate {
        let issuer_and_serial = root.map(|root| (ca_name(), root.tbs.serial.clone()));
        let key_identifier = spki(&signer.spki).key_identifier().to_vec();
        let mut user = authority(&self.old, signer, 9);
        user.subject = name(&[(AttributeKind::Country, "JP"), (AttributeKind::CommonName, "user")]);
        user.extensions = vec![
            Extension::critical(ExtensionValue::KeyUsage(KeyUsage::DIGITAL_SIGNATURE)),
            Extension::non_critical(ExtensionValue::AuthorityKeyIdentifier(
                AuthorityKeyIdentifier { key_identifier, issuer_and_serial },
            )),
        ];
        user
    }
}

fn ask(
    target: &Certificate,
    root: &Certificate,
    links: &[Certificate],
    reader: Reader,
) -> Result<usize, PathError> {
    let anchors = [Anchor::from_self_signed(root).unwrap()];
    let (at, budget): (Timestamp, _) = (time(AT), Budget::default());
    let question =
        Question { at, anchors: &anchors, intermediates: links, reader, purpose: None, budget };
    build(target, &question).map(|path| path.certificates.len())
}

fn openssl(target: &Certificate, root: &Certificate, links: &[Certificate]) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, certificates: &[Certificate]| {
        let text: String = certificates
            .iter()
            .map(|one| pem::encode(pem::CERTIFICATE, &one.der).unwrap())
            .collect();
        std::fs::write(directory.path().join(name), text).unwrap();
    };
    file("root.pem", std::slice::from_ref(root));
    file("links.pem", links);
    file("user.pem", std::slice::from_ref(target));
    let at = time(AT).as_second().to_string();
    let arguments = ["verify", "-no-CApath", "-no-CAstore", "-attime", &at, "-CAfile", "root.pem"];
    std::process::Command::new("openssl")
        .args(arguments)
        .args(if links.is_empty() { &[][..] } else { &["-untrusted", "links.pem"] })
        .arg("user.pem")
        .current_dir(directory.path())
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn k6_paths_across_links_are_those_of_openssl() {
    let town = Generations::new();
    for (signer, own) in [(&town.old, &town.old_root), (&town.new, &town.new_root)] {
        for named in [None, Some(own)] {
            let user = signed(&town.user(signer, named), signer);
            for root in [&town.old_root, &town.new_root] {
                for links in [&town.links[..], &[]] {
                    let found = ask(&user, root, links, Reader::ByKeyAndSerial);
                    assert_eq!(found.is_ok(), openssl(&user, root, links), "{found:?}");
                    let direct = root.der == own.der;
                    let by_key = ask(&user, root, links, Reader::ByKey);
                    match (direct, links.is_empty()) {
                        (true, _) => assert_eq!(by_key, Ok(1)),
                        (false, false) => assert_eq!(by_key, Ok(2)),
                        (false, true) => assert!(by_key.is_err()),
                    }
                }
            }
        }
    }
}

type Spoil = fn(&mut CertificateTemplate);

/// Each breaks one rule of a link; openssl refuses every one too.
const WRONG: [(&str, Spoil); 5] = [
    ("keyCertSign", |link| {
        link.extensions[0] = Extension::critical(ExtensionValue::KeyUsage(KeyUsage::CRL_SIGN));
    }),
    ("no CA's", |link| {
        let value = ExtensionValue::BasicConstraints { ca: false, path_length: None };
        link.extensions[1] = Extension::critical(value);
    }),
    ("basicConstraints is missing", |link| drop(link.extensions.remove(1))),
    ("valid from", |link| link.validity.not_after = time("2026-11-22T02:59:59Z")),
    ("valid from", |link| link.validity.not_before = time("2026-11-22T03:00:01Z")),
];

#[test]
fn k6_a_link_that_breaks_a_rule_carries_no_path() {
    let town = Generations::new();
    let user = signed(&town.user(&town.old, None), &town.old);
    for (rule, spoil) in WRONG {
        let mut link = authority(&town.old, &town.new, 5);
        spoil(&mut link);
        let link = [signed(&link, &town.new)];
        let refused = ask(&user, &town.new_root, &link, Reader::ByKey).unwrap_err().to_string();
        assert!(refused.contains(rule), "{rule}: {refused}");
        assert!(!openssl(&user, &town.new_root, &link), "{rule}");
    }
    // A link that somebody else signed.
    let forged = [signed(&authority(&town.old, &town.new, 5), &Signer::generate())];
    let refused = ask(&user, &town.new_root, &forged, Reader::ByKey).unwrap_err().to_string();
    assert!(refused.contains("signature"), "{refused}");
}

#[test]
fn k6_the_search_ends_within_its_budget() {
    let town = Generations::new();
    let user = signed(&town.user(&town.old, None), &town.old);
    let forger = Signer::generate();
    let many: Vec<Certificate> =
        (10..90).map(|number| signed(&authority(&town.old, &town.new, number), &forger)).collect();
    let refused = ask(&user, &town.new_root, &many, Reader::ByKey).unwrap_err();
    assert!(matches!(refused, PathError::Budget(_)), "{refused}");
}
